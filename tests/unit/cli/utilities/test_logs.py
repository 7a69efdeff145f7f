import gzip
import os
import re
from pathlib import Path

import pytest

from eximia.cli.utilities.exicyclog import cycle
from eximia.cli.utilities.exigrep import Search, command

LOG = """\
2026-11-22 08:50:47 SMTP connection from foo lost
2026-11-22 08:50:47 1xV3Hb-0001mn-0a <= s@from.ex H=c [1.2.3.4] P=esmtp S=2000 id=x@from.ex
2026-11-22 08:50:47 1xV3Hb-000000001mn-0abc <= u@here.ex U=user P=local S=500
2026-11-22 08:50:48 1xV3Hb-0001mn-0a => foo@out.ex R=r T=t H=mx [1.1.1.1] C="250 OK id=1xV3Hb-0001mn-0z"
2026-11-22 08:50:57 1xV3Hb-0001mn-0a Completed
2026-11-22 08:50:58 1xV3Hb-000000001mn-0abc ** bad@x: no
2026-11-22 08:50:59 1xV3Hb-0001mn-0c <= <> R=1xV3Hb-000000001mn-0abc U=exim P=local S=1000
2026-11-22 08:50:59 1xV3Hb-000000001mn-0abc Completed
2026-11-22 08:51:00 1xV3Hb-0001mn-0c == u@here.ex defer
2026-11-22 08:51:03.123 +0100 [334] 1xV3Hb-0001mn-0f <= foo U=x
Nov 22 08:51:03 host exim[33]: 2026-11-22 08:51:03 1xV3Hb-0001mn-0g <= foo U=x
junk foo
"""


def found(wanted: str, **more: object) -> list[str]:
    """Ids (or "line") in the order in which they are shown."""
    search = Search(re.compile(wanted, re.IGNORECASE), **more)  # type: ignore[arg-type]
    text = "".join([*search.feed(LOG.splitlines()), *search.finish()])
    out = []
    for block in text.strip().split("\n\n"):
        name = re.search(r"(?:\d\d |\] )(1xV\S+)", block)
        out.append(name[1] if name else "line" if block else "nothing")
    return out


def test_messages_and_lines() -> None:
    assert found("FOO") == ["line", "1xV3Hb-0001mn-0a", "1xV3Hb-0001mn-0f", "1xV3Hb-0001mn-0g"]
    assert found("u@here") == ["1xV3Hb-000000001mn-0abc", "1xV3Hb-0001mn-0c"]
    assert found("bad@x") == ["1xV3Hb-000000001mn-0abc"]
    assert found("bad@x", related=True) == ["1xV3Hb-000000001mn-0abc", "1xV3Hb-0001mn-0c"]


def test_time_in_queue() -> None:
    assert found("out.ex", seconds=5) == ["1xV3Hb-0001mn-0a"]
    assert found("out.ex", seconds=20) == ["nothing"]


def test_blocks(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    path = tmp_path / "mainlog.gz"
    path.write_bytes(gzip.compress(LOG.encode()))
    assert command(["u@here.ex defer", str(path)]) == 0
    assert capfdbinary.readouterr().out.decode() == (
        "+++ 1xV3Hb-0001mn-0c has not completed +++\n"
        "2026-11-22 08:50:59 1xV3Hb-0001mn-0c <= <> R=1xV3Hb-000000001mn-0abc U=exim P=local S=1000\n"
        "2026-11-22 08:51:00 1xV3Hb-0001mn-0c == u@here.ex defer\n\n"
    )


def test_cycle(tmp_path: Path) -> None:
    path = tmp_path / "mainlog"
    for number in range(1, 5):
        path.write_text(f"log {number}\n")
        cycle(str(path), 3)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "mainlog",
        "mainlog.01",
        "mainlog.02.gz",
        "mainlog.03.gz",
    ]
    assert (tmp_path / "mainlog.01").read_text() == "log 4\n"
    assert path.stat().st_mode == (tmp_path / "mainlog.01").stat().st_mode
    assert path.read_text() == ""
    assert gzip.decompress((tmp_path / "mainlog.03.gz").read_bytes()) == b"log 2\n"


def test_a_new_log_has_its_name_when_the_server_may_write_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mainlog"
    path.write_text("log\n")
    real = os.fchmod

    def change(fd: int, mode: int) -> None:
        assert not path.exists()
        real(fd, mode)
        path.write_text("of the server\n")

    monkeypatch.setattr(os, "fchmod", change)
    cycle(str(path), 3)
    assert path.read_text() == "of the server\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["mainlog", "mainlog.01"]
