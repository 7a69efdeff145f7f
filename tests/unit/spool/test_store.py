import errno
import os
from pathlib import Path

import pytest

from eximia.context import Recipient, Session, TlsFacts
from eximia.logs.log import null_log
from eximia.spool import LockedMessage, MessageLockedError, MessageNotFoundError, Place, Spool, store
from eximia.spool.durable import Arrival, discard_data, is_torn, open_data
from eximia.spool.header_file import write_header
from eximia.spool.journal import Journal, read_journal
from eximia.spool.locks import try_lock
from eximia.spool.message_log import MessageLog
from eximia.spool.snapshot import restore, to_header
from support_together import AT_ONCE, in_processes

from .helpers import ID, OTHER, arrive, message

pytestmark = pytest.mark.usefixtures("_closed")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path))


def test_commit_and_read_back(spool: Spool, tmp_path: Path) -> None:
    first, second = spool.commit([arrive(spool), arrive(spool, OTHER)])
    assert (tmp_path / "input" / f"{ID}-D").read_bytes() == f"{ID}-D\none\ntwo\n".encode()
    assert (tmp_path / "input" / f"{ID}-H").stat().st_mode & 0o777 == 0o640
    assert sorted(spool.ids_at(Place())) == [ID, OTHER]
    assert not isinstance(first, OSError)
    header = first.read()
    assert header.recipients == [Recipient("c@d.ex"), Recipient("e@f.ex")]
    again, session = restore(header, first)
    assert again.body.read() == b"one\ntwo\n"
    assert again.received_time == 1795337447.25
    assert again.size == len("From: a@b.ex\nSubject: x\n") + 1 + 8
    assert session.sender_host_address == ""
    assert not isinstance(second, OSError)


def test_commit_failure_leaves_nothing(spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / f"{ID}-H").write_text("in the way")
    failed, kept = spool.commit([arrive(spool), arrive(spool, OTHER)])
    assert isinstance(failed, FileExistsError)
    assert not isinstance(kept, OSError)
    assert not (tmp_path / "input" / f"{ID}-D").exists()
    assert spool.ids_at(Place()) == [OTHER]


def test_lock_excludes_within_one_process(spool: Spool) -> None:
    (held,) = spool.commit([arrive(spool)])
    assert not isinstance(held, OSError)
    with pytest.raises(MessageLockedError, match=r"is locked \(another process is handling this message\)"):
        spool.lock(ID)
    # Closing another descriptor of the file does not lose the lock.
    with open(held.path("-D"), "rb") as file:
        file.read()
    with pytest.raises(MessageLockedError):
        spool.lock(ID)
    held.close()
    with spool.lock(ID) as again:
        assert again.body_size() == 8
    with pytest.raises(MessageNotFoundError, match=f"Spool file {OTHER}-D not found"):
        spool.lock(OTHER)
    with pytest.raises(MessageNotFoundError):
        spool.lock("../../../etc/passwd")


def test_split_and_undivided_layout_are_both_found(tmp_path: Path) -> None:
    plain = Spool(str(tmp_path))
    split = Spool(str(tmp_path), split=True)
    for spool, message_id in ((plain, ID), (split, OTHER)):
        (held,) = spool.commit([arrive(spool, message_id)])
        assert not isinstance(held, OSError)
        held.close()
    assert (tmp_path / "input" / "z" / f"{OTHER}-H").exists()
    for spool in (plain, split):
        assert spool.find(ID) == Place()
        assert spool.find(OTHER) == Place("", "z")
        assert spool.count() == 2
        assert sorted(name for name, _ in spool.messages()) == [ID, OTHER]


def test_named_queue_and_move(spool: Spool) -> None:
    (held,) = spool.commit([arrive(spool, queue="night")])
    assert not isinstance(held, OSError)
    Journal(held.path("-J")).add(["c@d.ex"])
    assert spool.queues() == ["night"]
    assert spool.find(ID) is None
    target = spool.move(ID, held.place, "")
    assert target == Place()
    assert spool.count("night") == 0
    assert read_journal(spool.path(ID, "-J")) == {"c@d.ex"}
    assert spool.read(ID).id == ID
    with pytest.raises(MessageLockedError):
        spool.lock(ID)  # the lock moved with the file


def test_journal_counts_and_removal(spool: Spool, tmp_path: Path) -> None:
    (held,) = spool.commit([arrive(spool)])
    assert not isinstance(held, OSError)
    journal = Journal(held.path("-J"))
    journal.add(["c@d.ex"])
    with open(held.path("-J"), "a") as file:
        file.write("cut off by a cra")
    assert held.read().nonrecipients == {"c@d.ex"}
    log = MessageLog(held.log_path, null_log())
    log.write("Received from a@b.ex")
    assert Path(held.log_path).read_text().endswith(" Received from a@b.ex\n")
    log.close()
    header = held.read()
    header.deliver_firsttime = False
    held.write(header)
    journal.remove()
    assert held.read() == header
    spool.remove_done([held])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_big_body_is_written_while_it_comes(spool: Spool, tmp_path: Path) -> None:
    place = spool.place_for(ID)
    fd = open_data(spool, ID, place)
    os.write(fd, b"one\n")
    os.write(fd, b"two\n")
    with pytest.raises(MessageLockedError):
        spool.lock(ID)
    arrival = arrive(spool)
    arrival.body = b""
    arrival.fd = fd
    (held,) = spool.commit([arrival])
    assert not isinstance(held, OSError)
    assert restore(held.read(), held)[0].body.read() == b"one\ntwo\n"
    fd = open_data(spool, OTHER, place)
    discard_data(spool, OTHER, place, fd)
    assert not (tmp_path / "input" / f"{OTHER}-D").exists()


def test_torn_message_is_known_after_a_power_cut(spool: Spool) -> None:
    (whole,) = spool.commit([arrive(spool)])
    assert not isinstance(whole, OSError)
    booted = os.fstat(whole.fd).st_mtime + 10
    received = booted - 20
    assert not is_torn(whole, 2, received, booted)
    os.ftruncate(whole.fd, whole.body_offset + 4)
    os.utime(whole.fd, (received, received))
    assert is_torn(whole, 2, received, booted)
    assert not is_torn(whole, 2, booted + 1, booted)
    assert not is_torn(whole, -1, received, booted)


def test_snapshot_keeps_the_session(spool: Spool) -> None:
    session = Session(
        sender_host_address="10.0.0.1",
        sender_host_port=25,
        sender_host_name="h.ex",
        host_name_known=True,
        sender_helo_name="helo.ex",
        authenticated_id="me",
        sender_host_authenticated="plain",
        active_hostname="active.ex",
        acl_vars={"0": "x"},
        tls_in=TlsFacts(version="TLS1.3", cipher="TLS1.3:X:256", peer_certificate=b"der" * 40, resumption=17),
    )
    before = message(frozen=True, frozen_at=1795337500.0, dsn_ret=2, spam={"spam_score": "1.5"}, utf8_downconvert=-1)
    text = write_header(to_header(before, session, primary_hostname="mx.ex"))
    (held,) = spool.commit([Arrival(ID, Place(), text.encode("latin-1"), b"")])
    assert not isinstance(held, OSError)
    after, again = restore(held.read(), held)
    assert all(getattr(again, name) == getattr(session, name) for name in Session.__slots__)
    assert (after.frozen, after.frozen_at, after.dsn_ret, after.utf8_downconvert) == (True, 1795337500.0, 2, -1)
    assert after.spam == {"spam_score": "1.5"}
    assert write_header(to_header(after, again)) == text


def test_frozen_messages_are_set_aside(spool: Spool, tmp_path: Path) -> None:
    (held,) = spool.commit([arrive(spool)])
    assert not isinstance(held, OSError)
    MessageLog(held.log_path, null_log()).write("frozen")
    spool.set_aside(ID, held.place)
    assert spool.count() == 0
    assert sorted(path.name for path in (tmp_path / "Finput").iterdir()) == [f"{ID}-D", f"{ID}-H"]
    assert (tmp_path / "Fmsglog" / ID).exists()
    assert spool.queues() == []


def whole(spool: Spool, queue: str) -> bool:
    place = spool.find_header(ID, queue)
    return place is not None and all(os.path.exists(spool.path(ID, suffix, place)) for suffix in ("-D", "-J"))


@pytest.mark.parametrize("call", ["link", "rename", "unlink"])
@pytest.mark.parametrize("number", range(4))
def test_a_move_that_is_cut_off_leaves_the_message_once(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    (held,) = spool.commit([arrive(spool)])
    assert not isinstance(held, OSError)
    Journal(held.path("-J")).add(["c@d.ex"])
    left = iter(range(number))
    real = getattr(os, call)

    def cut(*args: str) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        real(*args)

    with monkeypatch.context() as patched:
        patched.setattr(os, call, cut)
        try:
            spool.move(ID, held.place, "night")
        except KeyboardInterrupt:
            pass
    held.close()
    assert whole(spool, "") + whole(spool, "night") == 1
    if whole(spool, ""):
        with spool.lock(ID) as again:
            spool.move(ID, again.place, "night")
    assert whole(spool, "night")
    assert spool.count() == 0


def test_a_message_that_is_moved_while_somebody_asks_for_it(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    (held,) = spool.commit([arrive(spool)])
    assert not isinstance(held, OSError)

    def moved_first(fd: int, message_id: str) -> bool:
        spool.move(ID, Place(), "night")
        held.close()
        return try_lock(fd, message_id)

    monkeypatch.setattr(store, "try_lock", moved_first)
    with pytest.raises(MessageNotFoundError):
        spool.lock(ID)


def test_a_journal_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "journal")
    journal = Journal(path)
    journal.add(["a@b.ex"])
    sizes = [3]

    def full(fd: int, data: bytes) -> int:
        if not sizes:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, bytes(data)[: sizes.pop()])

    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            journal.add(["c@d.ex"])
    journal.add(["e@f.ex"])
    assert read_journal(path) == {"a@b.ex", "e@f.ex"}


def test_a_done_message_that_cannot_be_removed_does_not_hold_up_others(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = spool.commit([arrive(spool), arrive(spool, OTHER)])
    assert isinstance(first, LockedMessage)
    assert isinstance(second, LockedMessage)
    real = Spool.remove

    def remove(self: Spool, message_id: str, *args: object, **more: object) -> None:
        if message_id == ID:
            raise PermissionError(errno.EACCES, "Permission denied")
        real(self, message_id, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Spool, "remove", remove)
    failure, done = spool.remove_done([first, second])
    assert isinstance(failure, PermissionError)
    assert done is None
    assert spool.ids_at(spool.place_for(ID)) == [ID]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes folders of others")
def test_a_folder_that_root_makes_is_its_owners_at_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for count in range(20):
        folder = f"./{count}/input/a"

        def work(number: int, folder: str = folder) -> str:
            os.chdir(tmp_path)  # others may not read the folders above
            spool = Spool(".", uid=65534, gid=65534)
            if number % 2:
                while not os.path.lexists(folder):
                    pass
                os.setresuid(65534, 65534, 65534)
            else:
                spool.make_folder(folder)
            with open(f"{folder}/{number}", "wb"):
                return "made"

        assert in_processes(work) == ["made"] * AT_ONCE
        made = tmp_path / folder
        assert len(os.listdir(made)) == AT_ONCE
        assert made.stat().st_uid == 65534
        assert os.listdir(made.parent) == ["a"]


def test_the_umask_of_the_caller_does_not_matter(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        spool = Spool(str(tmp_path / "spool"), split=True)
        (held,) = spool.commit([arrive(spool)])
        assert isinstance(held, LockedMessage)
        log = MessageLog(held.log_path, null_log())
        log.write("Received from a@b.ex")
        log.close()
        held.close()
    finally:
        os.umask(umask)
    found = [path for path in (tmp_path / "spool").rglob("*") if path.suffix != ".ex"]
    folders = {path.stat().st_mode & 0o777 for path in found if path.is_dir()}
    assert folders == {0o750}
    assert {path.stat().st_mode & 0o777 for path in found if path.is_file()} == {0o640}
