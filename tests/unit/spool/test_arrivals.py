import os
from pathlib import Path

import pytest

from eximia.base.steps import run_steps
from eximia.spool import LockedMessage, MessageLockedError, Place, Spool, arrivals
from eximia.spool.arrivals import ArrivalLog, LoggedMessage, recover, unfinished
from eximia.spool.durable import Arrival

from .helpers import ID, OTHER, arrive


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path))


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def log(spool: Spool, complaints: list[str]) -> ArrivalLog:
    return ArrivalLog(spool, complaints.append)


def put(log: ArrivalLog, *batch: Arrival) -> list[LockedMessage]:
    results = run_steps(log.commit(batch))
    assert not any(isinstance(each, OSError) for each in results)
    return [each for each in results if not isinstance(each, OSError)]


def crash(log: ArrivalLog) -> None:
    """The process is gone: its locks are too."""
    for segment in [log._current, *log._spare]:
        if segment is not None:
            os.close(segment.fd)


def test_a_message_done_at_once_never_has_files(spool: Spool, log: ArrivalLog) -> None:
    first, second = put(log, arrive(spool), arrive(spool, OTHER))
    assert spool.ids_at(Place()) == []
    assert first.dismiss(final=True)
    assert second.dismiss(final=True)
    first.close()
    crash(log)
    assert recover(spool) == []
    assert os.listdir(f"{spool.directory}/arrivals") == []


def test_what_a_dead_process_left_gets_files(spool: Spool, log: ArrivalLog) -> None:
    done, left = put(log, arrive(spool, queue="night"), arrive(spool, OTHER, body=b"x\0y\n" * 9000))
    (late,) = put(log, arrive(spool, ID.replace("a", "b"), queue="night"))
    assert done.dismiss(final=True)
    assert unfinished(spool) == [left.id, late.id]
    assert recover(spool) == [], "the log of a living process was taken"
    crash(log)
    assert sorted(recover(spool)) == sorted([left.id, late.id])
    with spool.lock(OTHER) as held:
        assert held.body_size() == 36000
        assert held.read().sender == "a@b.ex"
    assert spool.ids_at(Place("night")) == [late.id]
    assert recover(spool) == []


def test_files_are_made_once_and_removed_with_the_message(spool: Spool, log: ArrivalLog) -> None:
    (held,) = put(log, arrive(spool))
    header = held.read()
    assert spool.ids_at(Place()) == [ID]
    header.warning_count = 3
    held.write(header)
    held.to_files()
    assert spool.read(ID).warning_count == 3
    assert not held.dismiss(final=True), "files remain to be removed"
    crash(log)
    assert recover(spool) == []
    held.remove()
    held.close()
    assert spool.ids_at(Place()) == []


def test_late_and_abandoned_messages_are_overdue(spool: Spool, log: ArrivalLog) -> None:
    first, second = put(log, arrive(spool), arrive(spool, OTHER))
    assert isinstance(first, LoggedMessage)
    assert log.overdue(first.since + 0.1) == []
    second.close()
    assert log.overdue(first.since + 0.1) == [second]
    assert log.overdue(first.since + arrivals.LIMIT) == [first, second]
    log.file_all([first, second])
    assert log.overdue(first.since + 99) == []
    assert sorted(spool.ids_at(Place())) == [ID, OTHER]
    with spool.lock(OTHER):
        pass  # its delivery had given it up
    assert first.fd >= 0


def test_segments_are_used_again(spool: Spool, log: ArrivalLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "SEGMENT", 20_000)
    monkeypatch.setattr(arrivals, "SEGMENTS", 3)
    for _ in range(20):
        for held in put(log, *[arrive(spool, body=b"x" * 3000)] * 5):
            assert held.dismiss(final=True)
    (last,) = put(log, arrive(spool, OTHER, body=b"short\n"))
    assert len(os.listdir(f"{spool.directory}/arrivals")) <= 3
    crash(log)
    assert recover(spool) == [last.id], "records of an earlier use behind the last one count"


def test_too_many_unfinished_messages_go_into_files(
    spool: Spool, log: ArrivalLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "SEGMENT", 5000)
    monkeypatch.setattr(arrivals, "SEGMENTS", 2)
    ids = [ID.replace("mn", f"m{n}") for n in range(4)]
    held = [put(log, arrive(spool, each, body=b"x" * 3000))[0] for each in ids]
    assert [isinstance(each, LoggedMessage) for each in held] == [True, True, False, False]
    assert sorted(spool.ids_at(Place())) == ids[2:]
    assert held[0].dismiss(final=True)
    (again,) = put(log, arrive(spool))
    assert isinstance(again, LoggedMessage)


def test_a_log_that_fails_is_replaced_by_files(
    spool: Spool, log: ArrivalLog, complaints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(fd: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        (held,) = put(log, arrive(spool))
    assert not isinstance(held, LoggedMessage)
    assert spool.ids_at(Place()) == [ID]
    assert complaints == ["arrival log: Input/output error; messages are written into files"]
    held.remove()
    crash(log)
    assert recover(spool) == [], "the record of a message that got files counts"


def test_torn_records_do_not_count(spool: Spool, log: ArrivalLog) -> None:
    first, second = put(log, arrive(spool), arrive(spool, OTHER))
    assert isinstance(second, LoggedMessage)
    os.pwrite(second.descriptor, b"!", second._offset + 100)
    crash(log)
    assert recover(spool) == [first.id]


def test_files_that_a_crash_left_unfinished_are_made_again(spool: Spool, log: ArrivalLog, tmp_path: Path) -> None:
    put(log, arrive(spool))
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / f"{ID}-D").write_bytes(f"{ID}-D\none".encode())
    (tmp_path / "input" / f"{ID}-H").write_bytes(b"")
    crash(log)
    assert recover(spool) == [ID]
    with spool.lock(ID) as held:
        assert held.body_size() == 8


def test_an_orderly_end_leaves_files_and_no_log(spool: Spool, log: ArrivalLog) -> None:
    first, second = put(log, arrive(spool), arrive(spool, OTHER))
    assert first.dismiss(final=True)
    log.close()
    assert spool.ids_at(Place()) == [second.id]
    assert os.listdir(f"{spool.directory}/arrivals") == []


@pytest.mark.parametrize(("settled", "found"), [(False, [ID]), (True, [])])
def test_a_local_delivery_counts_after_a_power_cut_when_the_journal_has_it(
    spool: Spool, log: ArrivalLog, monkeypatch: pytest.MonkeyPatch, settled: bool, found: list[str]
) -> None:
    (held,) = put(log, arrive(spool))
    assert held.dismiss(final=False)
    assert unfinished(spool) == []
    assert log.unsettled
    if settled:
        log.settle()
    crash(log)
    monkeypatch.setattr(arrivals, "machine_run", lambda: 1)
    assert recover(spool) == found


def test_a_local_delivery_counts_at_once_while_the_machine_runs(spool: Spool, log: ArrivalLog) -> None:
    (held,) = put(log, arrive(spool))
    assert held.dismiss(final=False)
    crash(log)
    assert recover(spool) == []


def test_queued_messages_get_files_which_become_durable_later(spool: Spool, log: ArrivalLog) -> None:
    first, second = put(log, arrive(spool), arrive(spool, OTHER))
    assert first.in_log
    said: list[str] = []
    assert log.give_files([(first, lambda: said.append("first"))]) == [None]  # type: ignore[list-item]
    assert not first.in_log
    assert said == ["first"]
    assert unfinished(spool) == [OTHER]
    with spool.lock(ID):
        pass
    second.write_files()  # type: ignore[attr-defined]
    with pytest.raises(MessageLockedError):
        spool.lock(OTHER)
    second.remove()
    second.close()
    assert log.unsettled
    log.settle()
    log.settle()
    assert not log.unsettled
    crash(log)
    assert recover(spool) == []
    assert spool.ids_at(Place()) == [ID]


def test_the_log_keeps_what_cannot_get_files(spool: Spool, log: ArrivalLog, tmp_path: Path) -> None:
    (held,) = put(log, arrive(spool))
    (tmp_path / "input").write_text("in the way")
    (error,) = log.give_files([(held, lambda: None)])  # type: ignore[list-item]
    assert isinstance(error, OSError)
    assert log.overdue(0.0) == [held]
    (tmp_path / "input").unlink()
    log.file_all(log.overdue(0.0))
    assert spool.ids_at(Place()) == [ID]


@pytest.mark.parametrize(("machine_stopped", "found"), [(False, []), (True, [ID])])
def test_files_that_a_power_cut_took_are_made_again(
    spool: Spool, log: ArrivalLog, monkeypatch: pytest.MonkeyPatch, machine_stopped: bool, found: list[str]
) -> None:
    (held,) = put(log, arrive(spool))
    log.give_files([(held, lambda: None)])  # type: ignore[list-item]
    crash(log)
    os.truncate(spool.path(ID, "-D"), 3)
    if machine_stopped:
        monkeypatch.setattr(arrivals, "machine_run", lambda: 1)
    assert recover(spool) == found
    if found:
        with spool.lock(ID) as again:
            assert again.body_size() == 8
