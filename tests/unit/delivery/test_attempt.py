"""One attempt: what is delivered in which order, what the spool keeps, what is never done twice."""

import errno
import time
from pathlib import Path

import pytest

from eximia.base.steps import run_steps
from eximia.base.template import Template
from eximia.context import Batch, Errno, Host, Message, Outcome, Result, RetryChange, Session, SmtpFacts
from eximia.delivery import AttemptEnd
from eximia.delivery.finish import PATIENCE
from eximia.hints import RetryRecord, WaitRecord
from eximia.spool import LockedMessage, MessageLockedError, arrivals
from eximia.spool.arrivals import ArrivalLog
from eximia.spool.durable import Arrival
from eximia.spool.header_file import write_header
from eximia.spool.journal import Journal, read_journal
from eximia.spool.snapshot import to_header
from support_delivery import ID, World, deferred


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_a_message_that_is_done_at_once_leaves_nothing(world: World) -> None:
    seen: list[list[str]] = []
    world.before_run = lambda batch: seen.append(world.files())
    assert world.receive("a@far.test") is AttemptEnd.COMPLETED
    assert world.lines == ["=> a@far.test R=remote T=remote H=10.9.9.9 [10.9.9.9]", "Completed"]
    assert world.files() == []
    # Neither journal nor message log was written on the way.
    assert seen == [[f"input/{ID}-D", f"input/{ID}-H"]]


def test_addresses_for_the_same_hosts_go_together(world: World) -> None:
    world.receive("a@far.test", "b@far.test", "c@other.test")
    assert world.runs == [("remote", ["a@far.test", "b@far.test", "c@other.test"])]
    assert world.lines[:3] == [
        "=> a@far.test R=remote T=remote H=10.9.9.9 [10.9.9.9]",
        "-> b@far.test R=remote T=remote H=10.9.9.9 [10.9.9.9]",
        "-> c@other.test R=remote T=remote H=10.9.9.9 [10.9.9.9]",
    ]


def test_max_rcpt_is_expanded_for_what_goes_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that takes one recipient at a time, told by the domain."""
    options = world.process.config.transports["remote"].options
    monkeypatch.setitem(vars(options), "max_rcpt", Template("${if eq{$domain}{far.test}{1}{100}}"))
    world.receive("a@far.test", "b@far.test", "c@other.test", "d@other.test")
    assert sorted(run[1] for run in world.runs) == [["a@far.test"], ["b@far.test"], ["c@other.test", "d@other.test"]]


def test_duplicates_are_delivered_once_and_all_are_done(world: World) -> None:
    world.says["ann@local.test"] = deferred()
    world.receive("twice@local.test", "bob@local.test")
    assert [run for run in world.runs if "bob@local.test" in run[1]] == [("local", ["bob@local.test"])]
    done = world.header().nonrecipients
    assert "bob@local.test" in done
    assert "twice@local.test" not in done


def test_local_deliveries_come_first_and_the_latest_before_the_others(world: World) -> None:
    world.receive("a@far.test", "bob@local.test", "ann@local.test")
    assert [name for name, _ in world.runs] == ["local", "local", "remote"]
    assert world.runs[0][1] == ["bob@local.test"]


def test_what_is_done_is_in_the_journal_while_work_remains(world: World) -> None:
    journals: list[set[str]] = []
    spool = world.process.spool

    def look(batch: Batch) -> None:
        journals.append(read_journal(spool.path(ID, "-J")))

    world.before_run = look
    world.receive("bob@local.test", "ann@local.test", "a@far.test")
    assert journals == [set(), {"bob@local.test"}, {"bob@local.test", "ann@local.test"}]
    assert world.files() == []


def test_after_a_crash_nothing_is_delivered_twice(world: World) -> None:
    class Crash(BaseException):
        pass

    def crash(batch: Batch) -> None:
        if batch.transport.name == "remote":
            raise Crash

    world.before_run = crash
    with pytest.raises(Crash):
        world.receive("bob@local.test", "a@far.test")
    world.before_run = lambda batch: None
    world.runs.clear()
    assert world.again() is AttemptEnd.COMPLETED
    assert world.runs == [("remote", ["a@far.test"])]


def test_a_message_with_too_many_received_headers_goes_nowhere(world: World) -> None:
    world.process.main = world.process.main.replace(received_headers_max=-1)
    world.receive("bob@local.test", "a@far.test")
    assert world.runs == []
    assert world.lines[:2] == [
        '** bob@local.test: Too many "Received" headers - suspected mail loop',
        '** a@far.test: Too many "Received" headers - suspected mail loop',
    ]


def test_what_is_deferred_stays(world: World) -> None:
    world.says["ann@local.test"] = deferred("quota", -22)
    assert world.receive("bob@local.test", "ann@local.test") is AttemptEnd.REMAINS
    header = world.header()
    assert header.nonrecipients == {"bob@local.test"}
    assert not header.deliver_firsttime
    assert "== ann@local.test R=user T=local defer (-22): quota" in world.lines
    assert world.files() == [f"input/{ID}-D", f"input/{ID}-H", f"msglog/{ID}"]
    world.says.clear()
    world.now += 1000
    assert world.again(queue_run=True) is AttemptEnd.COMPLETED
    assert world.runs[-1] == ("local", ["ann@local.test"])
    assert world.files() == []


def test_the_message_log_tells_the_attempt(world: World) -> None:
    world.says["ann@local.test"] = deferred()
    world.receive("bob@local.test", "two@local.test")
    text = Path(world.process.spool.directory, "msglog", ID).read_text()
    assert text == (
        "STAMP bob@local.test <two@local.test>: local transport succeeded\n"
        "STAMP ann@local.test <two@local.test> R=user T=local defer (-1): busy\n"
    )


def test_retry_times_hold_in_queue_runs_only(world: World) -> None:
    world.says["bob@local.test"] = deferred()
    world.receive("bob@local.test")
    record = world.retry.records["T:bob@local.test"]
    assert record.next_try == int(world.now) + 900
    world.runs.clear()
    world.now += 100
    assert world.again(queue_run=True) is AttemptEnd.REMAINS
    assert world.runs == []
    assert world.lines[-1] == "== bob@local.test R=user T=local defer (-53): Retry time not yet reached"
    world.again(queue_run=True, forced=True)
    assert len(world.runs) == 1


def test_attempts_before_their_time_do_not_make_the_next_one_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, monkeypatch, retry="* * G,4d,900s,2")
    world.says["bob@local.test"] = deferred()
    world.receive("bob@local.test")
    intervals = []
    for since in (0, 1, 899, 1000, 1000, 5000):
        world.now += since
        world.again(queue_run=True, forced=True)
        record = world.retry.records["T:bob@local.test"]
        intervals.append(record.next_try - record.last_try)
    assert intervals == [900, 900, 900, 1800, 2000, 4000]


def test_routing_is_put_off_too(world: World) -> None:
    world.receive("late@local.test")
    assert world.retry.records["R:local.test"].text == "not now"
    world.now += 100
    world.again(queue_run=True)
    assert world.lines[-1] == "== late@local.test routing defer (-52): retry time not reached"


def test_success_forgets_the_hints(world: World) -> None:
    world.says["bob@local.test"] = deferred()
    world.receive("bob@local.test")
    world.says.clear()
    world.now += 1000
    world.again(queue_run=True)
    assert world.retry.records == {}


def test_an_address_is_given_up_when_its_time_is_over(world: World) -> None:
    change = RetryChange("T:h:10.9.9.9", host_name="h", errno=111, more_errno=65, text="refused", is_host=True)
    world.retry.put("T:h:10.9.9.9", RetryRecord(int(world.now) - 5 * 86400, 0, 0))

    def refuse(batch: Batch) -> None:
        for address in batch.addresses:
            address.retries = [change]

    world.before_run = refuse
    world.says["a@far.test"] = deferred("", 111)
    assert world.receive("a@far.test") is AttemptEnd.COMPLETED
    assert "** a@far.test: retry timeout exceeded" in world.lines
    assert world.retry.records["T:h:10.9.9.9"].expired
    assert "retry timeout exceeded" in world.submitted[0][0]


def test_held_domains_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch, main="hold_domains = far.test")
    world.receive("a@far.test", "bob@local.test")
    assert "== a@far.test defer (-23): domain is held" in world.lines
    assert world.runs == [("local", ["bob@local.test"])]
    world.again(forced=True)
    assert world.runs[-1] == ("remote", ["a@far.test"])


def test_bypassed_and_forbidden_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routers = """files:
  driver = redirect
  local_parts = mine
  data = /dev/null, /srv/x
  forbid_file = true
  file_transport = local

null:
  driver = redirect
  local_parts = null
  data = /dev/null
  file_transport = local
"""
    world = World(tmp_path, monkeypatch, routers=routers)
    world.receive("null@local.test", "mine@local.test")
    assert "=> /dev/null <null@local.test> R=null T=**bypassed**" in world.lines
    assert sum(line.endswith("delivery to file forbidden") for line in world.lines) == 2
    assert world.runs == []


def test_one_time_children_become_recipients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routers = """list:
  driver = redirect
  local_parts = list
  data = bob@local.test, ann@local.test
  one_time
"""
    world = World(tmp_path, monkeypatch, routers=routers)
    world.says["ann@local.test"] = deferred()
    world.receive("list@local.test")
    header = world.header()
    assert [(one.address, one.parent) for one in header.recipients] == [
        ("list@local.test", -1),
        ("ann@local.test", 0),
    ]
    assert {"list@local.test", "bob@local.test"} <= header.nonrecipients
    world.says.clear()
    world.now += 1000
    assert world.again(queue_run=True) is AttemptEnd.COMPLETED
    assert "=> ann <list@local.test> R=user T=local" in world.lines


def test_a_one_time_list_that_names_itself_loses_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routers = "list:\n driver = redirect\n local_parts = bob\n data = bob, ann\n one_time\n"
    world = World(tmp_path, monkeypatch, routers=routers)
    world.says = {"bob@local.test": deferred(), "ann@local.test": deferred()}
    world.receive("bob@local.test")
    assert world.header().nonrecipients == set()
    world.now += 1000
    world.says = {"bob@local.test": deferred()}
    assert world.again(queue_run=True) is AttemptEnd.REMAINS
    world.now += 1000
    world.says = {}
    assert world.again(queue_run=True) is AttemptEnd.COMPLETED
    assert world.lines.count("=> ann <bob@local.test> R=user T=local") == 1
    assert world.lines.count("=> bob <bob@local.test> R=user T=local") == 1


def test_pipe_output_goes_back(world: World) -> None:
    world.says["|/bin/x"] = Outcome(Result.DELIVERED, output=b"text of the pipe\n", return_output=True)
    Path(world.process.config.path).with_name("aliases").write_text("p: |/bin/x\n")
    world.receive("p@local.test")
    assert any("return message generated" in line for line in world.lines)
    text, recipients = world.submitted[0]
    assert recipients == ["sender@far.test"]
    assert "text of the pipe" in text
    assert "  pipe to |/bin/x\n    generated by p@local.test\n" in text


def test_pretended_deliveries_run_no_transport(world: World) -> None:
    world.store(world.message("bob@local.test")).close()
    assert world.again(pretend=True) is AttemptEnd.COMPLETED
    assert world.runs == []
    assert world.lines[0] == "*> bob <bob@local.test> R=user T=local"


def test_smtp_is_queued_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch, main="queue_smtp_domains = far.test")
    waits: list[str] = []
    monkeypatch.setattr("eximia.delivery.remote.wait_for", lambda ctx, transport, host: waits.append(host))
    world.receive("a@far.test", "bob@local.test")
    assert world.runs == [("local", ["bob@local.test"])]
    assert waits == ["10.9.9.9"]
    world.now += 1000
    world.again(queue_run=True)
    assert world.runs[-1] == ("remote", ["a@far.test"])


def test_a_locked_message_is_left_alone(world: World) -> None:
    with world.store(world.message("bob@local.test")):
        assert world.again() is AttemptEnd.SKIPPED
    assert world.runs == []


def test_messages_that_wait_for_the_host_follow(world: World) -> None:
    other = "1xV4Gp-0004Rm-2a"
    message = world.message("b@far.test", "bob@local.test")
    message.id = other
    world.store(message).close()
    world.process.hints.wait("remote").put("10.9.9.9", WaitRecord((other,)))
    world.receive("a@far.test")
    assert world.runs == [("remote", ["a@far.test"]), ("remote", ["b@far.test"])]
    assert world.process.spool.read(other).nonrecipients == {"b@far.test"}
    assert world.process.hints.wait("remote").records == {}


def test_waiting_messages_stay_when_the_host_takes_no_more(world: World) -> None:
    waiting = ["1xV4Gp-0004Rm-2a", "1xV4Gp-0004Rm-2b", "1xV4Gp-0004Rm-2c"]
    for message_id, name in zip(waiting, "bcd", strict=True):
        message = world.message(f"{name}@far.test")
        message.id = message_id
        world.store(message).close()
    table = world.process.hints.wait("remote")
    table.put("10.9.9.9", WaitRecord(tuple(waiting)))
    world.says["c@far.test"] = deferred("", errno=Errno.RETRY_HOSTS)
    world.receive("a@far.test")
    assert [run[1] for run in world.runs] == [["a@far.test"], ["b@far.test"], ["c@far.test"]]
    assert table.get("10.9.9.9").ids == (waiting[1], waiting[2])


def test_local_only_runs_say_so(world: World) -> None:
    world.store(world.message("a@far.test", "bob@local.test")).close()
    world.again(queue_run=True, local_only=True)
    assert "== a@far.test R=remote T=remote defer (-55): remote deliveries suppressed" in world.lines


def test_wrapping_a_mail_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, monkeypatch, main="mua_wrapper")
    monkeypatch.setattr("eximia.delivery.wrapper.run", world._run)
    host = SmtpFacts(host=Host("h.test", "10.9.9.9"))
    world.says["b@far.test"] = deferred("450 not now", smtp=host)
    assert world.receive("a@far.test", "b@far.test") is AttemptEnd.REFUSED
    assert capsys.readouterr().err == "Delivery failed: H=h.test [10.9.9.9]: 450 not now\n"
    assert [line[:15] for line in world.lines] == ["** a@far.test R", "** b@far.test R", "Completed"]
    assert world.submitted == []
    assert world.files() == []
    assert world.receive("bob@local.test") is AttemptEnd.REFUSED
    assert capsys.readouterr().err == "routing bob@local.test yielded a local delivery\n"
    world.says.clear()
    assert world.receive("a@far.test") is AttemptEnd.COMPLETED


@pytest.mark.parametrize("late", ["c@far.test", "ann@local.test"])
def test_what_a_full_disk_does_not_take_is_known_when_it_does(
    world: World, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """Of a message in the arrival log, whether the attempt fails at its journal or at its header file."""
    spool = world.process.spool
    log = ArrivalLog(spool, lambda _: None)

    def store(message: Message) -> LockedMessage:
        header = write_header(to_header(message, Session())).encode("latin-1")
        (held,) = run_steps(log.commit([Arrival(ID, spool.place_for(ID), header, b"body\n")]))
        assert isinstance(held, LockedMessage)
        return held

    monkeypatch.setattr(world, "store", store)
    with monkeypatch.context() as patched:
        patched.setattr(arrivals, "commit", lambda *_: [OSError(errno.ENOSPC, "No space left on device")])
        world.says[late] = deferred()
        with pytest.raises(OSError, match="No space"):
            world.receive(late, "bob@local.test")
    log.file_all(log.overdue(time.monotonic()))
    assert world.header().nonrecipients == {"bob@local.test"}
    log.close()
    world.again(forced=True)
    assert sum("bob@local.test" in addresses for _, addresses in world.runs) == 1


def full_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when a journal is written for the first time."""
    failures = [OSError(errno.ENOSPC, "No space left on device")]
    real = Journal.add

    def add(self: Journal, names: list[str]) -> None:
        if failures:
            raise failures.pop()
        real(self, names)

    monkeypatch.setattr(Journal, "add", add)


def test_a_journal_that_could_not_be_written_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    full_once(monkeypatch)
    with pytest.raises(OSError, match="No space"):
        world.receive("ann@local.test", "bob@local.test")
    assert read_journal(world.process.spool.path(ID, "-J")) == {"ann@local.test"}


def test_deliveries_under_way_are_recorded_when_the_journal_of_another_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, monkeypatch, main="remote_max_parallel = 2")
    options = world.process.config.transports["remote"].options
    monkeypatch.setitem(vars(options), "max_rcpt", Template("1"))
    full_once(monkeypatch)
    with pytest.raises(OSError, match="No space"):
        world.receive("a@far.test", "b@far.test", "c@far.test")
    begun = {address for _, addresses in world.runs for address in addresses}
    assert len(begun) == 2
    assert read_journal(world.process.spool.path(ID, "-J")) == begun


@pytest.mark.parametrize("full_for", [3, 1000])
def test_the_lock_is_kept_while_a_full_disk_refuses_to_record(
    world: World, monkeypatch: pytest.MonkeyPatch, full_for: int
) -> None:
    """Of a message that has files; not for ever."""
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        with pytest.raises(MessageLockedError):
            world.process.spool.lock(ID)

    def full(*_: object) -> None:
        if len(waits) < full_for:
            raise OSError(errno.ENOSPC, "No space left on device")

    world.process.ports.clock.sleep = sleep  # type: ignore[method-assign]
    real = Journal.add

    def add(self: Journal, names: list[str]) -> None:
        full()
        real(self, names)

    monkeypatch.setattr(Journal, "add", add)
    monkeypatch.setattr(LockedMessage, "write", full)
    world.says["late@far.test"] = deferred()
    with pytest.raises(OSError, match="No space"):
        world.receive("late@far.test", "bob@local.test")
    assert len(waits) == min(full_for, PATIENCE)
    found = read_journal(world.process.spool.path(ID, "-J"))
    assert found == ({"bob@local.test"} if full_for < PATIENCE else set())
    with world.process.spool.lock(ID):
        pass
