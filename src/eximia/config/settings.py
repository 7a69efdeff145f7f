"""One line that sets an option: `hide`, `no_`, name, value (manual 6.11, 6.12)."""

from __future__ import annotations

from eximia.base.namedtuple import NamedTuple

from .lines import BLANK, Line, split_name


class Setting(NamedTuple):
    """A line taken apart as far as that goes without knowing the option."""

    #: as written, with a `no_` or `not_`
    name: str
    #: what follows the name
    rest: str
    hidden: bool
    line: Line


def split_setting(line: Line) -> Setting:
    """Take apart a line of the main section or of a driver. The name is empty when there is none."""
    text = line.text
    hidden = False
    name, after = split_name(text)
    if name == "hide" and (after > 4 or after == len(text)):
        hidden = True
        name, after = split_name(text, after)
    return Setting(name, text[after:].rstrip(BLANK), hidden, line)


def without_negation(name: str) -> str | None:
    """The name that a `no_` or `not_` stands before, None when there is no such prefix."""
    if name.startswith("no_"):
        return name[3:]
    if name.startswith("not_"):
        return name[4:]
    return None
