import errno
import os
from types import SimpleNamespace

import pytest

from eximia.daemon import queue_runs
from eximia.queue.recovery import remove_orphans, remove_torn, report_damaged
from eximia.queue.runner import QueueRun, RunSettings
from eximia.spool import Place, SpoolFormatError, UnreadableMessageError

from .house import NOW, House

OLD = "0xV3H1-0001qt-0A"
NEW = "1xV3H1-0001qt-0A"


def test_damaged_messages_are_reported_and_removed_when_old(house: House) -> None:
    house.process.main = SimpleNamespace(keep_malformed=345600)  # type: ignore[assignment]
    for message_id in (OLD, NEW):
        house.add(message_id)
        report_damaged(house.process, message_id, "", SpoolFormatError(message_id, 10))
    assert house.main_log() == [
        f"{OLD} Format error in spool file {OLD}-H: size=10",
        f"{OLD} Message removed because older than 4d",
        f"{NEW} Format error in spool file {NEW}-H: size=10",
    ]
    assert house.process.spool.ids_at(Place()) == [NEW]


def test_queue_run_goes_on_after_damage(house: House) -> None:
    house.process.main = SimpleNamespace(keep_malformed=345600)  # type: ignore[assignment]
    house.add(NEW)
    other = "1xV3H2-0001qt-0A"
    house.add(other)
    tried: list[str] = []

    def deliver(message_id: str, **_: object) -> None:
        tried.append(message_id)
        raise UnreadableMessageError(message_id, FileNotFoundError(2, "No such file or directory"))

    QueueRun(house.process, RunSettings(), deliver, in_order=True).run(1)
    assert tried == [NEW, other]
    assert f"{NEW} Error reading spool file {NEW}-H: No such file or directory" in house.main_log()


def test_torn_message(house: House) -> None:
    house.add(NEW)
    path = house.folder / "input" / f"{NEW}-D"
    os.truncate(path, 10)
    os.utime(path, (NOW, NOW))
    assert not remove_torn(house.process, NEW, "", NOW - 1000)
    assert remove_torn(house.process, NEW, "", NOW + 1000)
    assert house.process.spool.count() == 0


def test_orphans(house: House) -> None:
    for message_id in (OLD, NEW):
        house.add(message_id)
    folder = house.folder / "input"
    (folder / f"{NEW}-H").unlink()
    (folder / "stranger-D").write_text("")
    (folder / f"{OLD}-J").write_text("")
    spool = house.process.spool
    now = (folder / f"{NEW}-D").stat().st_mtime
    assert remove_orphans(spool, Place(), now + 3600) == []
    with spool.lock(NEW):
        assert remove_orphans(spool, Place(), now + 90000) == []
    assert remove_orphans(spool, Place(), now + 90000) == [NEW]
    assert sorted(path.name for path in folder.iterdir()) == [f"{OLD}-D", f"{OLD}-H", f"{OLD}-J", "stranger-D"]


@pytest.mark.parametrize("suffix", ["-D", "-J"])
def test_what_became_whole_since_the_folder_was_read_is_no_orphan(
    house: House, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    house.add(NEW)
    folder = house.folder / "input"
    (folder / f"{NEW}-J").write_text("c@d.ex\n")
    now = (folder / f"{NEW}-D").stat().st_mtime + 90000
    with monkeypatch.context() as patched:
        patched.setattr(os, "listdir", lambda _: [f"{NEW}{suffix}"])
        assert remove_orphans(house.process.spool, Place(), now) == []
    assert sorted(path.name for path in folder.iterdir()) == [f"{NEW}-D", f"{NEW}-H", f"{NEW}-J"]


def test_a_message_that_the_system_does_not_give_just_now_stays(house: House) -> None:
    house.process.main = SimpleNamespace(keep_malformed=345600)  # type: ignore[assignment]
    house.add(OLD)
    report_damaged(house.process, OLD, "", UnreadableMessageError(OLD, OSError(errno.EMFILE, "Too many open files")))
    assert house.main_log() == [f"{OLD} Error reading spool file {OLD}-H: Too many open files"]
    assert house.process.spool.ids_at(Place()) == [OLD]


def test_an_attempt_that_finds_the_disk_full_does_not_make_the_message_damaged(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.process.main = SimpleNamespace(keep_malformed=345600, queue_fast_ramp=False)  # type: ignore[assignment]
    house.add(OLD)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(queue_runs, "deliver_message", full)
    deliver = queue_runs.Deliveries(house.process).in_run
    QueueRun(house.process, RunSettings(), deliver, in_order=True).run(1)
    assert house.process.spool.ids_at(Place()) == [OLD]
    assert [line for line in house.main_log() if OLD in line] == [
        f"{OLD} delivery attempt failed: OSError: [Errno 28] No space left on device"
    ]


def test_a_header_file_that_never_got_its_place(house: House) -> None:
    house.add(NEW)
    folder = house.folder / "input"
    for name in (f"hdr.{NEW}", f"hdr.{OLD}", "hdr.of a stranger"):
        (folder / name).write_text("")
    now = (folder / f"hdr.{NEW}").stat().st_mtime
    spool = house.process.spool
    assert remove_orphans(spool, Place(), now + 3600) == []
    with spool.lock(NEW):  # who has it is perhaps about to put it there
        assert remove_orphans(spool, Place(), now + 90000) == [OLD]
    assert remove_orphans(spool, Place(), now + 90000) == [NEW]
    assert sorted(path.name for path in folder.iterdir()) == [f"{NEW}-D", f"{NEW}-H", "hdr.of a stranger"]
