import os
from types import SimpleNamespace

from eximia.queue.recovery import remove_orphans, remove_torn, report_damaged
from eximia.queue.runner import QueueRun, RunSettings
from eximia.spool import Place, SpoolFormatError

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
        raise FileNotFoundError(2, "No such file or directory")

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
