"""The command line of eximstats."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from eximia.base.dataclass import dataclass, field
from eximia.cli.utilities.common import fail, pattern

#: default bounds of the times in the queue, seconds
QUEUE_TIMES = (60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400)

USAGE = """
Usage:
  eximstats [output] [options] mainlog1 mainlog2 ...
  eximstats -merge [output] [options] report1 report2 ...

Output (plain text to standard output unless told otherwise):
-txt[=<file>]   plain text
-html[=<file>]  HTML

Options:
-h<number>      histogram divisions per hour, a factor of 60; 0: no histograms
-ne             no errors
-nr             no relayed messages
-nr/pattern/    without relayed messages that match
-nt             no transports
-nt/pattern/    without deliveries by transports that match
-nvr            volumes in bytes
-t<number>      how many sources and destinations in each list (50); 0: no lists
-tnl            without local sources and destinations
-t_remote_users with the addresses of remote users among the local ones
-q<list>        times in seconds for the time in the queue; -q0: no such lists
-show_rt<list>  receipt times (log selector queue_time_overall)
-show_dt<list>  delivery times (log selector deliver_time)
-include_original_destination   destinations with the addresses they were made from
-byhost         by sending host (the default)
-bydomain       by domain of the sending host
-byemail        by sender's address
-byedomain      by domain of the sender's address
-bylocaldomain  local destinations by domain
-pattern "Description" /pattern/   count the lines that match; may be repeated
-merge          add up reports that were made as text or HTML
-emptyok        nothing to show is no error
"""

#: the categories of -by...
KINDS = ("host", "domain", "email", "edomain")


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
    remote_users: bool = False
    original_destination: bool = False
    queue_times: tuple[int, ...] = QUEUE_TIMES
    #: None: not shown
    receipt_times: tuple[int, ...] | None = None
    delivery_times: tuple[int, ...] | None = None
    by: tuple[str, ...] = ()
    by_local_domain: bool = False
    patterns: list[tuple[str, re.Pattern[str]]] = field(default_factory=list)
    merge: bool = False
    empty_ok: bool = False
    #: form ("txt", "html") -> file; "" is standard output
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        return self.by or ("host",)


_FLAGS = {
    "-ne": ("errors", False),
    "-nvr": ("round_volumes", False),
    "-tnl": ("top_local", False),
    "-t_remote_users": ("remote_users", True),
    "-include_original_destination": ("original_destination", True),
    "-bylocaldomain": ("by_local_domain", True),
    "-merge": ("merge", True),
    "-emptyok": ("empty_ok", True),
}
_BY = {
    "-byhost": "host",
    "-bydomain": "domain",
    "-byemail": "email",
    "-byedomain": "edomain",
    "-byemaildomain": "edomain",
}


#: what Exim's program, too, leaves out with a warning when the modules for it are not installed
_LEFT_OUT = {
    "-charts": "no charts are drawn; the report is made without them",
    "-xls": "no workbook is made; the report is text (-html=FILE can be read by spreadsheets)",
}


def read_options(words: Sequence[str]) -> tuple[Options, list[str]]:
    """The options and the names of the files. A wrong option ends the program."""
    options = Options()
    rest = list(words)
    by = set()
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word in _FLAGS:
            name, value = _FLAGS[word]
            setattr(options, name, value)
        elif word.partition("=")[0] in _LEFT_OUT:
            sys.stderr.write(f"WARNING: {_LEFT_OUT[word.partition('=')[0]]}\n")
        elif word in ("-chartdir", "-chartrel") and rest:
            rest.pop(0)
        elif word in _BY:
            by.add(_BY[word])
        elif word == "-pattern" and len(rest) >= 2:
            description, text = rest.pop(0), rest.pop(0)
            options.patterns.append((description, _regex(text)))
        elif not _valued(options, word):
            fail(f"Eximstats: Unknown or malformed option {word}\n{USAGE}")
    options.by = tuple(kind for kind in KINDS if kind in by)
    if not options.outputs:
        options.outputs["txt"] = ""
    return options, rest


def _valued(options: Options, word: str) -> bool:
    """Take an option that has a value of its own form; False when `word` is none."""
    if (found := re.fullmatch(r"-h(\d+)", word)) is not None:
        options.divisions = int(found[1])
        if options.divisions and 60 % options.divisions:
            fail("Eximstats: -h must specify a factor of 60")
    elif (found := re.fullmatch(r"-t(\d+)", word)) is not None:
        options.top = int(found[1])
    elif (found := re.fullmatch(r"-n([rt])(/.*/i?)?", word)) is not None:
        regex = _regex(found[2]) if found[2] else None
        if found[1] == "r":
            options.relays, options.hide_relays = regex is not None, regex
        else:
            options.transports, options.hide_transports = regex is not None, regex
    elif (found := re.fullmatch(r"-q([\d,*+/-]+)", word)) is not None:
        options.queue_times = _times(found[1])
    elif (found := re.fullmatch(r"-show_([rd]t)([\d,*+/-]*)", word)) is not None:
        times = _times(found[2]) if found[2] else QUEUE_TIMES
        if found[1] == "rt":
            options.receipt_times = times or None
        else:
            options.delivery_times = times or None
    elif (found := re.fullmatch(r"-(txt|html)(?:=(.*))?", word)) is not None:
        options.outputs[found[1]] = "" if found[2] in (None, "-") else found[2]
    else:
        return False
    return True


def _regex(text: str) -> re.Pattern[str]:
    """`/pattern/`, with `i` behind it for either case."""
    found = re.fullmatch(r"/(.*)/(i?)", text)
    if found is None:
        fail(f"Eximstats: malformed pattern {text}")
    return pattern(found[1], caseless=bool(found[2]))


def _times(text: str) -> tuple[int, ...]:
    """`10,300*4` are seconds, in order; `0` is none. An item may be a product or a sum."""
    times = []
    for item in text.split(","):
        if re.fullmatch(r"\d+(?:[*+]\d+)*", item) is None:
            fail(f"Eximstats: malformed list of times {text}")
        seconds = sum(_product(term) for term in item.split("+"))
        if seconds:
            times.append(seconds)
    return tuple(sorted(times))


def _product(term: str) -> int:
    value = 1
    for factor in term.split("*"):
        value *= int(factor)
    return value
