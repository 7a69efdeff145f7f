"""`-bp` and its relatives: the queue as text (manual chapter 5)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from eximia.base.dataclass import dataclass
from eximia.message.ids import ids_among
from eximia.spool import Place, Spool

from .summary import Summary, summarize


@dataclass(frozen=True, slots=True)
class ListingOptions:
    """The letters after `-bp`: `r` (not sorted), `u` (undelivered only), `a` (generated addresses too), `i` (ids)."""

    unsorted: bool = False
    undelivered: bool = False
    generated: bool = False
    ids_only: bool = False

    @classmethod
    def from_letters(cls, letters: str) -> ListingOptions:
        return cls("r" in letters, "u" in letters, "a" in letters, "i" in letters)


def format_age(seconds: int) -> str:
    """` 5m`, `47h`, ` 3d`: minutes up to 90, hours up to 72, then days, rounded as Exim does."""
    minutes = int(seconds / 60)
    if minutes <= 90:
        return f"{minutes:2d}m"
    hours = (minutes + 30) // 60
    if hours <= 72:
        return f"{hours:2d}h"
    return f"{(hours + 12) // 24:2d}d"


def format_size(size: int) -> str:
    """Five characters: bytes, `1.2K`, `98K`, `10M`; blank for -1."""
    if size < 0:
        return "     "
    if size < 1024:
        return f"{size:5d}"
    if size < 10 * 1024:
        return f"{size / 1024:4.1f}K"
    if size < 1024 * 1024:
        return f"{(size + 512) // 1024:4d}K"
    return f"{(size + 512 * 1024) // (1024 * 1024):4d}M"


def entry(summary: Summary, now: int, options: ListingOptions) -> str:
    """The lines for one message, with the empty line after them."""
    error = f"    *** {summary.error} ***\n" if summary.error else ""
    if not summary.readable:
        return f"      {summary.id}\n{error}\n"
    line = f"{format_age(now - summary.received_time)} {format_size(summary.size)} {summary.id} <{summary.sender}>"
    if summary.untrusted_user:
        line += f" ({summary.untrusted_user})"
    out = [line, " *** frozen ***\n" if summary.frozen else "\n", error]
    done = summary.nonrecipients
    for address in summary.recipients:
        if not done or address not in done:
            out.append(f"          {address}\n")
        elif not options.undelivered:
            out.append(f"        D {address}\n")
    if options.generated and done:
        original = set(summary.recipients)
        out += [f"       +D {address}\n" for address in sorted(done - original)]
    out.append("\n")
    return "".join(out)


def missing(message_id: str) -> str:
    """The lines for a message that was asked for and is not there."""
    return f"      {message_id}\n    *** spool read error: No such file or directory ***\n\n"


def list_queue(
    spool: Spool,
    write: Callable[[str], object],
    now: int,
    options: ListingOptions = ListingOptions(),
    *,
    queue: str = "",
    ids: Sequence[str] = (),
) -> None:
    """Write the listing of a queue, or of the messages `ids`, entry by entry."""
    for message_id, place, journal in _wanted(spool, queue, ids, sort=not options.unsorted):
        if place is None:
            write(missing(message_id))
            continue
        if options.ids_only:
            write(f"{message_id}\n")
            continue
        try:
            summary = summarize(spool, message_id, place, journal=journal)
        except FileNotFoundError:
            # Delivered meanwhile; only who asked for it by name wants to know.
            if ids:
                write(missing(message_id))
        except OSError as error:
            write(f"      {message_id}\n    *** spool read error: {error.strerror} ***\n\n")
        else:
            write(entry(summary, now, options))


def _wanted(spool: Spool, queue: str, ids: Sequence[str], *, sort: bool) -> Iterator[tuple[str, Place | None, bool]]:
    """(id, place, whether to look for a journal), in the order of the listing."""
    if ids:
        for message_id in ids:
            yield message_id, spool.find_header(message_id, queue), True
        return
    places = spool.places(queue)
    if not sort or len(places) == 1:
        for place in places:
            found, journals = _scan(spool, place)
            if sort:
                found.sort()
            for message_id in found:
                yield message_id, place, message_id in journals
        return
    everywhere: list[tuple[str, Place, bool]] = []
    for place in places:
        found, journals = _scan(spool, place)
        everywhere += [(message_id, place, message_id in journals) for message_id in found]
    everywhere.sort(key=_by_id)
    yield from everywhere


def _by_id(item: tuple[str, Place, bool]) -> str:
    return item[0]


def _scan(spool: Spool, place: Place) -> tuple[list[str], set[str]]:
    """The messages in one folder, and those that have a journal."""
    try:
        names = os.listdir(spool.folder(place))
    except (FileNotFoundError, NotADirectoryError):
        return [], set()
    heads: list[str] = []
    journals: set[str] = set()
    for name in names:
        last = name[-1]
        if last == "H" and name[-2:] == "-H":
            heads.append(name[:-2])
        elif last == "J":
            journals.add(name[:-2])
    return ids_among(heads), journals
