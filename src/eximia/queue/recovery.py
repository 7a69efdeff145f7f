"""What crashes and mishaps leave in the spool, and what queue runs do about it.

* A damaged message is reported, and removed when it is older than `keep_malformed`. That holds for an empty header
  file, too: an interrupted reception leaves one, but so may a broken disk, and then the body is all there is.
* A message whose writing a power cut interrupted was never acknowledged; it is removed.
* A body without a header file (the removal of a done message, or a reception, was interrupted) goes after a day; so
  does a new header file that was not put in its place (a process was killed in that moment).
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from eximia.message.dates import interval
from eximia.message.ids import is_message_id, seconds_of
from eximia.spool import (
    MessageLockedError,
    MessageNotFoundError,
    Place,
    Spool,
    SpoolFormatError,
    UnreadableMessageError,
)
from eximia.spool.durable import is_torn

if TYPE_CHECKING:
    from eximia.context import Process

#: how long a body without a header file is left alone
ORPHAN_AGE = 86400


def report_damaged(
    process: Process, message_id: str, queue: str, error: SpoolFormatError | UnreadableMessageError
) -> None:
    """Log what is wrong with a message that cannot be read, and remove it when it has been there for too long. A
    message that the system does not give us just now may be whole: it stays."""
    log = process.log
    log.main(str(error), message_id)
    if isinstance(error, UnreadableMessageError) and not error.gone:
        return
    keep: int = process.main.keep_malformed
    if process.ports.clock.time() - seconds_of(message_id) <= keep:
        return
    spool: Spool = process.spool
    try:
        with spool.lock(message_id, queue) as held:
            held.remove()
    except (MessageLockedError, MessageNotFoundError, OSError):
        return
    log.main(f"Message removed because older than {interval(keep)}", message_id)


def remove_torn(process: Process, message_id: str, queue: str, booted: float) -> bool:
    """Remove a message that came before the machine started (`booted`) and was never completely written.

    True when it was removed.
    """
    if seconds_of(message_id) >= booted:
        return False
    spool: Spool = process.spool
    try:
        with spool.lock(message_id, queue) as held:
            header = held.read()
            if not header.deliver_firsttime or header.spool_file_wireformat:
                return False
            if not is_torn(held, header.body_linecount, float(header.received_time), booted):
                return False
            held.remove()
    except (MessageLockedError, MessageNotFoundError, SpoolFormatError, OSError):
        return False
    process.log.main("Unfinished message of before the last restart of the machine removed", message_id)
    return True


def remove_orphans(spool: Spool, place: Place, now: float) -> list[str]:
    """Remove bodies and journals that have had no header file for a day, and header files that have waited for their
    place so long; the ids concerned."""
    folder = spool.folder(place)
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    whole = {name[:-2] for name in names if name[-2:] == "-H"}
    removed = []
    left = [name for name in names if (name[-2:] in {"-D", "-J"} and name[:-2] not in whole) or name[:4] == "hdr."]
    for name in left:
        message_id = name[4:] if name[:4] == "hdr." else name[:-2]
        if not is_message_id(message_id):
            continue
        try:
            if now - os.stat(f"{folder}/{name}").st_mtime >= ORPHAN_AGE and _remove_orphan(spool, place, name):
                removed.append(message_id)
        except (MessageLockedError, MessageNotFoundError, OSError):
            continue
    return removed


def _remove_orphan(spool: Spool, place: Place, name: str) -> bool:
    """Remove it if it is one still: since the folder was read its message may have come whole from another queue, and
    a header file that is replaced in that moment is missing in the listings of some file systems."""
    if name[:4] == "hdr.":
        with suppress(MessageNotFoundError), spool.lock(name[4:], place.queue):
            os.unlink(f"{spool.folder(place)}/{name}")
            return True
        os.unlink(f"{spool.folder(place)}/{name}")  # the message is gone
        return True
    message_id, suffix = name[:-2], name[-2:]
    if suffix == "-J" and not os.path.exists(spool.path(message_id, "-D", place)):
        os.unlink(spool.path(message_id, suffix, place))
        return True
    with spool.lock(message_id, place.queue) as held:
        if held.place != place or os.path.exists(held.path("-H")):
            return False
        os.unlink(held.path(suffix))
        return True
