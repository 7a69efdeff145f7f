"""The end of an attempt: bounces, reports, warnings, freezing, and what the spool keeps (manual 3.7, 3.16, 3.17)."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from eximia.context import Address, Recipient
from eximia.message.dates import elapsed
from eximia.spool.snapshot import to_header

from .events import complete_event
from .outcomes import time_in_queue
from .settings import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eximia.context import Process
    from eximia.spool.header_file import SpoolHeader
    from eximia.spool.store import LockedMessage

    from .attempt import Attempt


#: seconds for which an attempt waits for a full disk
PATIENCE: Final = 30
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def finish(attempt: Attempt) -> AttemptEnd:
    """Tell whom it concerns, then remove the message or write down what remains."""
    if (attempt.succeeded or "dsn_redirected" in attempt.message.notes) and _wants_reports(attempt):
        from .dsn import send_success_reports

        send_success_reports(attempt)
    if attempt.failed:
        from .bounces import send_bounces

        send_bounces(attempt)
    if not attempt.deferred and not attempt.wanted_freeze:
        complete(attempt)
        return AttemptEnd.COMPLETED
    return _keep(attempt)


def _wants_reports(attempt: Attempt) -> bool:
    return any(recipient.dsn_flags for recipient in attempt.message.recipients)


def complete(attempt: Attempt) -> None:
    """Nothing remains: the line `Completed`, and the files go."""
    process = attempt.process
    message = attempt.message
    selectors = attempt.log.selectors
    text = "Completed"
    if selectors.queue_time_overall:
        text += f" QT={elapsed(time_in_queue(attempt), millisec=selectors.millisec)}"
    attempt.log.main(text, message.id)
    if process.main.event_action is not None:
        complete_event(attempt, process.main.event_action)
    if process.main.preserve_message_logs:
        attempt.progress.write_notes()
        process.ports.blocking(_remove_but_log, attempt)
    elif attempt.progress.logged or not attempt.locked.dismiss(final=not attempt.local):
        process.ports.together(process.spool.remove_done, attempt.locked)


def _remove_but_log(attempt: Attempt) -> None:
    """`preserve_message_logs`: the message log moves to `msglog.OLD`."""
    locked = attempt.locked
    spool = attempt.process.spool
    folder = spool.folder(locked.place, "msglog.OLD")
    spool.make_folder(folder)
    try:
        os.rename(locked.log_path, f"{folder}/{locked.id}")
    except FileNotFoundError:
        pass
    locked.remove(keep_log=True)


def _keep(attempt: Attempt) -> AttemptEnd:
    """Something remains: warn, freeze when asked to, write the -H file anew when it would differ."""
    message = attempt.message
    progress = attempt.progress
    was_first = message.first_delivery
    _one_time(attempt)
    frozen = attempt.wanted_freeze
    if frozen:
        _freeze(attempt)
    if attempt.deferred and not frozen and not message.frozen and not attempt.settings.only_host:
        from .warnings import send_warning

        if send_warning(attempt):
            progress.changed = True
    # The first pass of -qq does not count.
    message.first_delivery = was_first and attempt.settings.first_pass
    if progress.changed or frozen or was_first:
        _write_header(attempt)
        progress.settled()
    progress.write_notes()
    if frozen and attempt.process.main.move_frozen_messages:
        set_aside(attempt.process, attempt.locked)
    return AttemptEnd.FROZEN if message.frozen else AttemptEnd.REMAINS


def set_aside(process: Process, locked: LockedMessage) -> None:
    """`move_frozen_messages`: out of the queue, to `Finput` and `Fmsglog`."""
    try:
        process.spool.set_aside(locked.id, locked.place)
    except OSError as error:
        process.log.panic(f"failed to move frozen message to Finput: {error.strerror}", locked.id)
    else:
        process.log.main("moved from input, msglog to Finput, Fmsglog", locked.id)


def _write_header(attempt: Attempt) -> None:
    attempt.process.ports.blocking(attempt.locked.write, _header(attempt))


def insist(attempt: Attempt, error: OSError) -> None:
    """The attempt was cut off, and the disk does not take what it did. A message in the arrival log may know it; with
    one that has files we wait while the disk is full, and have its lock meanwhile: others would deliver again."""
    process = attempt.process
    if process.ports.blocking(attempt.locked.remember, _header(attempt)) or error.errno not in _FULL:
        return
    for _ in range(PATIENCE):
        process.ports.clock.sleep(1.0)
        try:
            attempt.progress.save(more_to_come=True)
        except OSError:
            continue
        return


def _header(attempt: Attempt) -> SpoolHeader:
    header = to_header(attempt.message, attempt.ctx.session, primary_hostname=attempt.process.primary_hostname)
    if attempt.settings.pretend:
        header.dont_deliver = True
    return header


def _one_time(attempt: Attempt) -> None:
    """Addresses that a one_time redirection generated and that are not done become recipients of their own; the one
    they came from is done (manual 22.10)."""
    message = attempt.message
    # Exim looks at the latest first.
    children = [child for child in map(_one_time_child, reversed(attempt.deferred)) if child is not None]
    if not children:
        return
    # An address that leads back to itself waits as what it came from: that is not done, and is redirected again.
    kept = {each for child in children if _leads_back(child) for each in _ancestors(child)}
    known = {recipient.address for recipient in message.recipients}
    for child in children:
        redirected = child.parent
        if child.address in known or redirected in kept or redirected is None:
            continue
        known.add(child.address)
        message.recipients.append(
            Recipient(
                child.address,
                errors_to=child.errors_address or "",
                parent=child.onetime_parent,
                dsn_flags=child.dsn_flags,
                orcpt=child.dsn_orcpt,
            )
        )
        message.nonrecipients.add(redirected.unique)
        if redirected.parent is None:
            message.nonrecipients.add(redirected.address)
        attempt.progress.changed = True


def _one_time_child(address: Address) -> Address | None:
    """The nearest among `address` and its ancestors that a one_time router made."""
    for here in (address, *_ancestors(address)):
        if here.one_time and here.onetime_parent >= 0:
            return here
    return None


def _ancestors(address: Address) -> Iterator[Address]:
    here = address.parent
    while here is not None:
        yield here
        here = here.parent


def _leads_back(address: Address) -> bool:
    return any(here.address == address.address for here in _ancestors(address))


def _freeze(attempt: Attempt) -> None:
    """Freeze the message; tell freeze_tell, unless it is a bounce of ours."""
    message = attempt.message
    message.frozen = True
    message.frozen_at = attempt.process.ports.clock.time()
    tell = attempt.process.main.freeze_tell
    if tell and not message.local_error_message:
        from .freezing import tell_frozen

        tell_frozen(attempt, tell)
    attempt.log.main(f"Frozen{attempt.freeze_reason}", message.id)
    attempt.progress.plain_note(f"*** Frozen{attempt.freeze_reason}")
