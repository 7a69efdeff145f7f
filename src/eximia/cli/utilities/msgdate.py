"""exim_msgdate: the date that is in a message id; with options its other parts, or an id for a date (as of 4.97)."""

from __future__ import annotations

import getopt
import sys
import time
from collections.abc import Sequence

from eximia.message.ids import base62, is_message_id, parts_of

from .common import write

HELP = """exim_msgdate - print the date of Exim message ids
usage: exim_msgdate [options] id...
       exim_msgdate --epoch seconds ...

    -u, --unix, -GMT     seconds since 1970
    -z, --utc, --zulu    UTC instead of local time
    -p, --pid            the process id too
    -l, --localhost      ids of a host with localhost_number: show the number too
    -e, --epoch          arguments are seconds since 1970: show the beginning of an id
    -h, --help           this text
"""


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    names = ["unix", "utc", "zulu", "GMT", "pid", "localhost", "epoch", "help"]
    try:
        pairs, rest = getopt.gnu_getopt(list(words), "uzpleh", names)
    except getopt.GetoptError as error:
        sys.stderr.write(f"exim_msgdate: {error.msg}\n{HELP}")
        return 1
    options = {name.lstrip("-") for name, _ in pairs}
    if options & {"h", "help"}:
        write(HELP)
        return 0
    if not rest:
        sys.stderr.write(HELP)
        return 1
    status = 0
    for word in rest:
        if options & {"e", "epoch"}:
            try:
                write(f"{base62(int(float(word)), 6)}\n")
            except ValueError:
                sys.stderr.write(f"{word}: not a number of seconds\n")
                status = 1
            continue
        line = describe(word, options)
        if line is None:
            sys.stderr.write(f"{word}: not a message id\n")
            status = 1
        else:
            write(f"{line}\n")
    return status


def describe(word: str, options: set[str]) -> str | None:
    """The line for one id; None when it is none. An `E` before it and a host or suffix after it do not matter."""
    text = word.strip("<>")
    text = text.partition("@")[0]
    if text[-2:] in {"-H", "-D", "-J"}:
        text = text[:-2]
    if not is_message_id(text):
        text = text.removeprefix("E")
        if not is_message_id(text):
            return None
    localhost = bool(options & {"l", "localhost"})
    seconds, pid, number = parts_of(text, localhost_number=localhost)
    if options & {"u", "unix"}:
        line = f"{seconds:.6f}".rstrip("0").rstrip(".")
    else:
        utc = bool(options & {"z", "utc", "zulu", "GMT"})
        moment = time.gmtime(seconds) if utc else time.localtime(seconds)
        line = time.strftime("%Y-%m-%d %H:%M:%S", moment) + f"{seconds % 1:.6f}"[1:].rstrip("0").rstrip(".")
        if utc:
            line += " UTC"
    if options & {"p", "pid"}:
        line += f" pid={pid}"
    if localhost:
        line += f" localhost_number={number}"
    return line
