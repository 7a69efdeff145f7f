"""Options as `-bP` prints them (manual 5.2, 6.13 to 6.16)."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Callable, Iterator
from typing import Any

from eximia.base.options import Declaration, Kind, OptionSet
from eximia.base.template import Template

from .times import show_time

HIDDEN = "<value not displayable>"

#: kinds whose line has no blank after the = when the option is unset
_BARE_WHEN_UNSET = (Kind.FIXED, Kind.UID_LIST, Kind.GID_LIST)
_SWITCHES = (Kind.BOOL, Kind.EXPAND_BOOL)


def show_option(one: Declaration, value: Any, *, hidden: bool, labels: bool = True, name: str = "") -> str:
    """The line for an option. `hidden` tells that the reader may not see the value, `labels` whether the name is
    wanted (`-n`), `name` the name to print instead of the option's."""
    name = name or one.name
    if hidden:
        return f"{name} = {HIDDEN}" if labels else HIDDEN
    if one.kind in _SWITCHES and isinstance(value, bool):
        return name if value else f"no_{name}"
    text = show_value(one.kind, value)
    if one.shown is not None:
        text = one.shown(text)
    if value is None and one.kind is Kind.FIXED:
        return f"{name} ="
    if not labels:
        return text
    if not text and one.kind in _BARE_WHEN_UNSET:
        return f"{name} ="
    return f"{name} = {text}"


def show_options(
    options: OptionSet, names: frozenset[str], *, hide: frozenset[str] | set[str], labels: bool
) -> Iterator[str]:
    """The lines of those options of a set whose name is in `names`, in alphabetical order."""
    for name in sorted(names):
        one = options.declared[name]
        if not one.sets:
            yield show_option(one, getattr(options, one.field), hidden=name in hide, labels=labels)


def show_value(kind: Kind, value: Any) -> str:
    """A value's text; empty when it is unset."""
    if value is None:
        return ""
    if isinstance(value, Template):
        return printable(value.text)
    return _SHOW.get(kind, _text)(value)


def printable(text: str) -> str:
    """Text with what is no printing ASCII character written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(char) for char in text)


def _escape(char: str) -> str:
    if " " <= char <= "~":
        return char
    short = _ESCAPES.get(char)
    return short or f"\\{ord(char):03o}"


_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _text(value: Any) -> str:
    return printable(str(value))


def _kilo(value: int) -> str:
    if value and value % (1 << 20) == 0:
        return f"{value >> 20}M"
    if value and value % (1 << 10) == 0:
        return f"{value >> 10}K"
    return str(value)


def _kibi(value: int) -> str:
    if value and value % (1 << 20) == 0:
        return f"{value >> 20}G"
    if value and value % (1 << 10) == 0:
        return f"{value >> 10}M"
    return f"{value}K" if value else "0"


def _octal(value: int) -> str:
    return f"0{value:o}" if value else "0"


def _fixed(value: int) -> str:
    whole, thousandths = divmod(value, 1000)
    fraction = f"{thousandths:03d}".rstrip("0")
    return f"{whole}.{fraction or '0'}"


def _times(value: tuple[int, ...]) -> str:
    return ":".join(show_time(time) for time in value)


def user_name(uid: int) -> str:
    """The login name of a uid, or the number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return str(uid)


def group_name(gid: int) -> str:
    """The name of a gid, or the number."""
    try:
        return grp.getgrgid(gid).gr_name
    except (KeyError, OverflowError):
        return str(gid)


def _users(value: tuple[int, ...]) -> str:
    return ":".join(user_name(uid) for uid in value)


def _groups(value: tuple[int, ...]) -> str:
    return ":".join(group_name(gid) for gid in value)


_SHOW: dict[Kind, Callable[[Any], str]] = {
    Kind.KILO: _kilo,
    Kind.KIBI: _kibi,
    Kind.OCTAL: _octal,
    Kind.EXPAND_OCTAL: _octal,
    Kind.FIXED: _fixed,
    Kind.TIME: show_time,
    Kind.EXPAND_TIME: show_time,
    Kind.TIME_LIST: _times,
    Kind.UID: user_name,
    Kind.EXPAND_UID: user_name,
    Kind.GID: group_name,
    Kind.EXPAND_GID: group_name,
    Kind.UID_LIST: _users,
    Kind.GID_LIST: _groups,
}
