"""exipick: select messages of the queue by conditions on their variables (manual 54.5).

Conditions are in `exipick_conditions`, variables in `exipick_variables`, reading the queue in `exipick_queue`; here are
the options and the output.
"""

from __future__ import annotations

import getopt
import random
import sys
from collections.abc import Callable, Iterator, Sequence

from eximia import __version__
from eximia.queue.listing import ListingOptions, entry, format_age, format_size

from .common import fail, write
from .exipick_conditions import Condition
from .exipick_queue import messages
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
    --show-vars VARIABLE[,...], --show-rules, --show-tests, --size
    --freeze FILE, --thaw FILE                  save what was read of the queue, use it again
    --version, --help
"""
_LONG = [
    "and", "or", "not", "caseful", "charset=", "config=", "finput", "flatq", "freeze=", "help", "man", "input-dir=",
    "queue=", "random", "reverse", "spool=", "show-rules", "show-tests", "show-vars=", "size", "sort=", "thaw=",
    "unsorted", "version",
]  # fmt: skip
_LISTINGS = {"-bp", "-bpa", "-bpc", "-bpr", "-bpra", "-bpru", "-bpu"}


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    letters, rest = _take_listing(words)
    try:
        pairs, criteria = getopt.gnu_getopt(rest, "bcC:f:ilo:r:Rs:xy:z", _LONG)
    except getopt.GetoptError as error:
        sys.stderr.write(f"Unknown option: {error.opt}\n{HELP}")
        return 2
    options = {name.lstrip("-"): value for name, value in pairs}
    if options.keys() & {"help", "man"}:
        write(HELP)
        return 0
    if "version" in options:
        write(f"exipick\nbuild: {__version__}\n")
        return 0
    conditions = [*_shortcuts(options), *criteria]
    tests = []
    for text in conditions:
        condition = Condition.parse(text, caseful="caseful" in options)
        if condition is None:
            fail(f"Expression {text} did not parse")
        tests.append(condition)
    if "show-rules" in options:
        for test in tests:
            write(f"${test.variable}\t{test.expression(negated='not' in options)}\n")
    found = [each for each in messages(options) if _chosen(each, tests, options)]
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


def _chosen(variables: Variables, tests: Sequence[Condition], options: dict[str, str]) -> bool:
    if not tests:
        return True
    any_of = "or" in options
    results = (test.holds(variables, any_of=any_of) != ("not" in options) for test in tests)
    if "show-tests" in options:
        write(f"{variables.header.id}\n")
        results = (_told(variables, test, result, options) for test, result in zip(tests, results, strict=True))
    return any(results) if any_of else all(results)


def _told(variables: Variables, test: Condition, result: bool, options: dict[str, str]) -> bool:
    """Show a test, its value and its result (`--show-tests`)."""
    value = variables.get(test.variable) or ""
    expression = test.expression(negated="not" in options)
    write(f"{f'${test.variable}':>27} =  '{value}'\n{expression:>27} => {int(result)}\n")
    return result


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
        variables = " Vars: " + ";".join(f"{name}='{value}'" for name, value in shown) if shown else ""
        return f"{header.id} From: <{header.sender}> To: {';'.join(left)}{variables}\n"
    frozen = " *** frozen ***" if summary.frozen else ""
    if "flatq" in options:
        middle = inline.lstrip() if inline else format_size(summary.size)
        age = format_age(each.now - header.received_time)
        return f"{age} {middle} {header.id} <{header.sender}>{frozen} {' '.join(left)}\n"
    text = entry(summary, each.now, ListingOptions(undelivered="u" in letters, generated="a" in letters))
    if not shown:
        return text
    first, rest = text.split("\n", 1)
    return first + "\n" + "".join(f"{name:>27} = '{value}'\n" for name, value in shown) + rest


def _names(each: Variables, wanted: Sequence[str]) -> Iterator[str]:
    for name in wanted:
        if name.startswith("^"):
            yield from each.matching(name)
        else:
            yield name
