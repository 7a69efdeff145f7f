"""A message of the queue: what is left of it, and what the retry hints say of its recipients."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from eximia.base.namedtuple import NamedTuple
from eximia.cli.utilities.exinext import concerns, show

if TYPE_CHECKING:
    from eximia.context import Process


class Queued(NamedTuple):
    """`text` is the message's entry in the listing of the queue; `left` are the recipients not yet delivered; `log` is
    what its message log says, without the first line."""

    text: str
    sender: str
    left: list[str]
    frozen: bool
    log: list[str]

    def last_try(self, address: str) -> str:
        """What became of the last attempt for `address`, with its time; nothing when there was none."""
        return next((line for line in reversed(self.log) if f" {address} " in line), "")


def summary(process: Process, message_id: str) -> Queued | None:
    """What stands in the spool for `message_id`, in whichever queue; None when nothing does. Raises OSError."""
    from eximia.queue.listing import ListingOptions, entry
    from eximia.queue.summary import summarize
    from eximia.spool.store import MSGLOG

    spool = process.spool
    for queue in ("", *spool.queues()):
        place = spool.find_header(message_id, queue)
        if place is not None:
            found = summarize(spool, message_id, place)
            text = entry(found, int(time.time()), ListingOptions()).rstrip("\n")
            return Queued(
                text, found.sender, found.undelivered, found.frozen, _log(spool.path(message_id, "", place, MSGLOG))
            )
    return None


def _log(path: str) -> list[str]:
    try:
        with open(path, encoding="latin-1") as file:
            return [line.rstrip("\n") for line in file][1:]
    except OSError:
        return []  # message_logs is off, or nothing was tried


def retry_state(process: Process, address: str, hosts: Iterable[tuple[str, str]], message_id: str) -> Iterator[str]:
    """What the hints say of an address, its domain, its hosts (name, address), or this message."""
    hosts = list(hosts)
    for key, record, _ in process.hints.retry.scan():
        if key.endswith(f":{message_id}") or concerns(key, address, hosts):
            yield from show(key, record).splitlines()
            if record.next_try > time.time():
                yield f"  not tried before that time, in {int(record.next_try - time.time())} s (-qf tries at once)"
