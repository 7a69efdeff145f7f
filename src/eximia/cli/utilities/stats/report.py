"""The sections of a report, as values: what `text` and `html` both show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from eximia.base.dataclass import dataclass

from . import volumes
from .counts import Statistics, Tally, Times
from .options import Options

#: the longest row of dots in a histogram
_DOTS = 50

_COLUMNS = {"host": "Hosts", "domain": "Domains", "email": "Emails", "edomain": "Edomains"}


@dataclass(frozen=True, slots=True)
class Totals:
    """The grand total: the columns after the addresses, and the rows. None is an empty field."""

    columns: tuple[str, ...]
    #: name, volume, messages, addresses, one for each column, delayed, failed
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Patterns:
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Transports:
    #: name, volume, messages
    rows: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """By time of day; `own`: of a pattern of the user."""

    what: str
    period: str
    dot: str
    #: label, count, dots
    rows: tuple[tuple[str, int, str], ...]
    own: bool = False

    @property
    def title(self) -> str:
        return f"{self.what} per {self.period}"


@dataclass(frozen=True, slots=True)
class Durations:
    title: str
    #: label ("Under", "Over" or ""), bound, count, share, share up to here
    rows: tuple[tuple[str, str, int, float, float], ...]


@dataclass(frozen=True, slots=True)
class Relays:
    rows: tuple[tuple[int, str, str], ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class Top:
    """One list of many. `volume`: in the order of volume. Rows: messages, addresses or None, bytes, average, name; for
    plain counts bytes and average are empty."""

    what: str
    column: str
    number: int
    volume: bool
    plain: bool
    rows: tuple[tuple[int, int | None, str, str, str], ...]
    #: names are shown to the left
    left: bool = False
    #: no entry in the table of contents of a page
    unlisted: bool = False

    @property
    def title(self) -> str:
        what = f"Top {self.number} {self.what}s" if self.number != 1 else f"Top {self.what}"
        return f"{what} by {self.order}"

    @property
    def order(self) -> str:
        return "volume" if self.volume else "message count"


@dataclass(frozen=True, slots=True)
class Errors:
    rows: tuple[tuple[int, str], ...]


Section = Totals | Patterns | Transports | Histogram | Durations | Relays | Top | Errors


class Report:
    """What the options leave of the counts."""

    def __init__(self, counted: Statistics, options: Options) -> None:
        self._counted = counted
        self._options = options

    @property
    def title(self) -> str:
        return f"Exim statistics from {self._counted.first} to {self._counted.last}"

    def sections(self) -> Iterator[Section]:
        counted, options = self._counted, self._options
        yield self._totals()
        if counted.patterns:
            yield Patterns(tuple((name, lines.total()) for name, lines in counted.patterns.items()))
            if options.divisions:
                for name, lines in counted.patterns.items():
                    yield self._histogram(name, ("occurence", "occurences"), lines)
        if options.transports:
            rows = sorted(counted.transports.items())
            yield Transports(tuple((name, self._volume(tally.volume), tally.messages) for name, tally in rows))
        if options.divisions:
            yield self._histogram("Messages received", ("message", "messages"), counted.arrived_at)
            yield self._histogram("Deliveries", ("delivery", "deliveries"), counted.delivered_at)
        for title, times in sorted(counted.times.items(), key=_order_of_times):
            yield Durations(title, tuple(_durations(times)))
        if options.relays:
            relays = ((count, source, target) for (source, target), count in sorted(counted.relayed.items()))
            yield Relays(tuple(relays), counted.hidden_relays)
        if options.top:
            yield from self._tops()
        if options.errors and counted.errors:
            yield Errors(tuple((count, text) for text, count in sorted(counted.errors.items())))

    def _volume(self, size: int) -> str:
        return volumes.show(size) if self._options.round_volumes else str(size)

    def _totals(self) -> Totals:
        counted = self._counted
        kinds = self._options.kinds
        arrived, delivered = counted.arrived, counted.delivered
        rows = [
            (
                "Received",
                self._volume(arrived.volume),
                str(arrived.messages),
                "",
                *(self._names("sent", kind) for kind in kinds),
                *_share(counted.delayed, arrived.messages),
                *_share(counted.failed, arrived.messages),
            ),
            (
                "Delivered",
                self._volume(delivered.volume),
                str(delivered.messages),
                str(delivered.addresses),
                *(self._names("received", kind) for kind in kinds),
            ),
        ]
        for name, hosts in (("Rejects", counted.rejected), ("Temp Rejects", counted.temporarily_rejected)):
            if hosts:
                others = (
                    str(counted.distinct.get((name, kind), len(hosts))) if kind == "host" else "" for kind in kinds
                )
                rows.append((name, "", str(hosts.total()), "", *others))
        return Totals(tuple(_COLUMNS[kind] for kind in kinds), tuple(rows))

    def _names(self, side: str, kind: str) -> str:
        """How many hosts (domains...) sent or received."""
        counted = self._counted
        names = counted.sent if side == "sent" else counted.received
        return str(counted.distinct.get((side, kind), len(names.get(kind, ()))))

    def _histogram(self, what: str, unit: tuple[str, str], counts: Counter[int]) -> Histogram:
        width = 60 // self._options.divisions
        bins = [0] * (24 * self._options.divisions)
        for minute, count in counts.items():
            bins[minute // width] += count
        dot = max(1, int(max(bins) / _DOTS + 0.5))
        rows = []
        for number, count in enumerate(bins):
            start = number * width
            if width == 60:
                label = f"{number:02d}-{number + 1:02d}"
            else:
                label = f"{f'{start // 60:02d}' if start % 60 == 0 else '  '}:{start % 60:02d}"
            rows.append((label, count, "." * (count // dot)))
        period = "hour" if width == 60 else "minute" if width == 1 else f"{width} minutes"
        return Histogram(
            what, period, f"each dot is {dot} {unit[dot != 1]}", tuple(rows), own=what in self._counted.patterns
        )

    def _tops(self) -> Iterator[Top]:
        counted, options = self._counted, self._options
        yield from self._counts("mail rejection reason", counted.reasons)
        yield from self._counts("mail temporary rejection reason", counted.temporary_reasons, unlisted=True)
        for kind in options.kinds:
            yield from self._pair(f"sending {kind}", counted.sent.get(kind, {}))
        if options.top_local and counted.local_senders:
            yield from self._pair("local sender", counted.local_senders, left=True)
        for kind in options.kinds:
            yield from self._pair(f"{kind} destination", counted.received.get(kind, {}), addresses=True)
        if (options.top_local or options.remote_users) and counted.local_destinations:
            yield from self._pair("local destination", counted.local_destinations, addresses=True, left=True)
        if (options.by_local_domain or options.merge) and counted.local_domains:
            yield from self._pair("local domain destination", counted.local_domains, addresses=True, left=True)
        yield from self._counts("rejected ip", counted.rejected)
        yield from self._counts("temporarily rejected ip", counted.temporarily_rejected)

    def _counts(self, what: str, counts: Counter[str], *, unlisted: bool = False) -> Iterator[Top]:
        if counts:
            order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: self._options.top]
            rows = tuple((count, None, "", "", name) for name, count in order)
            yield Top(what, _capital(what), self._options.top, volume=False, plain=True, rows=rows, unlisted=unlisted)

    def _pair(
        self, what: str, tallies: Mapping[str, Tally], *, addresses: bool = False, left: bool = False
    ) -> Iterator[Top]:
        for by_volume in (False, True):
            order = sorted(tallies.items(), key=lambda item: _rank(item[1], item[0], by_volume=by_volume))
            rows = []
            for name, tally in order[: self._options.top]:
                shown = self._volume(tally.volume)
                rows.append((tally.messages, tally.addresses if addresses else None, shown, self._average(tally), name))
            yield Top(
                what, _capital(what), self._options.top, volume=by_volume, plain=False, rows=tuple(rows), left=left
            )

    def _average(self, tally: Tally) -> str:
        if not self._options.round_volumes:
            return str(tally.volume // tally.messages if tally.messages else 0)
        return volumes.average(volumes.show(tally.volume), tally.messages)


def _order_of_times(item: tuple[str, Times]) -> tuple[int, str]:
    """In the queue, delivery, receipt; the protocols of the latter by name."""
    title = item[0]
    what = next(number for number, start in enumerate(("Time", "Delivery", "Receipt")) if title.startswith(start))
    return what, "" if title.endswith(": all messages") else title


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _share(count: int, total: int) -> tuple[str, str]:
    return str(count), f"{100 * count / total if total else 0:4.1f}%"


def _rank(tally: Tally, name: str, *, by_volume: bool) -> tuple[int, int, str]:
    if by_volume:
        return -tally.volume, -tally.messages, name
    return -tally.messages, -tally.volume, name


def _durations(times: Times) -> Iterator[tuple[str, str, int, float, float]]:
    every = times.total
    so_far = 0
    label = "Under"
    for bound, count in zip(times.bounds, times.counts, strict=False):
        if count:
            so_far += count
            yield label, span(bound), count, 100 * count / every, 100 * so_far / every
            label = ""
    if times.counts and times.counts[-1]:
        yield "Over", span(times.bounds[-1]), times.counts[-1], 100 * times.counts[-1] / every, 100.0


def span(seconds: int) -> str:
    """`1m30s`, `1w`."""
    text = ""
    for unit, letter in ((604800, "w"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, unit)
        if count:
            text += f"{count}{letter}"
    return text
