"""exipick: select messages of the queue by conditions on their variables (manual 54.5).

Conditions are in `exipick_conditions`, variables in `exipick_variables`; here are the options and the output.
"""

from __future__ import annotations

import getopt
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from eximia.queue.listing import ListingOptions, entry, format_age, format_size
from eximia.queue.summary import summarize
from eximia.spool import Place, Spool, SpoolFormatError
from eximia.spool.header_file import read_header
from eximia.spool.journal import read_journal

from .common import fail, open_configured, write
from .exipick_conditions import Condition
from .exipick_variables import Variables

HELP = """Usage:
      exipick [<options>] [<criterion> [<criterion> ...]]

A criterion is VARIABLE, !VARIABLE, or VARIABLE OPERATOR VALUE with an operator of
  < <= > >= == !=   eq ne   = =~ !~

Options:
    --and, --or, --not           how criteria are joined (all of them, by default)
    -bp, -l; -bpa; -bpu; -bpr; -bpra; -bpru    listings as of exim
    -b, -i, --flatq              brief, ids only, one line a message
    -bpc, -c                     the count
    --caseful                    operators with = honour case
    -C, --config FILE; --spool PATH; --input-dir NAME; --finput; --queue NAME
    -f REGEXP, -r REGEXP, -s SIZE, -y SECONDS, -o SECONDS, -x, -z    as of exiqgrep
    --random, --reverse (-R), --sort VARIABLE[,...], --unsorted
    --show-vars VARIABLE[,...], --size, --help
"""
_LONG = [
    "and", "or", "not", "caseful", "charset=", "config=", "finput", "flatq", "help", "man", "input-dir=", "queue=",
    "random", "reverse", "spool=", "show-vars=", "size", "sort=", "unsorted",
]  # fmt: skip
_LISTINGS = {"-bp", "-bpa", "-bpc", "-bpr", "-bpra", "-bpru", "-bpu"}


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    letters, rest = _take_listing(words)
    try:
        pairs, criteria = getopt.gnu_getopt(rest, "bcC:f:ilo:r:Rs:xy:z", _LONG)
    except getopt.GetoptError as error:
        sys.stderr.write(f"Unknown option: {error.opt}\n{HELP}")
        return 1
    options = {name.lstrip("-"): value for name, value in pairs}
    if options.keys() & {"help", "man"}:
        write(HELP)
        return 0
    conditions = [*_shortcuts(options), *criteria]
    tests = []
    for text in conditions:
        condition = Condition.parse(text, caseful="caseful" in options)
        if condition is None:
            fail(f"Expression {text} did not parse")
        tests.append(condition)
    found = [each for each in _messages(options) if _chosen(each, tests, options)]
    _sort(found, options, letters)
    _show(found, options, letters)
    return 0


def _take_listing(words: Sequence[str]) -> tuple[str, list[str]]:
    """The letters of a `-bp...` among the words, and the others; long names get their second hyphen."""
    letters = ""
    rest = []
    for word in words:
        if word in _LISTINGS:
            letters = word[3:]
        elif word.startswith("-") and not word.startswith("--") and len(word) > 2 and _is_long(word[1:]):
            rest.append(f"-{word}")
        else:
            rest.append(word)
    return letters, rest


def _is_long(name: str) -> bool:
    name = name.partition("=")[0]
    return any(long.rstrip("=") == name for long in _LONG)


def _shortcuts(options: dict[str, str]) -> Iterator[str]:
    """The options of exiqgrep as criteria."""
    forms = {
        "f": "$sender_address =~ /{}/",
        "r": "$recipients =~ /{}/",
        "s": "$shown_message_size eq {}",
        "y": "$message_age < {}",
        "o": "$message_age > {}",
        "x": "!$deliver_freeze",
        "z": "$deliver_freeze",
    }
    for name, form in forms.items():
        if name in options:
            yield form.format(options[name])


def _messages(options: dict[str, str]) -> Iterator[Variables]:
    config = options.get("C") or options.get("config")
    directory = options.get("spool")
    if directory is None:
        directory = open_configured(["-C", config] if config else []).spool.directory
    spool = Spool(directory)
    queue = options.get("queue", "")
    now = int(time.time())
    if "finput" in options or "input-dir" in options:
        spool = _OtherFolder(directory, options.get("input-dir", "Finput"))
    for message_id, place in spool.messages(queue):
        path = spool.path(message_id, "-H", place)
        try:
            with open(path, "rb") as file:
                header = read_header(file.read().decode("latin-1"), message_id)
            summary = summarize(spool, message_id, place)
        except FileNotFoundError:
            continue
        except (SpoolFormatError, OSError) as error:
            sys.stderr.write(f"Couldn't parse {message_id}: {error}\n")
            continue
        header.nonrecipients |= read_journal(spool.path(message_id, "-J", place))
        yield Variables(header, summary, path, spool.path(message_id, "-D", place), now)


class _OtherFolder(Spool):
    """A spool whose messages are in a folder of another name (`--input-dir`)."""

    __slots__ = ("_name",)

    def __init__(self, directory: str, name: str) -> None:
        super().__init__(directory)
        self._name = name

    def folder(self, place: Place = Place(), kind: str = "input") -> str:  # noqa: B008 as in the base class
        if kind != "input":
            return super().folder(place, kind)
        path = self._name if self._name.startswith("/") else f"{self.directory}/{place.queue}/{self._name}"
        return f"{path}/{place.subdirectory}" if place.subdirectory else path


def _chosen(variables: Variables, tests: Sequence[Condition], options: dict[str, str]) -> bool:
    if not tests:
        return True
    any_of = "or" in options
    results = (test.holds(variables, any_of=any_of) != ("not" in options) for test in tests)
    return any(results) if any_of else all(results)


def _sort(found: list[Variables], options: dict[str, str], letters: str) -> None:
    if "random" in options:
        random.shuffle(found)
        return
    if "unsorted" not in options and "r" not in letters:
        found.sort(key=lambda each: each.header.id)
    for name in reversed(options.get("sort", "").split(",")):
        if name:
            found.sort(key=_sort_key(name))
    if options.keys() & {"R", "reverse"}:
        found.reverse()


def _sort_key(name: str) -> Callable[[Variables], tuple[float, str]]:
    def key(each: Variables) -> tuple[float, str]:
        value = each.get(name.lstrip("$")) or ""
        try:
            return float(value), ""
        except ValueError:
            return 0.0, value

    return key


def _show(found: Sequence[Variables], options: dict[str, str], letters: str) -> None:
    total = sum(max(0, each.summary.size) for each in found)
    if letters == "c":
        write(f"{len(found)} ({total})\n" if "size" in options else f"{len(found)}\n")
    elif "c" in options:
        write(f"{len(found)} matches out of {len(found)} messages\n")
    elif "size" in options:
        write(f"{total}\n")
    else:
        wanted = [name for name in options.get("show-vars", "").split(",") if name]
        for each in found:
            write(_entry(each, wanted, options, letters))


def _entry(each: Variables, wanted: Sequence[str], options: dict[str, str], letters: str) -> str:
    header, summary = each.header, each.summary
    shown = [(name, each.get(name.lstrip("$")) or "") for name in _names(each, wanted)]
    inline = "".join(f" {name}='{value}'" for name, value in shown)
    done = summary.nonrecipients
    left = [address for address in summary.recipients if address not in done]
    if "i" in options:
        return f"{header.id}{inline}\n"
    if "b" in options:
        variables = f" Vars:{inline}" if inline else ""
        return f"{header.id} From: <{header.sender}> To: {';'.join(left)}{variables}\n"
    frozen = " *** frozen ***" if summary.frozen else ""
    if "flatq" in options:
        middle = inline.lstrip() if inline else format_size(summary.size)
        age = format_age(each.now - header.received_time)
        return f"{age} {middle} {header.id} <{header.sender}>{frozen} {' '.join(left)}\n"
    text = entry(summary, each.now, ListingOptions(undelivered="u" in letters, generated="a" in letters))
    if not shown:
        return text
    width = max(len(name) for name, _ in shown)
    first, rest = text.split("\n", 1)
    return first + "\n" + "".join(f"{' ' * 10}{name:>{width}} = '{value}'\n" for name, value in shown) + rest


def _names(each: Variables, wanted: Sequence[str]) -> Iterator[str]:
    for name in wanted:
        if name.startswith("^"):
            yield from each.matching(name)
        else:
            yield name
