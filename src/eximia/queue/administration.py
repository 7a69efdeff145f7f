"""What an administrator does to messages in the queue: freezing, removing, editing (manual chapter 5, -M...).

Plain functions; each takes the message's lock, changes the files, writes the log line, and says what Exim says. Who may
call is decided by the caller (`cli.messages`, the console).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.context import Recipient
from eximia.message.address import AddressSyntaxError, Syntax, parse_address
from eximia.spool import LockedMessage, MessageLockedError, MessageNotFoundError, Spool, SpoolFormatError
from eximia.spool.header_file import SpoolHeader

if TYPE_CHECKING:
    from eximia.context import Process


@dataclass(frozen=True, slots=True)
class Done:
    """How it went, and the lines to show."""

    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who acts, on which queue."""

    process: Process
    #: the login name that log lines show
    who: str
    queue: str = ""
    now: int = 0

    def log(self, text: str, message_id: str) -> None:
        self.process.log.main(text, message_id)

    def lock(self, message_id: str) -> LockedMessage | Done:
        """The locked message, or what to say."""
        spool: Spool = self.process.spool
        try:
            return spool.lock(message_id, self.queue)
        except MessageLockedError as error:
            self.log(str(error), message_id)
            return Done(ok=False, text=f"Message {message_id} is locked\n")
        except MessageNotFoundError as error:
            self.log(str(error), message_id)
            return Done(ok=False, text=f"Spool data file for {message_id} does not exist\n")
        except OSError as error:
            return Done(ok=False, text=f"Failed to open data file for {message_id}: {error.strerror}\n")


def _nothing(_: SpoolHeader) -> list[str]:
    return []


Edit = Callable[[Administrator, SpoolHeader, LockedMessage], Done]


def _edit(
    admin: Administrator, message_id: str, change: Edit, doing: str, done: Callable[[SpoolHeader], list[str]] = _nothing
) -> Done:
    """Lock, read, change, and write when the change says it is good. `doing` is what could not be written, `done` the
    log lines that come after the writing."""
    held = admin.lock(message_id)
    if isinstance(held, Done):
        return held
    with held:
        try:
            header = admin.process.spool.read(message_id, held.place)
        except SpoolFormatError:
            return Done(ok=False, text=f"Spool format error for {message_id}-H\n")
        except OSError as error:
            return Done(ok=False, text=f"Spool read error for {message_id}-H: {error.strerror}\n")
        if not admin.process.is_admin:
            return Done(ok=False, text="Permission denied\n")
        result = change(admin, header, held)
        if result.ok:
            try:
                held.write(header)
            except OSError as error:
                why = f"spool file write error while modifying: {error.strerror}"
                return Done(ok=False, text=f"Message {message_id} {doing}: {why}\n")
            for line in done(header):
                admin.log(line, message_id)
        return result


def freeze(admin: Administrator, message_id: str) -> Done:
    """-Mf"""

    def change(admin: Administrator, header: SpoolHeader, held: LockedMessage) -> Done:
        if header.frozen >= 0:
            return Done(ok=False, text=f"Message {held.id} is already frozen\n")
        header.frozen = admin.now
        header.manual_thaw = False
        return Done(ok=True, text=f"Message {held.id} is now frozen\n")

    return _edit(admin, message_id, change, "could not be frozen", lambda _: [f"frozen by {admin.who}"])


def thaw(admin: Administrator, message_id: str) -> Done:
    """-Mt"""

    def change(admin: Administrator, header: SpoolHeader, held: LockedMessage) -> Done:
        if header.frozen < 0:
            return Done(ok=False, text=f"Message {held.id} is not frozen\n")
        header.frozen = -1
        header.manual_thaw = True
        return Done(ok=True, text=f"Message {held.id} is no longer frozen\n")

    return _edit(admin, message_id, change, "could not be unfrozen", lambda _: [f"unfrozen by {admin.who}"])


def add_recipients(admin: Administrator, message_id: str, addresses: Sequence[str]) -> Done:
    """-Mar"""

    def change(admin: Administrator, header: SpoolHeader, held: LockedMessage) -> Done:
        doing = "adding recipient"
        if not addresses:
            return _no_address(held.id, doing)
        wrong = ""
        for text in addresses:
            address = _parse(text)
            if isinstance(address, _Bad):
                wrong += f"- error while {doing}:\n  bad address {text}: {address}\n"
                continue
            header.recipients.append(Recipient(address))
            admin.log(f"recipient <{address}> added by {admin.who}", held.id)
        return Done(ok=False, text=f"Message {held.id} {wrong}") if wrong else _modified(held.id)

    return _edit(admin, message_id, change, "- while adding recipient")


def edit_sender(admin: Administrator, message_id: str, addresses: Sequence[str]) -> Done:
    """-Mes"""

    def change(admin: Administrator, header: SpoolHeader, held: LockedMessage) -> Done:
        doing = "editing sender"
        if not addresses:
            return _no_address(held.id, doing)
        if len(addresses) > 1:
            return Done(ok=False, text=f"Message {held.id} - only one sender address can be specified\n")
        address = _parse(addresses[0], allow_null=True)
        if isinstance(address, _Bad):
            return Done(
                ok=False, text=f"Message {held.id} - error while {doing}:\n  bad address {addresses[0]}: {address}\n"
            )
        header.sender = address
        admin.log(f"sender address changed to <{address}> by {admin.who}", held.id)
        return _modified(held.id)

    return _edit(admin, message_id, change, "- while editing sender")


def mark_delivered(admin: Administrator, message_id: str, addresses: Sequence[str]) -> Done:
    """-Mmd"""

    def change(admin: Administrator, header: SpoolHeader, held: LockedMessage) -> Done:
        doing = "marking as delivered"
        if not addresses:
            return _no_address(held.id, doing)
        known = {recipient.address for recipient in header.recipients}
        wrong = ""
        for text in addresses:
            address = _parse(text)
            if isinstance(address, _Bad):
                wrong += f"- error while {doing}:\n  bad address {text}: {address}\n"
            elif address not in known:
                wrong += f"- error while {doing}:\n  {address} is not a recipient: message not updated\n"
            else:
                header.nonrecipients.add(address)
                admin.log(f"address <{address}> marked delivered by {admin.who}", held.id)
        return Done(ok=False, text=f"Message {held.id} {wrong}") if wrong else _modified(held.id)

    return _edit(admin, message_id, change, "- while marking as delivered")


def mark_all_delivered(admin: Administrator, message_id: str) -> Done:
    """-Mmad"""

    def change(admin: Administrator, header: SpoolHeader, held: LockedMessage) -> Done:
        for recipient in header.recipients:
            header.nonrecipients.add(recipient.address)
        return _modified(held.id)

    def marked(header: SpoolHeader) -> list[str]:
        return [f"address <{recipient.address}> marked delivered by {admin.who}" for recipient in header.recipients]

    return _edit(admin, message_id, change, "could not mark all delivered", marked)


def remove(admin: Administrator, message_id: str, *, caller_uid: int = -1) -> Done:
    """-Mrm. `caller_uid` not -1: only the user who made the message may remove it."""
    spool = admin.process.spool
    held = admin.lock(message_id)
    if isinstance(held, Done):
        if caller_uid >= 0 or held.text.endswith("is locked\n") or not held.text.startswith("Spool data file"):
            return held
        place = spool.find_header(message_id, admin.queue)
        text = f"{held.text}Continuing, to ensure all files removed\n"
        if place is None:
            text += f"Spool read error for {message_id}-H: No such file or directory\n"
            text += "Continuing to ensure all files removed\n"
        spool.remove(message_id, place or spool.place_for(message_id, admin.queue))
        return Done(ok=False, text=f"{text}Message {message_id} has been removed or did not exist\n")
    with held:
        text = ""
        try:
            header = spool.read(message_id, held.place)
            if caller_uid >= 0 and caller_uid != header.uid:
                return Done(ok=False, text="Permission denied\n")
        except (SpoolFormatError, OSError) as error:
            if caller_uid >= 0:
                return Done(ok=False, text="Permission denied\n")
            if isinstance(error, SpoolFormatError):
                text = f"Spool format error for {message_id}-H\n"
            else:
                text = f"Spool read error for {message_id}-H: {error.strerror}\n"
            text += "Continuing to ensure all files removed\n"
        held.remove(keep_log=False)
        admin.log(f"removed by {admin.who}", message_id)
        admin.log("Completed", message_id)
        return Done(ok=not text, text=f"{text}Message {message_id} has been removed\n")


def move(admin: Administrator, message_id: str, queue: str) -> Done:
    """-MG"""
    held = admin.lock(message_id)
    if isinstance(held, Done):
        return held
    with held:
        source = held.place.queue
        if source == queue:
            return Done(ok=False, text=f"Message {message_id} is in {_folders(queue)} already")
        try:
            admin.process.spool.move(message_id, held.place, queue)
        except OSError as error:
            return Done(ok=False, text=f"Message {message_id} not moved: {error.strerror}")
        admin.log(f"moved from {_folders(source)} to {_folders(queue)}", message_id)
    return Done(ok=True, text=f"Message {message_id} ")


def _folders(queue: str) -> str:
    return f"({queue}) input, msglog" if queue else "input, msglog"


class _Bad(str):
    """Why an address is none."""

    __slots__ = ()


def _parse(text: str, *, allow_null: bool = False) -> str:
    try:
        parsed = parse_address(text, allow_null=allow_null, syntax=Syntax(allow_domain_literals=True))
    except AddressSyntaxError as error:
        return _Bad(error.message)
    if parsed.address and not parsed.domain:
        return _Bad("domain missing")
    return parsed.address


def _no_address(message_id: str, doing: str) -> Done:
    return Done(ok=False, text=f"Message {message_id} - error while {doing}: no address given\n")


def _modified(message_id: str) -> Done:
    return Done(ok=True, text=f"Message {message_id} has been modified\n")
