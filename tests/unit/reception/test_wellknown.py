"""The WELLKNOWN command; replies and log lines are those of Exim 4.98.2."""

from pathlib import Path

import pytest

from eximia.reception.commands.wellknown import wrapped
from support_reception import dialogue


def _config(path: Path) -> str:
    return f"""acl_smtp_wellknown = w
wellknown_advertise_hosts = *
begin acl
w:
  accept condition = ${{if eq{{$smtp_command_argument}}{{security.txt}}}}
         control = wellknown/{path}
"""


def test_file_is_sent(tmp_path: Path) -> None:
    file = tmp_path / "security.txt"
    file.write_text("Contact: a+b\nx=y")
    said: list[bytes | str] = [b"EHLO x\r\n", b"WELLKNOWN security.txt\r\n", b"WELLKNOWN other\r\n", b"WELLKNOWN\r\n"]
    answer, log = dialogue(_config(file), said)
    assert "250-WELLKNOWN\n250 HELP\n" in answer
    assert answer.endswith(
        "250-SIZE=16\n250-Contact:+20a+2Bb+0A\n250 x+3Dy\n550 Administrative prohibition\n550 Administrative prohibition\n"
    )
    assert log == ["H=(x) [192.0.2.1] rejected WELLKNOWN other", "H=(x) [192.0.2.1] rejected WELLKNOWN "]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n\nab\n", ["+0A", "+0A", "ab+0A"]),
        ("x" * 77 + "\n", ["x" * 75, "xx+0A"]),
        ("x" * 74 + "=\n", ["x" * 74 + "+3D", "+0A"]),
        ("x" * 73 + "=\n", ["x" * 73 + "+3D", "+0A"]),
        ("x" * 75 + "=yy\n", ["x" * 75, "+3Dyy+0A"]),
        ("a\r\nb\r\n", ["a+0D+0A", "b+0D+0A"]),
    ],
)
def test_lines(text: str, expected: list[str]) -> None:
    assert wrapped(text) == expected


def test_without_ehlo(tmp_path: Path) -> None:
    file = tmp_path / "security.txt"
    file.write_text("")
    answer, _ = dialogue(_config(file), [b"WELLKNOWN security.txt\r\n"])
    assert answer.endswith("250 SIZE=0\n")


@pytest.mark.parametrize("name", ["none", ""])
def test_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    """The control fails as a condition does."""
    config = _config(tmp_path / name)
    answer, log = dialogue(config, [b"EHLO x\r\n", b"WELLKNOWN security.txt\r\n"])
    assert answer.endswith("550 Administrative prohibition\n")
    assert log == ["H=(x) [192.0.2.1] rejected WELLKNOWN security.txt"]


def test_no_control() -> None:
    config = "acl_smtp_wellknown = accept\nwellknown_advertise_hosts = *\n"
    answer, _ = dialogue(config, [b"EHLO x\r\n", b"WELLKNOWN a\r\n", b"HELP\r\n"])
    assert "451 Temporary local problem - please try later\n" in answer
    assert answer.endswith(" WELLKNOWN\n")


def test_not_advertised() -> None:
    answer, log = dialogue("acl_smtp_wellknown = accept\n", [b"EHLO x\r\n", b"WELLKNOWN a\r\n"])
    assert "250-WELLKNOWN" not in answer
    assert answer.endswith("554 not permitted\n")
    assert log == ['rejected "WELLKNOWN a" from x']
