"""exiqgrep: select messages of the queue by sender, recipient, size, age, state (manual 54.2).

Reads the spool itself; `-E`, the program to ask, is accepted and not needed.
"""

from __future__ import annotations

import getopt
import sys
import time
from collections.abc import Sequence

from eximia.queue.listing import ListingOptions, entry, format_size
from eximia.queue.summary import Summary, summarize

from .common import fail, open_configured, pattern, write

HELP = """Exim message queue display utility.

\t-h\t\tThis help message.
\t-C\t\tSpecify which exim.conf to use.
\t-E\t\tSpecify exim binary to use.

Selection criteria:
\t-f <regexp>\tMatch sender address sender (field is "< >" wrapped)
\t-r <regexp>\tMatch recipient address
\t-s <regexp>\tMatch against the size field from long output
\t-y <seconds>\tMessage younger than
\t-o <seconds>\tMessage older than
\t-z\t\tFrozen messages only (exclude non-frozen)
\t-x\t\tNon-frozen messages only (exclude frozen)
\t-G <queuename>\tMatch in given queue only

[ NB: for regexps, provided string sits in /<string>/ ]

Display options:
\t-c\t\tDisplay match count
\t-l\t\tLong Format [Default]
\t-i\t\tMessage IDs only
\t-b\t\tBrief Format
\t-R\t\tReverse order
\t-a\t\tAll recipients (including delivered)
"""


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    try:
        pairs, rest = getopt.getopt(list(words), "hf:r:y:o:s:C:E:zxlibRcaG:")
    except getopt.GetoptError as error:
        sys.stderr.write(f"Unknown option: {error.opt}\n")
        write(HELP)
        return 1
    options = dict(pairs)
    if "-h" in options:
        write(HELP)
        return 0
    if rest or not options.keys() & {"-f", "-r", "-s", "-y", "-o", "-z", "-x", "-c"}:
        write(HELP)
        return 1
    process = open_configured(["-C", options["-C"]] if "-C" in options else [])
    now = int(time.time())
    found: list[Summary] = []
    total = 0
    for message_id, place in process.spool.messages(options.get("-G", "")):
        try:
            summary = summarize(process.spool, message_id, place)
        except OSError:
            continue
        total += 1
        if _fits(summary, options, now):
            found.append(summary)
    found.sort(key=lambda each: each.id, reverse="-R" in options)
    if "-c" in options:
        write(f"{len(found)} matches out of {total} messages\n")
    elif "-i" in options:
        write("".join(f"{each.id}\n" for each in found))
    elif "-b" in options:
        write("".join(_brief(each, everyone="-a" in options) for each in found))
    else:
        show = ListingOptions(undelivered="-a" not in options)
        write("".join(_long(entry(each, now, show)) for each in found))
    return 0


def _fits(summary: Summary, options: dict[str, str], now: int) -> bool:
    age = now - summary.received_time
    recipients = summary.recipients if "-a" in options else summary.undelivered
    if "-z" in options and not summary.frozen:
        return False
    if "-x" in options and summary.frozen:
        return False
    if "-f" in options and not pattern(options["-f"]).search(f"<{summary.sender}>"):
        return False
    if "-r" in options and not any(map(pattern(options["-r"]).search, recipients)):
        return False
    if "-s" in options and not pattern(options["-s"]).search(format_size(summary.size).strip()):
        return False
    if "-y" in options and age >= _seconds(options["-y"]):
        return False
    return not ("-o" in options and age <= _seconds(options["-o"]))


def _seconds(text: str) -> int:
    if not text.isdigit():
        fail(f"exiqgrep: {text} is not a number of seconds")
    return int(text)


def _brief(summary: Summary, *, everyone: bool) -> str:
    done = summary.nonrecipients
    names = [f"D {each}" if each in done else each for each in summary.recipients if everyone or each not in done]
    return f"{summary.id} From: <{summary.sender}> To: {';'.join(names)}\n"


def _long(text: str) -> str:
    """The entry of `-bp` with recipients the way exiqgrep indents them."""
    lines = text.split("\n")
    return "\n".join([lines[0], *[f"\t  {line.lstrip()}" if line else "" for line in lines[1:]]])
