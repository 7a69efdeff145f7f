"""The WELLKNOWN command."""

from pathlib import Path

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
    file.write_text("Contact: a+b\n")
    said: list[bytes | str] = [b"EHLO x\r\n", b"WELLKNOWN security.txt\r\n", b"WELLKNOWN other\r\n"]
    answer, log = dialogue(_config(file), said)
    assert "250-WELLKNOWN\n" in answer
    assert answer.endswith("250-SIZE=13\n250 Contact:+20a+2Bb+0A\n550 Administrative prohibition\n")
    assert log == ["H=(x) [192.0.2.1] rejected WELLKNOWN other"]


def test_missing_file(tmp_path: Path) -> None:
    answer, _ = dialogue(_config(tmp_path / "none"), [b"EHLO x\r\n", b"WELLKNOWN security.txt\r\n"])
    assert answer.endswith("504 not found\n")


def test_not_advertised() -> None:
    answer, _ = dialogue("acl_smtp_wellknown = accept\n", [b"EHLO x\r\n", b"WELLKNOWN a\r\n"])
    assert "250-WELLKNOWN" not in answer
    assert answer.splitlines()[-1].startswith("503")
