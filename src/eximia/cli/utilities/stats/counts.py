"""What eximstats has counted."""

from __future__ import annotations

from collections import Counter

from eximia.base.dataclass import dataclass, field

#: what stands for the first and the last time when there was no line
NO_BEGIN = "9999-99-99 99:99:99"
NO_END = "0000-00-00 00:00:00"


@dataclass(slots=True)
class Tally:
    """Messages, addresses and bytes under one name."""

    messages: int = 0
    addresses: int = 0
    volume: int = 0

    def add(self, volume: int, addresses: int = 1) -> None:
        self.messages += 1
        self.addresses += addresses
        self.volume += volume


@dataclass(slots=True)
class Times:
    """How long something took, by bounds in seconds. `counts` has one more: what took longer."""

    bounds: tuple[int, ...]
    counts: list[int] = field(default_factory=list)

    def add(self, seconds: float, count: int = 1) -> None:
        if not self.counts:
            self.counts = [0] * (len(self.bounds) + 1)
        at = next((number for number, bound in enumerate(self.bounds) if seconds < bound), len(self.bounds))
        self.counts[at] += count

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(slots=True)
class Statistics:
    """Everything that a report shows. `sent` and `received` are by the kinds of `-by...`."""

    first: str = NO_BEGIN
    last: str = NO_END
    arrived: Tally = field(default_factory=Tally)
    delivered: Tally = field(default_factory=Tally)
    delayed: int = 0
    failed: int = 0
    #: description -> lines that matched, by minute of the day
    patterns: dict[str, Counter[int]] = field(default_factory=dict)
    transports: dict[str, Tally] = field(default_factory=dict)
    #: by minute of the day
    arrived_at: Counter[int] = field(default_factory=Counter)
    delivered_at: Counter[int] = field(default_factory=Counter)
    #: title -> times, in the order of the report
    times: dict[str, Times] = field(default_factory=dict)
    relayed: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: relays that -nr/pattern/ hides
    hidden_relays: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    temporary_reasons: Counter[str] = field(default_factory=Counter)
    sent: dict[str, dict[str, Tally]] = field(default_factory=dict)
    local_senders: dict[str, Tally] = field(default_factory=dict)
    received: dict[str, dict[str, Tally]] = field(default_factory=dict)
    local_destinations: dict[str, Tally] = field(default_factory=dict)
    local_domains: dict[str, Tally] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)
    temporarily_rejected: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    #: merged reports: (`sent` or `received`, kind) -> how many names they had in all
    distinct: dict[tuple[str, str], int] = field(default_factory=dict)
    #: lines, or reports, that meant something
    useful: int = 0
