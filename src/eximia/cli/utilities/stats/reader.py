"""Main logs, plain or as syslog wrote them: from lines to counts. Message ids of either form."""

from __future__ import annotations

import calendar
import re
import time
from collections import Counter
from collections.abc import Iterable

from eximia.base.dataclass import dataclass

from .counts import Statistics, Tally, Times
from .options import Options
from .reasons import UNKNOWN, rejection

ALL_TIMES = "Time spent on the queue: all messages"
REMOTE_TIMES = "Time spent on the queue: messages with at least one remote delivery"

_STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)?(?: ([+-]\d{4}))?(?: \[\d+\])? ")
_MESSAGE = re.compile(
    r"([0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})) (\S+)(?: (.*))?$"
)
_SIZE = re.compile(r" S=(\d+)")
_HOST = re.compile(r"\sH=(?:(?!\[)(\S+) )?(?:\((\S*)\) )?(?:DS )?\[([^\]]+)\]")
_USER = re.compile(r"\sU=(\S+)")
_PROTOCOL = re.compile(r"\sP=(\S+)")
_TRANSPORT = re.compile(r"\sT=([^\s:]+)")
_ORIGINAL = re.compile(r"^(\S+) (<[^>]*>)")
_DELIVERY_TIME = re.compile(r"\sDT=(\S+)")
_QUEUE_TIME = re.compile(r"\bQT=(\S+)")
_DOMAIN_OF_HOST = re.compile(r"^(\(?)[^.]+\.([^.]+\..*)$")
_LITERAL = re.compile(r"^\[?(?:\d+(?:\.\d+){3}|[0-9a-fA-F:]+:[0-9a-fA-F:.]*)\]?$")
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


@dataclass(slots=True)
class _Message:
    arrived: float = 0.0
    size: int = 0
    #: host and address of the sender, for relays; "" for local ones
    source: str = ""
    protocol: str = ""
    delayed: bool = False
    failed: bool = False
    remote: bool = False
    #: where the last delivery went, by kind
    last: dict[str, str] | None = None


class LogReader:
    """Counts what the lines of main logs tell, as far as the options want it."""

    def __init__(self, options: Options) -> None:
        self._options = options
        counted = self.statistics = Statistics()
        counted.patterns = {name: Counter() for name, _ in options.patterns}
        self._messages: dict[str, _Message] = {}
        #: deliveries of messages whose arrival was not seen
        self._strangers: dict[str, _Message] = {}
        if options.queue_times:
            for title in (ALL_TIMES, REMOTE_TIMES):
                counted.times[title] = Times(options.queue_times)
        if options.delivery_times:
            for which in ("all messages", "messages with at least one remote delivery"):
                counted.times[f"Delivery times: {which}"] = Times(options.delivery_times)
        if options.receipt_times:
            counted.times["Receipt times: all messages"] = Times(options.receipt_times)
        for kind in options.kinds:
            counted.sent[kind] = {}
            counted.received[kind] = {}

    def read(self, lines: Iterable[str]) -> None:
        counted = self.statistics
        hidden = self._options.hide_transports
        for line in lines:
            stamp = _STAMP.search(line)
            if stamp is None or (stamp.start() and line[stamp.start() - 1] != " "):
                continue
            for name, pattern in self._options.patterns:
                if pattern.search(line):
                    counted.patterns[name][_minute(stamp[1])] += 1
            rest = line[stamp.end() :].rstrip("\n")
            found = _MESSAGE.match(rest)
            if found is None or not self._about(found, stamp, hidden):
                said = rejection(rest)
                if said is not None:
                    self._saw(stamp)
                    self._rejected(*said)

    def _saw(self, stamp: re.Match[str]) -> None:
        """A line that counts. The first one of a log does not set the end."""
        counted = self.statistics
        counted.useful += 1
        if stamp[1] < counted.first:
            counted.first = stamp[1]
        elif stamp[1] > counted.last:
            counted.last = stamp[1]

    def _about(self, found: re.Match[str], stamp: re.Match[str], hidden: re.Pattern[str] | None) -> bool:
        """A line about a message; False when its word means nothing here."""
        message_id, word, text = found[1], found[2], found[3] or ""
        if word not in _WORDS:
            return False
        if hidden is not None:
            transport = _TRANSPORT.search(text)
            if transport is not None and hidden.search(transport[1]):
                return True
        message = self._messages.get(message_id)
        match word:
            case "<=":
                self._arrived(message_id, text, stamp)
            case "=>":
                if message is None:
                    message = self._strangers.setdefault(message_id, _Message())
                self._delivered(message, text, stamp)
            case "->":
                self._another(message)
            case "==":
                if message is not None and not message.delayed:
                    message.delayed = True
                    self.statistics.delayed += 1
            case "**":
                self.statistics.errors[text] += 1
                if message is not None and not message.failed:
                    message.failed = True
                    self.statistics.failed += 1
            case _:
                self._completed(message_id, text, stamp)
        self._saw(stamp)
        return True

    def _arrived(self, message_id: str, text: str, stamp: re.Match[str]) -> None:
        counted = self.statistics
        size = _SIZE.search(text)
        sender = text.split(" ", 1)[0]
        protocol = _PROTOCOL.search(text)
        message = _Message(_seconds(stamp), int(size[1]) if size else 0, protocol=protocol[1] if protocol else "")
        self._messages[message_id] = message
        counted.arrived.add(message.size)
        counted.arrived_at[_minute(stamp[1])] += 1
        host = _host(text)
        user = _USER.search(text)
        if user is not None and (host is None or self._options.remote_users):
            counted.local_senders.setdefault(user[1], Tally()).add(message.size)
        if host is None:
            name = "local"
        else:
            name, address = host
            message.source = f"{'' if name == f'[{address}]' else name}[{address}] {sender} "
        _, at, domain = sender.partition("@")
        names = {
            "host": name,
            "domain": _domain(name),
            "email": f"{sender} " if self._options.original_destination else sender,
            "edomain": domain if at else sender if sender == "<>" else "",
        }
        for kind, tallies in counted.sent.items():
            tallies.setdefault(names[kind], Tally()).add(message.size)

    def _delivered(self, message: _Message, text: str, stamp: re.Match[str]) -> None:
        counted, options = self.statistics, self._options
        address = text.split(" ", 1)[0]
        original = _ORIGINAL.match(text)
        transport = _TRANSPORT.search(text)
        if transport is None:  # a black hole
            self._rejected(UNKNOWN, "local", False)
        counted.delivered.add(message.size)
        counted.delivered_at[_minute(stamp[1])] += 1
        name = transport[1] if transport is not None else ":blackhole:"
        counted.transports.setdefault(name, Tally()).add(message.size)
        host = _host(text)
        whole = f"{address} {original[2]}" if original is not None else address
        if host is None:
            host_name = "local"
            self._local(message, address, whole)
        else:
            message.remote = True
            host_name = host[0] if host[0] != f"[{host[1]}]" else host[1]
            if options.remote_users:
                self._local(message, address, whole)
            if message.source and original is None:
                self._relayed(message.source, f"{host_name}[{host[1]}] {address}")
        email = f"{address} {original[2] if original is not None else ''}" if options.original_destination else address
        message.last = {
            "host": host_name,
            "domain": _domain(host_name),
            "email": email,
            "edomain": address.partition("@")[2],
        }
        for kind, tallies in counted.received.items():
            tallies.setdefault(message.last[kind], Tally()).add(message.size)
        if options.delivery_times:
            took = _DELIVERY_TIME.search(text)
            if took is not None:
                seconds = _span(took[1])
                counted.times["Delivery times: all messages"].add(seconds)
                if host is not None:
                    counted.times["Delivery times: messages with at least one remote delivery"].add(seconds)

    def _local(self, message: _Message, address: str, whole: str) -> None:
        """A delivery on this host, or with -t_remote_users any. Files and commands are shown with the address that led
        to them."""
        counted, options = self.statistics, self._options
        shown = whole if address.startswith(("/", "|")) or options.original_destination else address
        counted.local_destinations.setdefault(shown, Tally()).add(message.size)
        domain = re.search(r"<[^>]*@([^>]*)>", shown)
        if domain is not None:
            counted.local_domains.setdefault(domain[1], Tally()).add(message.size)

    def _relayed(self, source: str, target: str) -> None:
        hidden = self._options.hide_relays
        if hidden is not None and hidden.search(f"{source}=> {target}"):
            self.statistics.hidden_relays += 1
        else:
            self.statistics.relayed[source, target] += 1

    def _another(self, message: _Message | None) -> None:
        """One more address of the same delivery."""
        counted = self.statistics
        counted.delivered.addresses += 1
        if message is None or message.last is None:
            return
        for kind, tallies in counted.received.items():
            # an address is shown once, with the delivery it came with
            if kind != "email" and message.last[kind] in tallies:
                tallies[message.last[kind]].addresses += 1

    def _completed(self, message_id: str, text: str, stamp: re.Match[str]) -> None:
        message = self._messages.pop(message_id, None)
        stranger = self._strangers.pop(message_id, None)
        times = self.statistics.times
        now = _seconds(stamp)
        if message is None:
            # its arrival is in another log, or was no plain one: it was fast
            for title in (ALL_TIMES, REMOTE_TIMES) if stranger is not None and stranger.remote else (ALL_TIMES,):
                if title in times:
                    times[title].add(0)
            return
        if ALL_TIMES in times:
            times[ALL_TIMES].add(now - message.arrived)
            if message.remote:
                times[REMOTE_TIMES].add(now - message.arrived)
        bounds = self._options.receipt_times
        in_queue = _QUEUE_TIME.search(text)
        if bounds and in_queue is not None:
            took = max(0.0, _span(in_queue[1]) - (now - message.arrived))
            titles = ["all messages", f"{message.protocol} messages"] if message.protocol else ["all messages"]
            for title in titles:
                times.setdefault(f"Receipt times: {title}", Times(bounds)).add(took)

    def _rejected(self, reason: str, address: str, temporary: bool) -> None:
        counted = self.statistics
        if temporary:
            counted.temporary_reasons[reason] += 1
            counted.temporarily_rejected[address] += 1
        else:
            counted.reasons[reason] += 1
            counted.rejected[address] += 1


_WORDS = frozenset({"<=", "=>", "->", "==", "**", "Completed"})


def _host(text: str) -> tuple[str, str] | None:
    """(name as it is shown, address) of the `H=` of a line."""
    found = _HOST.search(text)
    if found is None:
        return None
    name = found[1] or (f"({found[2]})" if found[2] else f"[{found[3]}]")
    return name, found[3]


def _domain(host: str) -> str:
    """What a host's name ends with, without its first part."""
    if _LITERAL.match(host):
        return host
    found = _DOMAIN_OF_HOST.match(host)
    if found is None:
        return "localdomain"
    return f"(.{found[2]}" if found[1] else found[2]


def _seconds(stamp: re.Match[str]) -> float:
    when = time.strptime(stamp[1], "%Y-%m-%d %H:%M:%S")
    if stamp[2]:
        zone = int(stamp[2][1:3]) * 3600 + int(stamp[2][3:]) * 60
        return calendar.timegm(when) - (zone if stamp[2][0] == "+" else -zone)
    return time.mktime(when)


def _minute(stamp: str) -> int:
    return int(stamp[11:13]) * 60 + int(stamp[14:16])


def _span(text: str) -> float:
    """`1m8s`, `0.010s`: seconds."""
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)([wdhms])", text))
