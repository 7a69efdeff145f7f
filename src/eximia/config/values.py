"""From the text of a setting to the option's value, by kind (manual 6.12 to 6.19). Messages are Exim's."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ConfigError, ExpansionError
from eximia.base.options import Kind
from eximia.base.span import Span
from eximia.base.template import Template
from eximia.base.text import Untainted

from .lines import BLANK, split_name
from .quoting import read_string
from .times import read_time

if TYPE_CHECKING:
    from .main import MainOptions

_WORDS = {"true": True, "yes": True, "false": False, "no": False}
_SUFFIX = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_INT_MAX = (1 << 31) - 1
#: in a list of times
_MOST_TIMES = 10

#: expands an option that is expanded when the configuration is read; the second argument is the main options as far
#: as they are known then. Raises ExpansionError.
Expander = Callable[[Template, "MainOptions | None"], str]


class ValueReader:
    """Reads values. `expander` is asked only for lists of users and groups with a `$`."""

    __slots__ = ("expander",)

    def __init__(self, expander: Expander | None = None) -> None:
        self.expander = expander

    def read(self, kind: Kind, name: str, text: str, span: Span) -> Any:
        """The value that `text` (all that follows the `=`) has for an option of this kind. Raises ConfigError."""
        return _READERS[kind](self, name, text, span)


def _string(reader: ValueReader, name: str, text: str, span: Span) -> Untainted:
    return Untainted(read_string(text, name, span))


def _template(reader: ValueReader, name: str, text: str, span: Span) -> Template:
    return Template(read_string(text, name, span), span)


def _bool(reader: ValueReader, name: str, text: str, span: Span) -> bool:
    if not text:
        return True
    word, after = split_name(text)
    if not word[:1].isalpha():
        word = ""
    value = _WORDS.get(word.lower())
    if value is None:
        raise ConfigError(f'"{word}" is not a valid value for the "{name}" option', span)
    if text[after:]:
        raise ConfigError(f'extra characters follow "{word}" for boolean option {name}', span)
    return value


def _expand_bool(reader: ValueReader, name: str, text: str, span: Span) -> bool | Template:
    if "$" in text:
        return _template(reader, name, text, span)
    return _bool(reader, name, text, span)


def _integer(reader: ValueReader, name: str, text: str, span: Span) -> int:
    value, shown, rest = _number(name, text, span)
    unit = _SUFFIX.get(rest[:1].lower())
    if unit:
        value *= unit
        shown += rest[0]
        rest = rest[1:]
    _check_integer(name, value, shown, rest, _INT_MAX, span)
    return value


def _kibi(reader: ValueReader, name: str, text: str, span: Span) -> int:
    value, shown, rest = _number(name, text, span)
    unit = _SUFFIX.get(rest[:1].lower())
    if unit:
        value *= unit >> 10
        shown += rest[0]
        rest = rest[1:]
    _check_integer(name, value, shown, rest, 1 << 53, span)
    return value


def _octal(reader: ValueReader, name: str, text: str, span: Span) -> int:
    end = 0
    while end < len(text) and "0" <= text[end] <= "7":
        end += 1
    if not end:
        raise ConfigError(f"octal integer expected for {name}", span)
    if text[end:].strip(BLANK):
        raise ConfigError(f"extra characters follow octal integer value for {name}", span)
    return int(text[:end], 8)


def _expand_octal(reader: ValueReader, name: str, text: str, span: Span) -> int | Template:
    if "$" in text:
        return _template(reader, name, text, span)
    return _octal(reader, name, text, span)


def _fixed(reader: ValueReader, name: str, text: str, span: Span) -> int:
    value, shown, rest = _number(name, text, span, "fixed-point number")
    if value < 0 or value > _INT_MAX // 1000:
        raise ConfigError(f'integer "{shown}" is too large (overflow)', span)
    value *= 1000
    if rest.startswith("."):
        digits = ""
        while len(digits) + 1 < len(rest) and rest[len(digits) + 1].isdigit():
            digits += rest[len(digits) + 1]
        value += int((digits + "000")[:3])
        rest = rest[len(digits) + 1 :]
    if rest.strip(BLANK):
        raise ConfigError(f"extra characters follow fixed-point value for {name}", span)
    return value


def _time(reader: ValueReader, name: str, text: str, span: Span) -> int:
    value = read_time(text)
    if value is None:
        raise ConfigError(f"invalid time value for {name}", span, "a number and a unit, such as 30s, 5m, 2h or 4d")
    return value


def _expand_time(reader: ValueReader, name: str, text: str, span: Span) -> int | Template:
    if "$" in text:
        return _template(reader, name, text, span)
    return _time(reader, name, text, span)


def _time_list(reader: ValueReader, name: str, text: str, span: Span) -> tuple[int, ...]:
    items = [item.strip(BLANK) for item in text.split(":")]
    if len(items) > _MOST_TIMES:
        raise ConfigError(f"too many time values for {name}", span)
    if items == [""]:
        return ()
    times: list[int] = []
    for item in items:
        time = _time(reader, name, item, span)
        if times and time <= times[-1]:
            raise ConfigError(f"time value out of order for {name}", span)
        times.append(time)
    return tuple(times) if times[0] else ()


def _uid(reader: ValueReader, name: str, text: str, span: Span) -> int:
    return find_user(_string(reader, name, text, span), span)[0]


def _gid(reader: ValueReader, name: str, text: str, span: Span) -> int:
    return find_group(_string(reader, name, text, span), span)


def _expand_uid(reader: ValueReader, name: str, text: str, span: Span) -> int | Template:
    return _template(reader, name, text, span) if "$" in text else _uid(reader, name, text, span)


def _expand_gid(reader: ValueReader, name: str, text: str, span: Span) -> int | Template:
    return _template(reader, name, text, span) if "$" in text else _gid(reader, name, text, span)


def _uid_list(reader: ValueReader, name: str, text: str, span: Span) -> tuple[int, ...]:
    return tuple(find_user(item, span)[0] for item in _list(reader, name, text, span))


def _gid_list(reader: ValueReader, name: str, text: str, span: Span) -> tuple[int, ...]:
    return tuple(find_group(item, span) for item in _list(reader, name, text, span))


def _list(reader: ValueReader, name: str, text: str, span: Span) -> list[str]:
    template = _template(reader, name, text, span)
    whole = str(template.text)
    if not template.constant and reader.expander is not None:
        try:
            whole = reader.expander(template, None)
        except ExpansionError as error:
            raise ConfigError(f"failed to expand {name}: {error.message}", span) from None
    return split_list(whole)


_READERS: dict[Kind, Callable[[ValueReader, str, str, Span], Any]] = {
    Kind.BOOL: _bool,
    Kind.EXPAND_BOOL: _expand_bool,
    Kind.INTEGER: _integer,
    Kind.KILO: _integer,
    Kind.KIBI: _kibi,
    Kind.EXPAND_INTEGER: _template,
    Kind.OCTAL: _octal,
    Kind.EXPAND_OCTAL: _expand_octal,
    Kind.FIXED: _fixed,
    Kind.TIME: _time,
    Kind.EXPAND_TIME: _expand_time,
    Kind.TIME_LIST: _time_list,
    Kind.STRING: _string,
    Kind.EXPAND: _template,
    Kind.STRING_LIST: _template,
    Kind.DOMAIN_LIST: _template,
    Kind.HOST_LIST: _template,
    Kind.ADDRESS_LIST: _template,
    Kind.LOCAL_PART_LIST: _template,
    Kind.REWRITE: _template,
    Kind.SPECIAL: _template,
    Kind.UID: _uid,
    Kind.GID: _gid,
    Kind.EXPAND_UID: _expand_uid,
    Kind.EXPAND_GID: _expand_gid,
    Kind.UID_LIST: _uid_list,
    Kind.GID_LIST: _gid_list,
}


def _number(name: str, text: str, span: Span, what: str = "integer") -> tuple[int, str, str]:
    """The number at the start of `text` (decimal, 0octal, 0xhexadecimal), its text, and what follows."""
    at = 1 if text[:1] in ("+", "-") else 0
    base, digits = 10, "0123456789"
    if what == "integer" and text.startswith(("0x", "0X"), at):
        base, digits, at = 16, "0123456789abcdefABCDEF", at + 2
    elif what == "integer" and text.startswith("0", at):
        base, digits = 8, "01234567"
    end = at
    while end < len(text) and text[end] in digits:
        end += 1
    if end == at:
        raise ConfigError(f"{what} expected for {name}", span)
    value = int(text[at:end], base)
    return (-value if text[0] == "-" else value), text[:end], text[end:]


def _check_integer(name: str, value: int, shown: str, rest: str, limit: int, span: Span) -> None:
    if abs(value) > limit:
        raise ConfigError(f'absolute value of integer "{shown}" is too large (overflow)', span)
    if rest.strip(BLANK):
        raise ConfigError(f"extra characters follow integer value for {name}", span)


def find_user(text: str, span: Span) -> tuple[int, int | None]:
    """The uid of a login name or a number, and for a name its group. Raises ConfigError."""
    if text.isdigit():
        return int(text), None
    try:
        entry = pwd.getpwnam(text)
    except (KeyError, ValueError):
        raise ConfigError(f"user {text} was not found", span) from None
    return entry.pw_uid, entry.pw_gid


def find_group(text: str, span: Span) -> int:
    """The gid of a group's name or a number. Raises ConfigError."""
    if text.isdigit():
        return int(text)
    try:
        return grp.getgrnam(text).gr_gid
    except (KeyError, ValueError):
        raise ConfigError(f"group {text} was not found", span) from None


def split_list(text: str) -> list[str]:
    """The items of a list that is read when the configuration is (manual 6.20 to 6.22)."""
    text = text.lstrip(BLANK)
    separator = ":"
    if len(text) > 1 and text[0] == "<" and not text[1].isalnum() and text[1] not in BLANK:
        separator = text[1]
        text = text[2:]
    marker = "\0"
    items = [
        item.replace(marker, separator).strip(BLANK) for item in text.replace(separator * 2, marker).split(separator)
    ]
    while items and not items[-1]:
        items.pop()
    return items
