"""The report of eximstats as plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .eximstats import Options, Statistics, Tally

#: the longest row of dots in a histogram
_DOTS = 40


def report(counted: Statistics, options: Options) -> str:
    """All sections that the options leave."""
    return "".join(_Report(counted, options).sections())


def _title(text: str) -> str:
    return f"{text}\n{'-' * len(text)}\n"


class _Report:
    def __init__(self, counted: Statistics, options: Options) -> None:
        self._counted = counted
        self._options = options

    def sections(self) -> Iterator[str]:
        counted, options = self._counted, self._options
        yield f"\nExim statistics from {counted.first} to {counted.last}\n\n"
        yield self._totals()
        if options.transports:
            yield self._transports()
        if options.divisions:
            yield self._histogram("Messages received", "message", counted.received_at)
            yield self._histogram("Deliveries", "delivery", counted.delivered_at)
        if options.queue_times:
            yield self._queue("Time spent on the queue: all messages", [each for each, _ in counted.queue_times])
            remote = [each for each, is_remote in counted.queue_times if is_remote]
            yield self._queue("Time spent on the queue: messages with at least one remote delivery", remote)
        if options.relays:
            yield self._relayed()
        if options.top:
            yield from self._tops()
        if options.errors and counted.errors:
            yield self._errors()

    def _volume(self, size: float) -> str:
        if not self._options.round_volumes or size < 10000:
            return str(int(size))
        for unit in ("KB", "MB"):
            size /= 1024
            if size < 10000:
                return f"{int(size + 0.5)}{unit}"
        return f"{int(size / 1024 + 0.5)}GB"

    def _totals(self) -> str:
        counted = self._counted
        received, delivered = counted.received, counted.delivered
        delayed = _share(counted.delayed, received.messages)
        failed = _share(counted.failed, received.messages)
        first = f"  {'Received':<16}{self._volume(received.volume):>10}{received.messages:>11}{'':>10}"
        second = f"  {'Delivered':<16}{self._volume(delivered.volume):>10}{delivered.messages:>11}"
        lines = [
            _title("Grand total summary"),
            f"{' ' * 66}At least one address\n",
            "  TOTAL               Volume   Messages Addresses     Hosts      Delayed       Failed\n",
            f"{first}{len(counted.sources):>10}  {delayed} {failed}\n",
            f"{second}{delivered.addresses:>10}{len(counted.destinations):>10}\n",
        ]
        for name, hosts in (("Rejects", counted.rejected_hosts), ("Temp Rejects", counted.deferred_hosts)):
            if hosts:
                lines.append(f"  {name:<16}{'':>10}{hosts.total():>11}{'':>10}{len(hosts):>10}\n")
        return "".join(lines) + "\n"

    def _transports(self) -> str:
        lines = [_title("Deliveries by transport"), f"{'Volume':>28}{'Messages':>12}\n"]
        for name, tally in sorted(self._counted.transports.items()):
            hidden = self._options.hide_transports
            if hidden is None or not hidden.search(name):
                lines.append(f"  {name:<16}{self._volume(tally.volume):>10}{tally.messages:>12}\n")
        return "".join(lines) + "\n"

    def _histogram(self, what: str, unit: str, minutes: Counter[int]) -> str:
        divisions = self._options.divisions
        width = 60 // divisions
        bins = [0] * (24 * divisions)
        for minute, count in minutes.items():
            bins[minute // width] += count
        dot = 1 + (max(bins) - 1) // _DOTS if max(bins) else 1
        plural = {"message": "messages", "delivery": "deliveries"}[unit]
        each = f"each dot is {dot} {unit if dot == 1 else plural}"
        period = "hour" if divisions == 1 else f"{width} minutes"
        lines = [_title(f"{what} per {period} ({each})"), "\n"]
        for number, count in enumerate(bins):
            start = number * width
            if divisions == 1:
                label = f"{number:02d}-{number + 1:02d}"
            else:
                label = f"{f'{start // 60:02d}' if start % 60 == 0 else '  '}:{start % 60:02d}"
            lines.append(f"{label} {count:>6} {'.' * ((count + dot - 1) // dot)}\n")
        return "".join(lines) + "\n"

    def _queue(self, title: str, times: list[float]) -> str:
        if not times:
            return ""
        lines = [_title(title), "\n"]
        bounds = sorted(self._options.queue_times)
        total = 0
        label = "Under"
        left = sorted(times)
        for bound in bounds:
            count = sum(each < bound for each in left)
            left = left[count:]
            if count:
                total += count
                lines.append(_queue_line(label, _length(bound), count, total, len(times)))
                label = ""
        if left:
            lines.append(_queue_line("Over", _length(bounds[-1]), len(left), len(times), len(times)))
        return "".join(lines) + "\n"

    def _relayed(self) -> str:
        relayed = self._counted.relayed
        hidden = self._options.hide_relays
        lines = []
        shown = unshown = 0
        for (source, target), count in sorted(relayed.items()):
            if hidden is not None and (hidden.search(source) or hidden.search(target)):
                unshown += count
                continue
            shown += count
            lines.append(f"{count:7d} {source} \n      => {target}\n")
        if not relayed:
            return "No relayed messages\n-------------------\n\n"
        return f"{_title('Relayed messages')}\n{''.join(lines)}\nTotal: {shown} (plus {unshown} unshown)\n\n"

    def _tops(self) -> Iterator[str]:
        counted = self._counted
        yield self._top_counts("mail rejection reasons", "Mail rejection reason", counted.reasons)
        yield from self._top("sending hosts", "Sending host", counted.sources)
        if self._options.top_local:
            yield from self._top("local senders", "Local sender", counted.local_senders)
        yield from self._top("host destinations", "Host destination", counted.destinations, addresses=True)
        if self._options.top_local:
            yield from self._top("local destinations", "Local destination", counted.local_destinations, addresses=True)
        yield self._top_counts("rejected ips", "Rejected ip", counted.rejected_hosts)
        yield self._top_counts("temporarily rejected ips", "Temporarily rejected ip", counted.deferred_hosts)

    def _top_counts(self, what: str, column: str, counts: Counter[str]) -> str:
        if not counts:
            return ""
        lines = [_title(f"Top {self._count(what)} by message count"), f"  Messages   {column}\n"]
        order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        lines += [f"{count:>10}   {name}\n" for name, count in order[: self._options.top]]
        return "".join(lines) + "\n"

    def _top(self, what: str, column: str, tallies: Mapping[str, Tally], *, addresses: bool = False) -> Iterator[str]:
        for by_volume in (False, True) if tallies else ():
            order = sorted(tallies.items(), key=lambda item: _rank(item[1], item[0], by_volume=by_volume))
            by = "volume" if by_volume else "message count"
            middle = "  Addresses" if addresses else ""
            lines = [
                _title(f"Top {self._count(what)} by {by}"),
                f"  Messages{middle}      Bytes    Average   {column}\n",
            ]
            for name, tally in order[: self._options.top]:
                count = f"{tally.addresses:>11}" if addresses else ""
                average = self._volume(tally.volume / tally.messages if tally.messages else 0)
                lines.append(f"{tally.messages:>10}{count}{self._volume(tally.volume):>11}{average:>11}   {name}\n")
            yield "".join(lines) + "\n"

    def _count(self, what: str) -> str:
        """`50 sending hosts`, `sending host`."""
        return f"{self._options.top} {what}" if self._options.top != 1 else what.removesuffix("s")

    def _errors(self) -> str:
        errors = self._counted.errors
        lines = [_title("List of errors"), "\n"]
        lines += [f"{count:5d} {text}\n" for text, count in sorted(errors.items())]
        return "".join(lines) + "\n" + _title(f"Errors encountered: {errors.total()}")


def _share(count: int, total: int) -> str:
    return f"{count:>6} {100 * count / total if total else 0:4.1f}%"


def _rank(tally: Tally, name: str, *, by_volume: bool) -> tuple[int, int, str]:
    if by_volume:
        return -tally.volume, -tally.messages, name
    return -tally.messages, -tally.volume, name


def _queue_line(label: str, bound: str, count: int, total: int, every: int) -> str:
    return f"{label:<5} {bound:>4} {count:>8} {100 * count / every:>5.1f}%  {100 * total / every:>5.1f}%\n"


def _length(seconds: int) -> str:
    for unit, letter in ((604800, "w"), (86400, "d"), (3600, "h"), (60, "m")):
        if seconds % unit == 0:
            return f"{seconds // unit}{letter}"
    return f"{seconds}s"
