"""eximstats: statistics of main logs as plain text (manual 54.7).

Reads the lines (`LogReader`); the report is in `eximstats_report`. Without HTML, charts, spreadsheets and merging.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from eximia.base.dataclass import dataclass, field

from .common import fail, pattern, write
from .exigrep import lines_of

USAGE = """Usage:
  eximstats [options] mainlog1 mainlog2 ...

-h<number>      histogram divisions per hour; 0 suppresses histograms
-ne             no list of errors
-nr, -nr/pattern/    no relayed messages, or none that match
-nt, -nt/pattern/    no transports, or none that match
-nvr            volumes in bytes
-t<number>      how many sources and destinations; 0 suppresses them
-tnl            without local sources and destinations
-q<list>        times in seconds for the time in the queue; -q0 suppresses it
-txt[=<file>]   plain text
-emptyok        no complaint when there is nothing to show
"""

_STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)?(?: [+-]\d{4})?(?: \[\d+\])? ")
_SYSLOG = re.compile(r"^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) \S+ [^\s:]+: ")
_MESSAGE = re.compile(
    r"([0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})) (\S+)(?: (.*))?$"
)
_SIZE = re.compile(r" S=(\d+)")
_HOST = re.compile(r" H=(?:(\S+?) )?(?:\((\S*?)\) )?(?:DS )?\[([^\]]+)\]")
_USER = re.compile(r" U=(\S+)")
_TRANSPORT = re.compile(r" T=(\S+?)(?=[:\s]|$)")
_REJECTED = re.compile(r"\b(?:(temporarily) )?rejected (.*)")
_ADDRESS = re.compile(r"\[([0-9a-fA-F:.]+)\]")

#: default bounds of the times in the queue, seconds
QUEUE_TIMES = (60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400)


@dataclass(slots=True)
class Options:
    """What the command line asks for."""

    divisions: int = 1
    errors: bool = True
    relays: bool = True
    hide_relays: re.Pattern[str] | None = None
    transports: bool = True
    hide_transports: re.Pattern[str] | None = None
    round_volumes: bool = True
    top: int = 50
    top_local: bool = True
    queue_times: tuple[int, ...] = QUEUE_TIMES
    empty_ok: bool = False


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
class _Message:
    arrived: float = 0.0
    size: int = 0
    source: str = ""
    sender: str = ""
    delayed: bool = False
    failed: bool = False
    remote: bool = False
    last_host: str = ""


@dataclass(slots=True)
class Statistics:
    """What was counted."""

    first: str = ""
    last: str = ""
    received: Tally = field(default_factory=Tally)
    delivered: Tally = field(default_factory=Tally)
    delayed: int = 0
    failed: int = 0
    sources: dict[str, Tally] = field(default_factory=dict)
    local_senders: dict[str, Tally] = field(default_factory=dict)
    destinations: dict[str, Tally] = field(default_factory=dict)
    local_destinations: dict[str, Tally] = field(default_factory=dict)
    transports: dict[str, Tally] = field(default_factory=dict)
    #: by minute of the day
    received_at: Counter[int] = field(default_factory=Counter)
    delivered_at: Counter[int] = field(default_factory=Counter)
    #: seconds spent, and whether a delivery was remote
    queue_times: list[tuple[float, bool]] = field(default_factory=list)
    relayed: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    rejected_hosts: Counter[str] = field(default_factory=Counter)
    deferred_hosts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


class LogReader:
    """Counts what the lines of main logs tell."""

    def __init__(self) -> None:
        self.statistics = Statistics()
        self._messages: dict[str, _Message] = {}

    def read(self, lines: Iterable[str]) -> None:
        counted = self.statistics
        for raw in lines:
            line = _SYSLOG.sub("", raw.rstrip("\n"))
            stamp = _STAMP.match(line)
            if stamp is None:
                continue
            when = stamp[1]
            if not counted.first or when < counted.first:
                counted.first = when
            counted.last = max(counted.last, when)
            rest = line[stamp.end() :]
            found = _MESSAGE.match(rest)
            if found is None:
                self._rejected(rest)
                continue
            message_id, word, text = found.groups()
            self._about(message_id, word, text or "", when)

    def _about(self, message_id: str, word: str, text: str, when: str) -> None:
        match word:
            case "<=" | "(=":
                self._arrived(message_id, text, when)
            case "=>" | "*>" | ">>":
                self._delivered(message_id, text, when)
            case "->":
                self._another(message_id, text)
            case "==":
                message = self._messages.get(message_id)
                if message is not None and not message.delayed:
                    message.delayed = True
                    self.statistics.delayed += 1
            case "**":
                message = self._messages.get(message_id)
                self.statistics.errors[text] += 1
                if message is not None and not message.failed:
                    message.failed = True
                    self.statistics.failed += 1
            case "Completed":
                message = self._messages.pop(message_id, None)
                if message is not None:
                    self.statistics.queue_times.append((_seconds(when) - message.arrived, message.remote))
            case _:
                self._rejected(f"{word} {text}")

    def _arrived(self, message_id: str, text: str, when: str) -> None:
        counted = self.statistics
        size = _SIZE.search(text)
        message = _Message(_seconds(when), int(size[1]) if size else 0, sender=text.split(" ", 1)[0])
        self._messages[message_id] = message
        counted.received.add(message.size)
        counted.received_at[_minute(when)] += 1
        host = _HOST.search(text)
        if host is None:
            user = _USER.search(text)
            counted.sources.setdefault("local", Tally()).add(message.size)
            counted.local_senders.setdefault(user[1] if user else "unknown", Tally()).add(message.size)
        else:
            name = host[1] or (f"({host[2]})" if host[2] else f"[{host[3]}]")
            counted.sources.setdefault(name, Tally()).add(message.size)
            message.source = f"{name}[{host[3]}]" if not name.startswith("[") else name

    def _delivered(self, message_id: str, text: str, when: str) -> None:
        counted = self.statistics
        message = self._messages.get(message_id) or _Message()
        transport = _TRANSPORT.search(text)
        if transport is None:
            return
        counted.delivered.add(message.size)
        counted.delivered_at[_minute(when)] += 1
        counted.transports.setdefault(transport[1], Tally()).add(message.size)
        address = text.split(" ", 1)[0]
        host = _HOST.search(text)
        if host is None:
            message.last_host = "local"
            counted.local_destinations.setdefault(address, Tally()).add(message.size)
        else:
            message.remote = True
            message.last_host = host[1] or host[3]
            if message.source:
                relay = (f"{message.source} {message.sender}", f"{message.last_host}[{host[3]}] {address}")
                counted.relayed[relay] += 1
        counted.destinations.setdefault(message.last_host, Tally()).add(message.size)

    def _another(self, message_id: str, text: str) -> None:
        """One more address of the same delivery."""
        counted = self.statistics
        message = self._messages.get(message_id)
        counted.delivered.addresses += 1
        if message is None:
            return
        if message.last_host in counted.destinations:
            counted.destinations[message.last_host].addresses += 1
        if message.last_host == "local":
            counted.local_destinations.setdefault(text.split(" ", 1)[0], Tally()).addresses += 1

    def _rejected(self, text: str) -> None:
        found = _REJECTED.search(text)
        if found is None:
            return
        reason = re.sub(r"\s*<[^>]*>", "", found[2])
        counted = self.statistics
        counted.reasons[f"{'Temporarily rejected' if found[1] else 'Rejected'} {reason}"] += 1
        address = _ADDRESS.search(text)
        if address is not None:
            (counted.deferred_hosts if found[1] else counted.rejected_hosts)[f"[{address[1]}]"] += 1


def _seconds(stamp: str) -> float:
    return time.mktime(time.strptime(stamp, "%Y-%m-%d %H:%M:%S"))


def _minute(stamp: str) -> int:
    return int(stamp[11:13]) * 60 + int(stamp[14:16])


def read_options(words: Sequence[str]) -> tuple[Options, list[str], str]:
    """The options, the names of the logs, and the file for the report ("" is standard output)."""
    options = Options()
    rest = list(words)
    target = ""
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        number = re.fullmatch(r"-([ht])(\d+)", word)
        hidden = re.fullmatch(r"-n([rt])(?:(.)(.*)\2)?", word)
        if number is not None and number[1] == "h":
            options.divisions = int(number[2])
        elif number is not None:
            options.top = int(number[2])
        elif hidden is not None:
            regex = pattern(hidden[3], caseless=False) if hidden[2] else None
            if hidden[1] == "r":
                options.relays, options.hide_relays = regex is not None, regex
            else:
                options.transports, options.hide_transports = regex is not None, regex
        elif re.fullmatch(r"-q[\d,*+]+", word):
            options.queue_times = tuple(int(each) for each in re.findall(r"\d+", word) if int(each))
        elif word.startswith("-txt"):
            target = word[5:]
        elif word in {"-ne", "-nvr", "-tnl", "-emptyok", "-byhost"}:
            options.errors = options.errors and word != "-ne"
            options.round_volumes = options.round_volumes and word != "-nvr"
            options.top_local = options.top_local and word != "-tnl"
            options.empty_ok = options.empty_ok or word == "-emptyok"
        else:
            fail(f"Eximstats: Unknown or unsupported option {word}\n{USAGE}")
    return options, rest, target


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    if words and words[0] in {"-help", "--help"}:
        write(USAGE)
        return 0
    options, paths, target = read_options(words)
    reader = LogReader()
    if not paths:
        reader.read(raw.decode("latin-1") for raw in sys.stdin.buffer)
    for path in paths:
        try:
            reader.read(lines_of(path))
        except OSError as error:
            fail(f"eximstats: Unable to read {path}: {error.strerror}")
    if not reader.statistics.first:
        if not options.empty_ok:
            sys.stderr.write("**** No valid log lines read\n")
        return 0 if options.empty_ok else 1
    from .eximstats_report import report

    text = report(reader.statistics, options)
    if target:
        with open(target, "w", encoding="latin-1", errors="replace") as file:
            file.write(text)
    else:
        write(text)
    return 0
