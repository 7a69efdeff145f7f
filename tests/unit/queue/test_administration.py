import errno
from collections.abc import Callable

import pytest

from eximia.queue.administration import (
    Administrator,
    Done,
    add_recipients,
    edit_sender,
    freeze,
    mark_all_delivered,
    mark_delivered,
    move,
    remove,
    thaw,
)
from eximia.spool import LockedMessage

from .house import NOW, House

A, NONE = "1xV3H1-0001qt-0A", "1xV3H9-0001qt-0A"


@pytest.fixture
def admin(house: House) -> Administrator:
    house.add(A, to=("x@y.ex", "Z@y.ex"))
    return Administrator(house.process, "root", now=NOW)


def test_freeze_and_thaw(house: House, admin: Administrator) -> None:
    assert freeze(admin, A).text == f"Message {A} is now frozen\n"
    again = freeze(admin, A)
    assert (again.ok, again.text) == (False, f"Message {A} is already frozen\n")
    assert house.process.spool.read(A).frozen == NOW
    assert thaw(admin, A).text == f"Message {A} is no longer frozen\n"
    assert thaw(admin, A).text == f"Message {A} is not frozen\n"
    header = house.process.spool.read(A)
    assert (header.frozen, header.manual_thaw) == (-1, True)
    assert house.main_log() == [f"{A} frozen by root", f"{A} unfrozen by root"]


def test_locked_and_missing(house: House, admin: Administrator) -> None:
    with house.process.spool.lock(A):
        assert freeze(admin, A).text == f"Message {A} is locked\n"
        assert mark_all_delivered(admin, A).text == f"Message {A} is locked\n"
        assert remove(admin, A).text == f"Message {A} is locked\n"
    assert not thaw(admin, NONE).ok
    assert thaw(admin, NONE).text == f"Spool data file for {NONE} does not exist\n"
    assert house.main_log()[0] == (f"{A} Spool file for {A} is locked (another process is handling this message)")
    assert house.main_log()[-1] == f"{NONE} Spool file {NONE}-D not found"


def test_recipients(house: House, admin: Administrator) -> None:
    assert add_recipients(admin, A, ["new@y.ex"]).text == f"Message {A} has been modified\n"
    assert add_recipients(admin, A, []).text == f"Message {A} - error while adding recipient: no address given\n"
    assert add_recipients(admin, A, ["unq"]).text == (
        f"Message {A} - error while adding recipient:\n  bad address unq: domain missing\n"
    )
    assert add_recipients(admin, A, ["a b@c"]).text == (
        f"Message {A} - error while adding recipient:\n"
        '  bad address a b@c: missing or malformed local part (expected word or "<")\n'
    )
    assert [each.address for each in house.process.spool.read(A).recipients] == ["x@y.ex", "Z@y.ex", "new@y.ex"]


def test_sender(house: House, admin: Administrator) -> None:
    assert edit_sender(admin, A, ["<>"]).ok
    assert house.process.spool.read(A).sender == ""
    assert house.main_log() == [f"{A} sender address changed to <> by root"]
    assert edit_sender(admin, A, ["a", "b"]).text == f"Message {A} - only one sender address can be specified\n"


def test_marking(house: House, admin: Administrator) -> None:
    bad = mark_delivered(admin, A, ["x@y.ex", "z@y.ex"])
    assert bad.text == (
        f"Message {A} - error while marking as delivered:\n  z@y.ex is not a recipient: message not updated\n"
    )
    assert house.process.spool.read(A).nonrecipients == set()
    assert mark_delivered(admin, A, ["Z@y.ex"]).ok
    assert mark_all_delivered(admin, A).text == f"Message {A} has been modified\n"
    assert house.process.spool.read(A).nonrecipients == {"x@y.ex", "Z@y.ex"}


def test_remove(house: House, admin: Administrator) -> None:
    assert remove(admin, A, caller_uid=12345).text == "Permission denied\n"
    assert remove(admin, A).text == f"Message {A} has been removed\n"
    assert list((house.folder / "input").iterdir()) == []
    assert house.main_log() == [f"{A} removed by root", f"{A} Completed"]
    gone = remove(admin, A)
    assert not gone.ok
    assert gone.text == (
        f"Spool data file for {A} does not exist\nContinuing, to ensure all files removed\n"
        f"Spool read error for {A}-H: No such file or directory\nContinuing to ensure all files removed\n"
        f"Message {A} has been removed or did not exist\n"
    )


def test_remove_damaged(house: House, admin: Administrator) -> None:
    (house.folder / "input" / f"{A}-H").write_text("rubbish")
    assert freeze(admin, A).text == f"Spool format error for {A}-H\n"
    assert remove(admin, A).text == (
        f"Spool format error for {A}-H\nContinuing to ensure all files removed\nMessage {A} has been removed\n"
    )


def test_move_to_where_it_is(house: House, admin: Administrator) -> None:
    done = move(admin, A, "")
    assert (done.ok, done.text) == (False, f"Message {A} is in input, msglog already")
    assert house.process.spool.count() == 1


def test_move(house: House, admin: Administrator) -> None:
    assert move(admin, A, "night").text == f"Message {A} "
    assert house.process.spool.count() == 0
    assert house.process.spool.count("night") == 1
    back = Administrator(house.process, "root", "night", NOW)
    assert move(back, A, "").ok
    assert house.main_log() == [
        f"{A} moved from input, msglog to (night) input, msglog",
        f"{A} moved from (night) input, msglog to input, msglog",
    ]


@pytest.mark.parametrize(
    ("action", "says", "logged"),
    [
        (freeze, "could not be frozen", []),
        (mark_all_delivered, "could not mark all delivered", []),
        (lambda *who: edit_sender(*who, ["b@c.ex"]), "- while editing sender", ["sender address changed to <b@c.ex>"]),
        (lambda *who: add_recipients(*who, ["b@c.ex"]), "- while adding recipient", ["recipient <b@c.ex> added"]),
        (
            lambda *who: mark_delivered(*who, ["x@y.ex"]),
            "- while marking as delivered",
            ["address <x@y.ex> marked delivered"],
        ),
    ],
)
def test_a_full_disk(
    house: House,
    admin: Administrator,
    monkeypatch: pytest.MonkeyPatch,
    action: Callable[..., Done],
    says: str,
    logged: list[str],
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(LockedMessage, "write", full)
    why = "spool file write error while modifying: No space left on device"
    assert action(admin, A) == Done(ok=False, text=f"Message {A} {says}: {why}\n")
    assert house.main_log() == [f"{A} {text} by root" for text in logged]
