"""exigrep: the log lines of all messages that match a pattern, message by message (manual 54.4).

Reads main logs, plain, compressed, or as syslog wrote them; ids of either form.
"""

from __future__ import annotations

import getopt
import re
import sys
import time
from calendar import timegm
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO

from .common import fail, pattern, write

HELP = """Usage:
    exigrep [options] pattern [log] ...

Options:
    -l, --literal          the pattern is plain text, not a regular expression
    -t, --queue-time N     only messages that spent more than N seconds in the queue
    -I, --sensitive        upper and lower case differ
    -v, --invert           what does not match
    -M, --related          also messages that came from the ones that match
        --no-pager         accepted
    -h, --help             this text
"""

_SYSLOG = re.compile(r"^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) \S+ [^\s:]+: (?:\[ID \d+ \S+\] )?")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)?(?: ([+-]\d{4}))?(?: \[\d+\])? ")
_ID = re.compile(r"([0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4}))(?![0-9A-Za-z])")
_REFERENCE = re.compile(rf" R={_ID.pattern}")


class _Message:
    __slots__ = ("began", "lines", "parents", "selected")

    def __init__(self, began: float) -> None:
        self.began = began
        self.lines: list[str] = []
        self.selected = False
        self.parents: list[str] = []


class Search:
    """One search over the lines of logs; `feed` gives what can be shown at once, `finish` the rest."""

    def __init__(
        self, wanted: re.Pattern[str], *, invert: bool = False, related: bool = False, seconds: float | None = None
    ) -> None:
        self._wanted = wanted
        self._invert = invert
        self._related = related
        self._seconds = seconds
        self._messages: dict[str, _Message] = {}
        self._chosen: set[str] = set()

    def feed(self, lines: Iterable[str]) -> Iterator[str]:
        for raw in lines:
            line = _SYSLOG.sub("", raw.rstrip("\n"))
            stamp = _STAMP.match(line)
            if stamp is None:
                continue
            name = _ID.match(line, stamp.end())
            if name is None:
                if (self._wanted.search(line) is not None) != self._invert:
                    yield f"{line}\n\n"
                continue
            yield from self._line(name[1], _time(stamp[1], stamp[2]), line, line[name.end() + 1 :])

    def _line(self, message_id: str, now: float, line: str, text: str) -> Iterator[str]:
        message = self._messages.get(message_id)
        if message is None:
            message = self._messages[message_id] = _Message(now)
        message.lines.append(line)
        if self._wanted.search(line) is not None:
            message.selected = True
        if self._related:
            message.parents += _REFERENCE.findall(line)
        if text.startswith("rejected "):
            # refused before it was a message, which is all there is of it
            del self._messages[message_id]
            if message.selected != self._invert and self._seconds is None:
                yield "".join(f"{each}\n" for each in message.lines) + "\n"
        elif text.startswith("Completed"):
            slow = self._seconds is None or now - message.began > self._seconds
            if self._chosen_now(message_id, message) and slow:
                yield "".join(f"{each}\n" for each in message.lines) + "\n"
            del self._messages[message_id]

    def finish(self) -> Iterator[str]:
        """Messages that are not complete; all of them when what does not match is wanted."""
        for message_id, message in self._messages.items():
            if self._chosen_now(message_id, message) or self._invert:
                yield f"+++ {message_id} has not completed +++\n"
                yield "".join(f"{each}\n" for each in message.lines) + "\n"

    def _chosen_now(self, message_id: str, message: _Message) -> bool:
        chosen = message.selected != self._invert
        if not chosen and self._related:
            chosen = any(parent in self._chosen or self._matches(parent) for parent in message.parents)
        if chosen:
            self._chosen.add(message_id)
        return chosen

    def _matches(self, message_id: str) -> bool:
        """Whether a message that is not complete has matched so far."""
        message = self._messages.get(message_id)
        return message is not None and message.selected and not self._invert


def _time(stamp: str, zone: str | None) -> float:
    fields = time.strptime(stamp, "%Y-%m-%d %H:%M:%S")
    if not zone:
        return time.mktime(fields)
    east = int(zone[1:3]) * 3600 + int(zone[3:5]) * 60
    return timegm(fields) - (-east if zone[0] == "-" else east)


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    # One dash will do for a long name; letters cannot be joined.
    arguments = [f"-{word}" if re.fullmatch(r"-[A-Za-z][A-Za-z-]+", word) else word for word in words]
    long_names = ["literal", "queue-time=", "sensitive", "invert", "related", "no-pager", "help", "man"]
    try:
        pairs, rest = getopt.gnu_getopt(arguments, "lt:IvMhm", long_names)
    except getopt.GetoptError as error:
        sys.stderr.write(f"Unknown option: {error.opt}\n{HELP}")
        return 2
    options = {name for name, _ in pairs}
    if options & {"-h", "--help", "-m", "--man"}:
        write(HELP)
        return 0
    if not rest:
        sys.stderr.write(HELP)
        return 2
    seconds = next((value for name, value in pairs if name in {"-t", "--queue-time"}), None)
    if seconds is not None and not seconds.isdigit():
        fail(f"exigrep: {seconds} is not a number of seconds", 2)
    wanted = pattern(rest[0], caseless=not options & {"-I", "--sensitive"}, literal=bool(options & {"-l", "--literal"}))
    search = Search(
        wanted,
        invert=bool(options & {"-v", "--invert"}),
        related=bool(options & {"-M", "--related"}),
        seconds=int(seconds) if seconds is not None else None,
    )
    for lines in _inputs(rest[1:]):
        for text in search.feed(lines):
            write(text)
    for text in search.finish():
        write(text)
    return 0


def _inputs(paths: Sequence[str]) -> Iterator[Iterator[str]]:
    if not paths:
        yield (raw.decode("latin-1") for raw in sys.stdin.buffer)
    for path in paths:
        try:
            yield lines_of(path)
        except OSError as error:
            fail(f"Unable to open {path}: {error.strerror}", 2)


def lines_of(path: str) -> Iterator[str]:
    """The lines of a log, decompressed when its name says so. Raises OSError when it cannot be opened."""
    opener: Callable[..., IO[str]] = open
    if path.endswith(".gz"):
        from gzip import open as opener
    elif path.endswith(".bz2"):
        from bz2 import open as opener
    elif path.endswith((".xz", ".lzma")):
        from lzma import open as opener
    return _all_lines(opener(path, "rt", encoding="latin-1"))


def _all_lines(file: IO[str]) -> Iterator[str]:
    with file:
        yield from file
