"""The two ways into delivery: a message just received, still in memory, and one that waits in the spool.

Both end in an `Attempt`. What frozen messages do by themselves in queue runs is decided here (manual 14
`auto_thaw`, `timeout_frozen_after`, `ignore_bounce_errors_after`).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from eximia.base.dataclass import replace
from eximia.base.text import Untainted
from eximia.context import Message, Process, Session
from eximia.logs.lines.events import IS_FROZEN
from eximia.spool.snapshot import restore
from eximia.spool.store import MessageLockedError, MessageNotFoundError, UnreadableMessageError

from .attempt import Attempt
from .finish import set_aside
from .settings import AttemptEnd, AttemptSettings
from .waiting import deliver_waiting

if TYPE_CHECKING:
    from eximia.spool.store import LockedMessage

_IMMEDIATE = AttemptSettings()


def deliver_received(
    process: Process,
    session: Session,
    message: Message,
    locked: LockedMessage,
    settings: AttemptSettings = _IMMEDIATE,
) -> AttemptEnd:
    """The first attempt, right after reception. `locked` is what making the message durable returned; the lock is
    given up at the end."""
    if process.log.verbose:
        announce(message.id)
    return _run(Attempt(process, session, message, locked, settings))


def announce(message_id: str, why: str = "") -> None:
    """What -v tells at the start of an attempt."""
    sys.stderr.write(f"delivering {message_id}{why}\n")
    sys.stderr.flush()


def _run(attempt: Attempt) -> AttemptEnd:
    """The attempt, then those of messages that wait for a host it reached."""
    end = attempt.run()
    if attempt.reached and not attempt.settings.only_host:
        deliver_waiting(attempt)
    return end


def start(
    process: Process,
    session: Session,
    message: Message,
    locked: LockedMessage,
    *,
    wait: bool = False,
    pretend: bool = False,
    queue_smtp: bool = False,
) -> AttemptEnd | None:
    """The service `deliver`: make the first attempt beside the caller, or with `wait` before returning (-odi, -odf).
    `pretend` is -N, `queue_smtp` -odqs. What goes wrong inside leaves the message in the spool and a line in the panic
    log."""
    settings = AttemptSettings(pretend=pretend, queue_smtp=queue_smtp) if pretend or queue_smtp else _IMMEDIATE
    if wait:
        return _guarded(process, session, message, locked, settings)
    if process.ports.detach(process, _guarded, process, session, message, locked, settings):
        locked.close()  # the other process holds the lock by its own descriptor
        if message.held is not None:
            message.held.connection.stream.abort()  # and the session
    return None


def _guarded(
    process: Process, session: Session, message: Message, locked: LockedMessage, settings: AttemptSettings
) -> AttemptEnd:
    try:
        return deliver_received(process, session, message, locked, settings)
    except Exception as error:  # noqa: BLE001 the message is in the spool and will be tried again
        process.log.panic(f"delivery attempt failed: {type(error).__name__}: {error}", message.id)
        return AttemptEnd.REMAINS
    finally:
        if message.held is not None:  # the routers sent it elsewhere
            message.held.drop()


def deliver_message(
    process: Process, message_id: str, settings: AttemptSettings = _IMMEDIATE, *, queue: str = ""
) -> AttemptEnd:
    """One attempt of a message in the spool. Raises SpoolFormatError for a damaged -H file, UnreadableMessageError for
    one that cannot be read."""
    try:
        locked = process.spool.lock(message_id, queue)
    except MessageLockedError as error:
        if process.log.selectors.skip_delivery:
            process.log.main(str(error), message_id)
        return AttemptEnd.SKIPPED
    except MessageNotFoundError as error:
        if not settings.queue_run:
            process.log.main(str(error), message_id)
        return AttemptEnd.SKIPPED
    except OSError as error:
        raise UnreadableMessageError(message_id, error) from error
    try:
        try:
            header = locked.read()
        except OSError as error:
            raise UnreadableMessageError(message_id, error) from error
        message, session = restore(header, locked)
        if settings.turned is not None:
            session.turned = settings.turned
            session.notes["atrn_host"] = Untainted(settings.turned_host)
            session.notes["atrn_mode"] = Untainted("P")
        if message.notes.get("dont_deliver"):
            settings = replace(settings, pretend=True)
        if settings.give_up and not message.sender_address:
            settings = replace(settings, drop=True)
        if message.frozen:
            decided = _frozen(process, message, settings)
            if decided is None:
                if process.main.move_frozen_messages:
                    set_aside(process, locked)
                elif process.log.selectors.skip_delivery:
                    process.log.main(IS_FROZEN, message.id)
                locked.close()
                return AttemptEnd.SKIPPED
            settings = decided
    except BaseException:
        locked.close()
        raise
    attempt = Attempt(process, session, message, locked, settings)
    if not message.frozen and header.frozen >= 0:
        attempt.progress.changed = True
    return _run(attempt)


def _frozen(process: Process, message: Message, settings: AttemptSettings) -> AttemptSettings | None:
    """What to do with a frozen message: None: leave it."""
    log = process.log
    main = process.main
    now = process.ports.clock.time()
    if settings.give_up:
        return settings
    if settings.deliver_frozen:
        message.frozen = False
        message.manually_thawed = True
        log.main("Unfrozen by forced delivery", message.id)
        return settings
    age = now - message.received_time
    if main.timeout_frozen_after and age >= main.timeout_frozen_after:
        message.frozen = False
        log.main("cancelled by timeout_frozen_after", message.id)
        return replace(settings, give_up="message has been frozen for too long", drop=not message.sender_address)
    if not message.sender_address and age >= main.ignore_bounce_errors_after:
        message.frozen = False
        log.main("Unfrozen by errmsg timer", message.id)
        return settings
    if message.sender_address and main.auto_thaw and now >= message.frozen_at + main.auto_thaw:
        message.frozen = False
        log.main("Unfrozen by auto-thaw", message.id)
        return settings
    return None
