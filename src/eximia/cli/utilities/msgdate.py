"""exim_msgdate: the date that is in a message id; with options its process id, or an id for a date (as of 4.98)."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence

from eximia.base.dataclass import dataclass
from eximia.message.ids import base62, from_base62

from .common import fail, write

USAGE = """Usage:
    exim_msgdate [ -u|--unix | --GMT | -z|--zulu | --UTC | -l|--local ] [
    --base 36 | --base 62 | --base36 | --base62 | --b36 | --b62 ] [ --pid ]
    [ --localhost_number n ] [ -C configuration-file ]
    exim-message-id [ exim-message-id ...]

    exim_msgdate --epoch seconds ...

    exim_msgdate --help

"""
HELP = f"""{USAGE}Options:
    -u | --unix
        Display time as seconds since 1 Jan 1970.

    --GMT | --UTC | -z | --zulu
        Display time in UTC.

    -l | --local
        Display time in the local time zone, the default.

    --base n | --base36 | --base62
        Ids are in base 62; other systems have base 36.

    --pid
        Report the process id, too.

    --localhost_number n
        The option localhost_number of the host that made the ids, 0 to 16,
        or "none". Without this it is taken from the configuration file.

    -C configuration-file
        The configuration file to take localhost_number from.

    -e | --epoch
        Arguments are seconds since 1970: show how ids of that time begin.

    --help
        This text.

"""
#: every spelling -> (option, its fixed value; None: it takes one)
_WORDS = {
    "unix": ("unix", ""), "u": ("unix", ""), "gmt": ("utc", ""), "utc": ("utc", ""), "zulu": ("utc", ""),
    "z": ("utc", ""), "local": ("local", ""), "l": ("local", ""), "base36": ("base", "36"), "b36": ("base", "36"),
    "base62": ("base", "62"), "b62": ("base", "62"), "base": ("base", None), "b": ("base", None), "pid": ("pid", ""),
    "localhost_number": ("number", None), "c": ("conf", None), "epoch": ("epoch", ""), "e": ("epoch", ""),
    "help": ("help", ""), "man": ("help", ""),
}  # fmt: skip
_ID = re.compile(
    r"(?:^|[<E])([0-9A-Za-z]{6})(?:-([0-9A-Za-z]{11})-([0-9A-Za-z]{4})|-([0-9A-Za-z]{6})-([0-9A-Za-z]{2}))"
)
_SECONDS = re.compile(r"[0-9A-Za-z]{6}")
_NUMBER = re.compile(r"^\s*localhost_number\s*=\s*(\d+)\s*$|^\s*(begin)\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shown:
    """How ids are read and shown. `number` is `localhost_number`, None when it is not set."""

    unix: bool = False
    utc: bool = False
    local: bool = False
    pid: bool = False
    base: int = 62
    number: int | None = None


class _Unknown(Exception):
    """An option that is not known, or lacks its value."""


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status: 2 for wrong options, 255 for digits of another base,
    else 0."""
    try:
        options, rest = _options(words)
    except _Unknown as error:
        sys.stderr.write(f"{error}\n{USAGE}")
        return 2
    if "help" in options:
        write(HELP)
        return 0
    if "epoch" in options:
        return _epoch(rest)
    shown = Shown(
        unix="unix" in options,
        utc="utc" in options,
        local="local" in options,
        pid="pid" in options,
        base=int(options.get("base", "62")),
        number=_localhost_number(options),
    )
    for word in rest:
        try:
            lines = describe(word, shown)
        except ValueError as error:
            fail(str(error), 255)
        if not lines:
            sys.stderr.write(f"{word} not parsed\n")
        write("".join([f"{line}\n" for line in lines]))
    return 0


def _options(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Options, in any case, with one hyphen or two, shortened as far as one is meant; and the other words."""
    options: dict[str, str] = {}
    rest: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            rest += left
        elif not word.startswith("-") or word == "-":
            rest.append(word)
        else:
            given, equals, value = word.lstrip("-").partition("=")
            name = given.lower()
            found = {_WORDS[name]} if name in _WORDS else {what for key, what in _WORDS.items() if key.startswith(name)}
            if len(found) != 1:
                which = ", ".join(key for key in _WORDS if key.startswith(name))
                raise _Unknown(f"Option {given} is ambiguous ({which})" if found else f"Unknown option: {given}")
            option, fixed = found.pop()
            if fixed is None and not equals:
                value = next(left, "")
            options[option] = value if fixed is None else fixed
            if fixed is None and not value:
                raise _Unknown(f"Option {given} requires an argument")
    if not options.get("base", "62").isdigit():
        raise _Unknown(f'Value "{options["base"]}" invalid for option base (number expected)')
    return options, rest


def _epoch(words: Sequence[str]) -> int:
    status = 0
    for word in words:
        try:
            write(f"{base62(int(float(word)), 6)}\n")
        except ValueError:
            sys.stderr.write(f"{word}: not a number of seconds\n")
            status = 1
    return status


def _localhost_number(options: dict[str, str]) -> int | None:
    """As the option says, else as the configuration file says; that is only searched for the setting, not obeyed."""
    given = options.get("number")
    if given is not None:
        return int(given) if given.isdigit() else None
    path = options.get("conf")
    if path is None:
        import os

        from eximia.cli.opening import open_site

        path = next((each for each in open_site().configuration if os.access(each, os.R_OK)), "")
    if not path:
        return None
    try:
        with open(path, encoding="latin-1") as file:
            text = file.read()
    except OSError:
        if "conf" in options:
            fail(f"cannot read {path}", 2)
        return None
    found = _NUMBER.search(text)
    return int(found[1]) if found is not None and found[1] else None


def describe(word: str, shown: Shown) -> list[str]:
    """The lines for one id or its first part, one for each wanted time; none for other words. What stands around the
    id does not matter. Raises ValueError for digits of another base."""
    found = _ID.search(word)
    if found is not None:
        seconds, pid, last = found[1], found[2] or found[4], found[3] or found[5]
    elif _SECONDS.fullmatch(word):
        seconds, pid, last = word, "", ""
    else:
        return []
    when, micros = _value(seconds, shown.base), _micros(last, shown)
    behind = f"\tpid {_value(pid, shown.base)}" if shown.pid and pid else ""
    lines: list[str] = []
    if shown.unix:
        lines.append(f"{when}.{micros:06d}")
    if shown.utc:
        lines.append(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(when))}.{micros:06d}")
    if shown.local or not lines:
        moment = time.localtime(when)
        zone = time.strftime("%Z", moment)
        lines.append(f"{time.strftime('%Y-%m-%d %H:%M:%S', moment)}.{micros:06d} {zone}")
    return [line + behind for line in lines]


def _value(digits: str, base: int) -> int:
    if base == 62:
        return from_base62(digits)
    try:
        if digits != digits.upper():
            raise ValueError
        return int(digits, base)
    except ValueError:
        raise ValueError(f"{digits} is not base {base}") from None


def _micros(last: str, shown: Shown) -> int:
    """Microseconds of the last part: its unit depends on form, base and `localhost_number` (manual 3.4)."""
    if not last:
        return 0
    if len(last) == 4:
        per_second = 1_000_000 if shown.base == 62 else 500_000
        if shown.number is not None:
            per_second //= 2
    elif shown.number is not None:
        per_second = 200 if shown.base == 62 else 100
    else:
        per_second = 2000 if shown.base == 62 else 1000
    value = _value(last, shown.base)
    if shown.number is not None:
        number, value = divmod(value, per_second)
        if number != shown.number:
            sys.stderr.write(f"localhost {number} from message-id != given number {shown.number}\n")
    return value * 1_000_000 // per_second
