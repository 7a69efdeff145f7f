import fcntl
import os
import time
from pathlib import Path

import pytest

from eximia.base.steps import run_steps
from eximia.spool import LockedMessage, Place, Spool, arrival_records, arrivals, filing
from eximia.spool.arrivals import ArrivalLog, LoggedMessage
from eximia.spool.durable import Arrival
from eximia.spool.recovery import recover, unfinished

from .helpers import ID, OTHER, arrive

pytestmark = pytest.mark.usefixtures("_closed")


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "SEGMENT", 200_000)


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


def test_a_message_that_is_getting_files_does_not_hold_up_the_others(spool: Spool, log: ArrivalLog) -> None:
    first, second = put(log, arrive(spool), arrive(spool, OTHER))
    assert isinstance(first, LoggedMessage)
    with first.changing:
        assert not first.dismiss(final=True)
        log.file_all(log.overdue(first.since + 99))
        assert not second.dismiss(final=True), "it has files now"
    assert first.dismiss(final=True)
    assert spool.ids_at(Place()) == [OTHER]


def test_not_all_late_messages_get_files_at_once(
    spool: Spool, log: ArrivalLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "MOST_LATE", 2)
    ids = [ID.replace("mn", f"m{n}") for n in range(5)]
    held = put(log, *[arrive(spool, each) for each in ids])
    late = log.overdue(held[0].since + 99)  # type: ignore[attr-defined]
    assert late == held[:2]
    log.file_all(late)
    log.close()
    assert sorted(spool.ids_at(Place())) == ids


def test_a_finished_message_takes_its_log_along(spool: Spool, log: ArrivalLog, tmp_path: Path) -> None:
    (held,) = put(log, arrive(spool))
    (tmp_path / "msglog").mkdir()
    Path(held.log_path).write_text("deferred\n")
    held.remove()
    assert os.listdir(tmp_path / "msglog") == []
    crash(log)
    assert recover(spool) == []


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
    monkeypatch.setattr(arrival_records, "machine_run", lambda: 1)
    assert recover(spool) == found


def test_a_local_delivery_counts_at_once_while_the_machine_runs(spool: Spool, log: ArrivalLog) -> None:
    (held,) = put(log, arrive(spool))
    assert held.dismiss(final=False)
    crash(log)
    assert recover(spool) == []


def file_waiting(log: ArrivalLog, most: int = 100) -> None:
    batch, fields, fds = log.next_job(most)
    log.filed(batch, filing.run(fields, fds))


def test_queued_messages_get_files_in_company(spool: Spool, log: ArrivalLog) -> None:
    woken: list[int] = []
    log.on_waiting = lambda: woken.append(log.waiting)
    first, second = put(log, arrive(spool), arrive(spool, OTHER, queue="night"))
    assert first.queue("Received from a@b.ex\nfrozen by ACL")
    assert second.queue("")
    assert woken == [1], "one who makes files is enough"
    assert log.overdue(first.since + 99) == []  # type: ignore[attr-defined]
    assert spool.ids_at(Place()) == []
    assert unfinished(spool) == [ID, OTHER]
    file_waiting(log, 1)
    assert unfinished(spool) == [OTHER]
    with spool.lock(ID) as held:
        assert held.body_size() == 8
        assert Path(held.log_path).read_text() == "Received from a@b.ex\nfrozen by ACL\n"
    file_waiting(log)
    assert log.waiting == 0
    assert spool.ids_at(Place("night")) == [OTHER]
    assert not os.path.exists(spool.path(OTHER, "", Place("night"), "msglog"))
    spool.remove(ID)
    crash(log)
    assert recover(spool) == []
    assert spool.ids_at(Place()) == []


def test_a_message_with_files_cannot_be_left_to_the_log(spool: Spool, log: ArrivalLog) -> None:
    (held,) = put(log, arrive(spool))
    held.to_files()
    assert not held.queue("Received from a@b.ex")
    assert log.waiting == 0


def test_queued_messages_of_a_dead_process_get_files(spool: Spool, log: ArrivalLog) -> None:
    (held,) = put(log, arrive(spool))
    assert held.queue("Received from a@b.ex")
    crash(log)
    assert recover(spool) == [ID]
    assert spool.ids_at(Place()) == [ID]


def test_a_log_whose_records_still_get_files_is_not_taken_over(spool: Spool, log: ArrivalLog) -> None:
    (held,) = put(log, arrive(spool))
    assert held.queue("")
    _, fields, (fd,) = log.next_job(1)
    kept = os.dup(fd)  # as the process beside us has it
    crash(log)
    assert recover(spool) == []
    filing.run(fields, [kept])
    os.close(kept)
    assert spool.ids_at(Place()) == [ID]
    assert recover(spool) == []


def test_asking_twice_makes_files_once(spool: Spool, log: ArrivalLog) -> None:
    first, second = put(log, arrive(spool), arrive(spool, OTHER))
    assert first.queue("")
    assert second.queue("")
    batch, fields, fds = log.next_job(2)
    one = {**fields, "records": fields["records"][:1]}
    filing.run(one, fds)
    with spool.lock(ID) as held:
        held.remove()  # a queue run has delivered it
    answer = filing.run(fields, fds)
    assert answer == {"errors": ["", ""], "complaints": []}
    log.filed(batch, answer)
    assert spool.ids_at(Place()) == [OTHER]


def test_files_that_were_left_incomplete_are_made_again(spool: Spool, log: ArrivalLog, tmp_path: Path) -> None:
    (held,) = put(log, arrive(spool))
    assert held.queue("")
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / f"{ID}-D").write_bytes(f"{ID}-D\none".encode())
    file_waiting(log)
    with spool.lock(ID) as again:
        assert again.body_size() == 8


def test_the_log_keeps_what_cannot_get_files(
    spool: Spool, log: ArrivalLog, tmp_path: Path, complaints: list[str]
) -> None:
    (held,) = put(log, arrive(spool))
    assert held.queue("")
    (tmp_path / "input").write_text("in the way")
    file_waiting(log)
    assert complaints == [f"cannot write spool files of {ID}: Not a directory; the arrival log keeps the message"]
    assert unfinished(spool) == [ID]
    (tmp_path / "input").unlink()
    log.retry(time.monotonic())
    assert log.waiting == 0, "it should not be tried all the time"
    log.retry(time.monotonic() + arrivals.RETRY)
    file_waiting(log)
    assert spool.ids_at(Place()) == [ID]


def test_an_orderly_end_gives_queued_messages_files(spool: Spool, log: ArrivalLog) -> None:
    first, second = put(log, arrive(spool), arrive(spool, OTHER))
    assert first.queue("")
    batch, _, _ = log.next_job(1)
    log.not_filed(batch)
    assert second.queue("")
    log.close()
    assert sorted(spool.ids_at(Place())) == [ID, OTHER]
    assert os.listdir(f"{spool.directory}/arrivals") == []


@pytest.mark.parametrize(("machine_stopped", "synchronised", "found"), [(0, 0, []), (1, 0, [ID]), (1, 1, [])])
def test_files_that_a_power_cut_took_are_made_again(
    spool: Spool,
    log: ArrivalLog,
    monkeypatch: pytest.MonkeyPatch,
    machine_stopped: bool,
    synchronised: bool,
    found: list[str],
) -> None:
    (held,) = put(log, arrive(spool))
    assert held.queue("")
    with monkeypatch.context() as patch:
        if not synchronised:
            patch.setattr(filing.Filing, "settle", lambda _: None)
        file_waiting(log)
    crash(log)
    os.truncate(spool.path(ID, "-D"), 3)
    if machine_stopped:
        monkeypatch.setattr(arrival_records, "machine_run", lambda: 1)
    assert recover(spool) == found
    if found:
        with spool.lock(ID) as again:
            assert again.body_size() == 8


def test_a_prepared_segment_takes_the_place_of_a_hasty_one(
    spool: Spool, log: ArrivalLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "PAUSE", 600.0)  # however slow the machine is
    assert not log.wants_spare(time.monotonic()), "nothing has come yet"
    (first,) = put(log, arrive(spool))
    assert not log.wants_spare(time.monotonic()), "more may come at once"
    assert log.wants_spare(time.monotonic() + arrivals.PAUSE)
    log.prepare()
    (second,) = put(log, arrive(spool, OTHER))
    assert not log.wants_spare(time.monotonic() + arrivals.PAUSE)
    assert len(os.listdir(f"{spool.directory}/arrivals")) == 2
    assert first.dismiss(final=True)
    (name,) = os.listdir(f"{spool.directory}/arrivals")
    assert os.stat(f"{spool.directory}/arrivals/{name}").st_blocks * 512 >= arrivals.SEGMENT
    assert second.dismiss(final=True)
    log.close()
    assert os.listdir(f"{spool.directory}/arrivals") == []


def test_a_segment_that_another_process_works_on_outlives_the_log(spool: Spool, log: ArrivalLog) -> None:
    (held,) = put(log, arrive(spool))
    assert held.queue("")
    _, _, (fd,) = log.next_job(1)
    log.close()
    os.close(fd)  # both processes are gone
    assert recover(spool) == [ID]


def test_a_full_segment_is_kept_for_later(spool: Spool, log: ArrivalLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "SEGMENT", 8000)
    for _ in range(3):
        (held,) = put(log, arrive(spool, body=b"x" * 7000))
        assert held.dismiss(final=True)
    assert os.listdir(f"{spool.directory}/arrivals") == [f"{os.getpid()}-1"]


def test_a_half_full_segment_asks_for_another(spool: Spool, log: ArrivalLog) -> None:
    put(log, arrive(spool, body=b"x" * (arrivals.SEGMENT // 2)))
    assert log.wants_spare(time.monotonic())


def test_a_message_that_gets_files_cannot_be_left_to_the_log(spool: Spool, log: ArrivalLog) -> None:
    (held,) = put(log, arrive(spool))
    assert isinstance(held, LoggedMessage)
    with held.changing:  # a thread writes them, because the message was in the log for too long
        assert not held.queue("Received from a@b.ex")
        held.close()
        held.has_files(spool.commit([held.arrival()])[0])
    assert log.waiting == 0
    with spool.lock(ID):
        pass
    assert log._current is not None
    assert log._current.left == log._current.entered == 1


def test_a_segment_is_given_back_while_its_marks_become_durable(
    spool: Spool, log: ArrivalLog, complaints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (held,) = put(log, arrive(spool))
    segment = log._current
    assert segment is not None
    log.prepare()
    put(log, arrive(spool, OTHER))[0].dismiss(final=True)
    real = os.fdatasync

    def later(fd: int) -> None:
        held.dismiss(final=True)
        real(fd)

    log._marked.add(segment)
    monkeypatch.setattr(os, "fdatasync", later)
    log.settle()
    assert segment.fd == -1
    assert complaints == []


def test_a_segment_is_given_back_while_it_is_looked_at(
    spool: Spool, log: ArrivalLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    (held,) = put(log, arrive(spool))
    held.dismiss(final=True)
    real = fcntl.flock

    def later(fd: int, how: int) -> None:
        monkeypatch.undo()
        log.close()
        real(fd, how)

    monkeypatch.setattr(fcntl, "flock", later)
    assert recover(spool) == []


def test_a_new_segment_is_taken_for_that_of_a_dead_process(
    spool: Spool, log: ArrivalLog, complaints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock
    looks = iter([False, True])

    def later(fd: int, how: int) -> None:
        if (removed := next(looks, None)) is None:
            real(fd, how)
        elif removed:
            assert recover(spool) == []
            real(fd, how)
        else:
            other = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)  # a moment later it is given up
            try:
                real(other, how)
                real(fd, how)
            finally:
                os.close(other)

    monkeypatch.setattr(arrivals.fcntl, "flock", later)  # type: ignore[attr-defined]
    (held,) = put(log, arrive(spool))
    assert isinstance(held, LoggedMessage)
    assert complaints == []
    assert recover(spool) == []
    crash(log)
    assert recover(spool) == [ID]
