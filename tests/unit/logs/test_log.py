import os
import re
from pathlib import Path

import pytest

from eximia.logs.log import CheckingLog, Log, LogSettings
from eximia.logs.paths import Destination
from eximia.logs.selectors import Selectors
from eximia.logs.system_log import SystemLog, pieces
from eximia.message.dates import use_timezone
from eximia.message.header import Header

pytestmark = pytest.mark.usefixtures("_closed")


@pytest.fixture(autouse=True)
def _utc() -> None:
    use_timezone("UTC")


def make(folder: Path, selectors: str = "", **more: object) -> Log:
    settings = LogSettings(Destination(f"{folder}/log/%slog", syslog=False), Selectors(selectors), **more)  # type: ignore[arg-type]
    return Log(settings, now=lambda: 1795337447.1789, stderr=-1)


def test_lines_and_modes(tmp_path: Path) -> None:
    log = make(tmp_path)
    log.main("Start queue run: pid=7")
    log.main("<= a@b S=1", "1xV3Hb-0001qt-0Z")
    path = tmp_path / "log" / "mainlog"
    assert path.read_text() == (
        "2026-11-22 08:50:47 Start queue run: pid=7\n2026-11-22 08:50:47 1xV3Hb-0001qt-0Z <= a@b S=1\n"
    )
    assert path.stat().st_mode & 0o777 == 0o640


def test_stamp_forms(tmp_path: Path) -> None:
    use_timezone("Europe/Paris")
    log = make(tmp_path, "+millisec +pid", with_zone=True)
    assert log.stamp() == f"2026-11-22 09:50:47.178 +0100 [{os.getpid()}] "


def test_reopens_after_rotation(tmp_path: Path) -> None:
    log = make(tmp_path)
    log.main("one")
    path = tmp_path / "log" / "mainlog"
    path.rename(tmp_path / "log" / "mainlog.1")
    log.main("two")
    assert path.read_text().endswith("two\n")
    assert "two" not in (tmp_path / "log" / "mainlog.1").read_text()


def test_a_rotated_log_keeps_its_descriptor(tmp_path: Path) -> None:
    """A thread that has just asked for it writes to it a moment later: it must not be a file of somebody else."""
    log = make(tmp_path)
    lower = os.open(tmp_path, os.O_RDONLY)
    log.main("one")
    fd = log._files["main"].fd
    os.close(lower)
    (tmp_path / "log" / "mainlog").rename(tmp_path / "log" / "mainlog.1")
    log.main("two")
    assert log._files["main"].fd == fd
    assert not os.get_inheritable(fd)
    log.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(fd)


def test_a_folder_beyond_ascii(tmp_path: Path) -> None:
    folder = f"{tmp_path}/l\u00f6g\u2603".encode().decode("latin-1")
    log = make(Path(folder))
    log.main("one")
    log.main("two")
    assert (tmp_path / "l\u00f6g\u2603" / "log" / "mainlog").read_text().endswith("two\n")


def test_a_server_looks_for_a_new_name_now_and_then(tmp_path: Path) -> None:
    log = make(tmp_path)
    now = [1795337447.0]
    log._now = lambda: now[0]
    log.recheck = 0.1
    path = tmp_path / "log" / "mainlog"
    log.main("one")
    log.main("two")
    path.rename(tmp_path / "log" / "mainlog.1")
    log.main("three")
    now[0] += 0.2
    log.main("four")
    assert (tmp_path / "log" / "mainlog.1").read_text().count("\n") == 3
    assert path.read_text().endswith("four\n")


def test_reject_with_headers(tmp_path: Path) -> None:
    log = make(tmp_path)
    log.reject("rejected after DATA", "id", sender="s@x", recipients=["a@x", "b@x"], headers=[Header("From: a@b\n")])
    text = (tmp_path / "log" / "rejectlog").read_text()
    assert text == (
        "2026-11-22 08:50:47 id rejected after DATA\nEnvelope-from: <s@x>\nEnvelope-to: <a@x>\n    <b@x>\nF From: a@b\n"
    )
    assert (tmp_path / "log" / "mainlog").read_text() == "2026-11-22 08:50:47 id rejected after DATA\n"


def test_reject_log_can_be_switched_off(tmp_path: Path) -> None:
    log = make(tmp_path, write_rejectlog=False)
    log.reject("rejected")
    assert not (tmp_path / "log" / "rejectlog").exists()


def test_panic_goes_to_both_and_stderr(tmp_path: Path) -> None:
    read, write = os.pipe()
    log = make(tmp_path)
    log.stderr = write
    log.panic("bad thing")
    assert os.read(read, 100) == b"2026-11-22 08:50:47 bad thing\n"
    assert (tmp_path / "log" / "paniclog").read_text() == (tmp_path / "log" / "mainlog").read_text()
    os.close(read)
    os.close(write)


def test_verbose_and_checking(tmp_path: Path) -> None:
    read, write = os.pipe()
    log = Log(make(tmp_path).settings, stderr=write, verbose=True)
    log.main("== x", "id")
    log.panic("worse")
    CheckingLog(Selectors(), stderr=write).reject("rejected RCPT", "id")
    assert os.read(read, 200) == b"LOG: MAIN\n  == x\nLOG: MAIN PANIC\n  worse\nLOG: id rejected RCPT\n"
    os.close(read)
    os.close(write)


def test_unwritable_main_log_falls_back_to_panic_log(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "mainlog").mkdir()
    log = make(tmp_path)
    log.main("do not lose me")
    text = (tmp_path / "log" / "paniclog").read_text()
    assert re.search(r'Cannot open main log file ".*/mainlog": Is a directory: euid=\d+ egid=\d+\n', text)
    assert "do not lose me" in text


def test_process_log(tmp_path: Path) -> None:
    log = make(tmp_path, process_log_path=str(tmp_path / "exim-process.info"))
    log.process("daemon(4.96): no queue runs")
    assert (tmp_path / "exim-process.info").read_text() == f"{os.getpid():5d} daemon(4.96): no queue runs\n"


class Recorder(SystemLog):
    __slots__ = ("entries",)

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[tuple[str, str]] = []

    def send(self, kind: str, text: str) -> None:
        self.entries.append((kind, text))


def test_syslog_forms() -> None:
    recorder = Recorder()
    settings = LogSettings(Destination("", syslog=True), syslog_timestamp=False, syslog_duplication=False)
    log = Log(settings, now=lambda: 1795337447.0, stderr=-1, system_log=recorder)
    log.reject("rejected", "id")
    log.panic("bad")
    assert recorder.entries == [("main", "id rejected"), ("main", "bad")]


def test_syslog_pieces() -> None:
    assert pieces("short") == ["short"]
    assert pieces("abcdef\ngh", 4) == ["[1/3] abcd", "[2\\3] ef", "[3/3] gh"]


def test_the_umask_of_the_caller_does_not_matter(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        make(tmp_path / "spool").main("one")
    finally:
        os.umask(umask)
    folder = tmp_path / "spool" / "log"
    modes = [path.stat().st_mode & 0o777 for path in (folder.parent, folder, folder / "mainlog")]
    assert modes == [0o750, 0o750, 0o640]
