"""Reports of eximstats, added up (-merge). Volumes are as good as the reports show them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from . import volumes
from .counts import Statistics, Tally, Times
from .from_html import as_plain, is_html
from .options import KINDS, Options

_HEADING = re.compile(r"Exim statistics from (\S+ \S+) to (\S+ \S+)")
_TOP = re.compile(r"Top (?:\d+ )?(.+?)s? by (message count|volume)")
_TALLY = re.compile(r"\s*(\d+)(?:\s+(\d+))?\s+(\d+(?:[KMG]B)?)\s+\d+(?:[KMG]B)?   (.*)")
_PLAIN = re.compile(r"\s*(\d+)   (.*)")
_DURATION = re.compile(r"(Under|Over)?\s+((?:\d+[wdhms])+)\s+(\d+)\s+[\d.]+%\s+[\d.]+%")
_SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


class Merger:
    """Reads reports, one `read` each."""

    def __init__(self, options: Options) -> None:
        self._options = options
        counted = self.statistics = Statistics()
        for kind in options.kinds:
            counted.sent[kind] = {}
            counted.received[kind] = {}

    def read(self, text: str) -> None:
        """Add the text of one report."""
        if is_html(text):
            text = as_plain(text)
        heading = _HEADING.search(text)
        if heading is None:
            return
        counted = self.statistics
        counted.useful += 1
        counted.first = min(counted.first, heading[1])
        counted.last = max(counted.last, heading[2])
        for title, lines in _sections(text):
            self._section(title, lines)

    def _section(self, title: str, lines: list[str]) -> None:
        counted = self.statistics
        top = _TOP.fullmatch(title)
        per = re.fullmatch(r"(.+) per (hour|minute|(\d+) minutes) \(.*\)", title)
        if title == "Grand total summary":
            self._totals(lines)
        elif title == "Deliveries by transport":
            for line in lines[1:]:
                found = re.fullmatch(r"\s+(.+?)\s+(\d+(?:[KMG]B)?)\s+(\d+)", line)
                if found is not None:
                    _add(counted.transports, found[1], int(found[3]), 0, volumes.read(found[2]))
        elif per is not None and per[1] in ("Messages received", "Deliveries"):
            _histogram(counted.arrived_at if per[1] == "Messages received" else counted.delivered_at, lines)
        elif title.startswith(("Time spent", "Delivery times", "Receipt times")):
            self._durations(title, lines)
        elif title == "Relayed messages":
            self._relays(lines)
        elif top is not None and top[2] == "message count":
            self._top(top[1], lines)
        elif title == "List of errors":
            text = re.sub(r"\n\t\s+", " ", "\n".join(lines))
            for line in text.split("\n"):
                found = re.match(r"\s*(\d+) (.*)", line)
                if found is not None:
                    counted.errors[found[2]] += int(found[1])

    def _totals(self, lines: list[str]) -> None:
        counted = self.statistics
        columns: list[str] = []
        for line in lines:
            words = line.split()
            if not words:
                continue
            if words[0] == "TOTAL":
                columns = [word.lower().removesuffix("s") for word in words[4:-2]]
            elif words[0] == "Received":
                counted.arrived.volume += volumes.read(words[1])
                counted.arrived.messages += int(words[2])
                for kind, count in zip(columns, words[3:], strict=False):
                    counted.distinct["sent", kind] = counted.distinct.get(("sent", kind), 0) + int(count)
                counted.delayed += int(words[-4])
                counted.failed += int(words[-2])
            elif len(words) > 2 and "Rejects" in line and "host" in columns:
                key = (" ".join(words[:-2]), "host")
                counted.distinct[key] = counted.distinct.get(key, 0) + int(words[-1])
            elif words[0] == "Delivered":
                counted.delivered.volume += volumes.read(words[1])
                counted.delivered.messages += int(words[2])
                counted.delivered.addresses += int(words[3])
                for kind, count in zip(columns, words[4:], strict=False):
                    counted.distinct["received", kind] = counted.distinct.get(("received", kind), 0) + int(count)

    def _durations(self, title: str, lines: list[str]) -> None:
        if not self._options.queue_times:
            return
        times = self.statistics.times.get(title)
        if times is None:
            times = self.statistics.times[title] = Times(self._options.queue_times)
        for line in lines:
            found = _DURATION.fullmatch(line.rstrip())
            if found is not None:
                bound = sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([wdhms])", found[2]))
                times.add(bound if found[1] == "Over" else bound - 1, int(found[3]))

    def _relays(self, lines: list[str]) -> None:
        source, count = "", 0
        for line in lines:
            target = re.fullmatch(r"      => (.*)", line)
            found = re.fullmatch(r"\s*(\d+) (.*)", line)
            hidden = re.fullmatch(r"Total: \d+ \(plus (\d+) unshown\)", line)
            if target is not None and count:
                self.statistics.relayed[source, target[1]] += count
            elif hidden is not None:
                self.statistics.hidden_relays += int(hidden[1])
            elif found is not None:
                source, count = found[2], int(found[1])

    def _top(self, what: str, lines: list[str]) -> None:
        counted = self.statistics
        plain = {
            "mail rejection reason": counted.reasons,
            "mail temporary rejection reason": counted.temporary_reasons,
            "rejected ip": counted.rejected,
            "temporarily rejected ip": counted.temporarily_rejected,
        }.get(what)
        if plain is not None:
            for line in lines[1:]:
                found = _PLAIN.fullmatch(line)
                if found is not None:
                    plain[found[2]] += int(found[1])
            return
        tallies = self._tallies(what)
        for line in lines[1:] if tallies is not None else ():
            row = _TALLY.fullmatch(line)
            if row is not None and tallies is not None:
                _add(tallies, row[4], int(row[1]), int(row[2] or 0), volumes.read(row[3]))

    def _tallies(self, what: str) -> dict[str, Tally] | None:
        counted = self.statistics
        first, _, second = what.partition(" ")
        if what == "local sender":
            return counted.local_senders
        if what == "local destination":
            return counted.local_destinations
        if what == "local domain destination":
            return counted.local_domains
        if first == "sending" and second in KINDS:
            return counted.sent.get(second)
        if second == "destination" and first in KINDS:
            return counted.received.get(first)
        return None


def _add(tallies: dict[str, Tally], name: str, messages: int, addresses: int, volume: int) -> None:
    tally = tallies.setdefault(name, Tally())
    tally.messages += messages
    tally.addresses += addresses
    tally.volume += volume


def _histogram(counts: Counter[int], lines: list[str]) -> None:
    hour = 0
    for line in lines:
        found = re.match(r"(\d\d|  )[-:](\d\d) +(\d+)", line)
        if found is not None:
            hour = int(found[1]) if found[1].strip() else hour
            counts[hour * 60 + (int(found[2]) if line[2] == ":" else 0)] += int(found[3])


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """(title, lines after the rule) for each underlined title."""
    lines = text.split("\n")
    starts = [
        number
        for number in range(len(lines) - 1)
        if lines[number] and set(lines[number + 1]) == {"-"} and len(lines[number]) == len(lines[number + 1])
    ]
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(lines)
        yield lines[start], lines[start + 2 : end]
