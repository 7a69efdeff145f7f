"""`-M...`: actions on messages by their ids (manual chapter 5). Texts and exit codes are Exim's.

Deliveries (`-M`, `-Mc`, `-Mg`) are made by the function the caller gives.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from eximia.queue import administration as queue
from eximia.queue.administration import Administrator, Done
from eximia.spool import MessageNotFoundError, SpoolFormatError, UnreadableMessageError
from eximia.spool.store import MSGLOG

if TYPE_CHECKING:
    from eximia.context import Process

#: actions that need no administrator when `prod_requires_admin` is off
PROD = frozenset({"M", "Mc"})
_ONE_BY_ONE: dict[str, Callable[[Administrator, str], Done]] = {
    "Mf": queue.freeze,
    "Mt": queue.thaw,
    "Mmad": queue.mark_all_delivered,
}
_WITH_ADDRESSES: dict[str, Callable[[Administrator, str, Sequence[str]], Done]] = {
    "Mar": queue.add_recipients,
    "Mes": queue.edit_sender,
    "Mmd": queue.mark_delivered,
}
_VIEWS = {"Mvb": "-D", "Mvh": "-H", "Mvl": ""}


class DeliverNow(Protocol):
    """One delivery attempt for `-M` (forced), `-Mc`, `-Mg` (`give_up` text)."""

    def __call__(self, message_id: str, *, queue: str, forced: bool, give_up: str) -> object: ...


def act(
    process: Process,
    action: str,
    arguments: Sequence[str],
    deliver: DeliverNow,
    *,
    queue_name: str = "",
    prod_requires_admin: bool = True,
) -> int:
    """Do `action` ("Mf", "Mvh"...) with its arguments; the exit status. Text goes to standard output."""
    from pwd import getpwuid

    if action in PROD:
        allowed = process.is_admin or not prod_requires_admin
        return _deliver(process, action, arguments, deliver, queue_name, allowed=allowed)
    if action in _VIEWS or action == "Mvc":
        return _view(process, action, arguments, queue_name)
    if not process.is_admin and action in ("MG", "Mg"):
        sys.stderr.write("exim: permission denied\n")
        return 1
    try:
        who = getpwuid(process.caller_uid).pw_name
    except KeyError:
        who = f"uid {process.caller_uid}"
    admin = Administrator(process, who, queue_name, int(process.ports.clock.time()))
    if action in _WITH_ADDRESSES:
        return _show(_WITH_ADDRESSES[action](admin, arguments[0], arguments[1:]))
    if action == "MG":
        return _all(arguments[1:], lambda message_id: queue.move(admin, message_id, arguments[0]), end="\n")
    if action == "Mrm":
        uid = -1 if process.is_admin else process.caller_uid
        return _all(arguments, lambda message_id: queue.remove(admin, message_id, caller_uid=uid))
    if action == "Mg":
        for message_id in arguments:
            _give_up(admin, message_id, deliver)
        return 0
    end = "\n" if action == "Mmad" else ""
    return _all(arguments, lambda message_id: _ONE_BY_ONE[action](admin, message_id), end=end)


def _show(done: Done) -> int:
    _say(done.text)
    return 0 if done.ok else 1


def _all(ids: Sequence[str], one: Callable[[str], Done], *, end: str = "") -> int:
    status = 0
    for message_id in ids:
        status |= _show(one(message_id))
    _say(end)
    return status


def _deliver(
    process: Process, action: str, ids: Sequence[str], deliver: DeliverNow, queue_name: str, *, allowed: bool
) -> int:
    if not allowed:
        sys.stderr.write("exim: Permission denied\n")
        return 1
    for message_id in ids:
        _attempt(
            process,
            message_id,
            queue_name,
            lambda each: deliver(each, queue=queue_name, forced=action == "M", give_up=""),
        )
    return 0


def _attempt(process: Process, message_id: str, queue_name: str, deliver: Callable[[str], object]) -> None:
    """A delivery; a message that cannot be read is reported as in a queue run."""
    if process.log.verbose:
        sys.stderr.write(f"delivering {message_id}\n")
    try:
        deliver(message_id)
    except (SpoolFormatError, UnreadableMessageError) as error:
        from eximia.queue.recovery import report_damaged

        report_damaged(process, message_id, queue_name, error)


def _give_up(admin: Administrator, message_id: str, deliver: DeliverNow) -> None:
    held = admin.lock(message_id)
    if isinstance(held, Done):
        return
    try:
        frozen = held.read().frozen >= 0
    except (SpoolFormatError, OSError):
        frozen = False
    held.close()

    def cancel(each: str) -> object:
        if frozen:
            admin.log("Unfrozen by forced delivery", each)
        admin.log(f"cancelled by {admin.who}", each)
        return deliver(each, queue=admin.queue, forced=True, give_up="cancelled by administrator")

    _attempt(admin.process, message_id, admin.queue, cancel)


def _view(process: Process, action: str, ids: Sequence[str], queue_name: str) -> int:
    """`-Mvb`, `-Mvh`, `-Mvl`, `-Mvc`."""
    if not process.is_admin and action != "Mvc":
        _say("Permission denied\n")
        return 1
    if action == "Mvc":
        return max(_copy(process, message_id, queue_name) for message_id in ids[:1])
    if len(ids) != 1:
        _say("*** Only one message can be listed at once\n")
        return 1
    message_id = ids[0]
    suffix = _VIEWS[action]
    spool = process.spool
    place = spool.find_header(message_id, queue_name) or spool.place_for(message_id, queue_name)
    path = spool.path(message_id, suffix, place) if suffix else spool.path(message_id, "", place, MSGLOG)
    try:
        with open(path, "rb") as file:
            _write(file.read())
    except OSError as error:
        kind = "input" if suffix else "msglog"
        _say(f"Failed to open {kind} file for {message_id}{suffix}: {error.strerror}\n")
        if not suffix and not process.main.message_logs:
            _say("(No message logs are being created because the message_logs option is false.)\n")
        return 1
    return 0


def _copy(process: Process, message_id: str, queue_name: str) -> int:
    """The whole message as it would be sent."""
    spool = process.spool
    place = spool.find(message_id, queue_name)
    if place is None:
        process.log.main(str(MessageNotFoundError(message_id, queue_name)), message_id)
        _say(f"Spool data file for {message_id} does not exist\n")
        return 1
    if not process.is_admin:
        _say("Permission denied\n")
        return 1
    try:
        header = spool.read(message_id, place)
    except SpoolFormatError:
        _say(f"Spool format error for {message_id}-H\n")
        return 1
    except OSError as error:
        _say(f"Spool read error for {message_id}-H: {error.strerror}\n")
        return 1
    _write("".join([line.text for line in header.headers if not line.deleted]).encode("latin-1") + b"\n")
    with open(spool.path(message_id, "-D", place), "rb") as file:
        file.readline()
        while chunk := file.read(1 << 20):
            _write(chunk)
    return 0


def _say(text: str) -> None:
    _write(text.encode("latin-1", "replace"))


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
