"""`${listextract{number}{list}{yes}{no}}`: one item of a list."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.pattern import pattern
from eximia.base.text import like
from eximia.expand.items.valued import ValueItem
from eximia.expand.listing import split_list
from eximia.expand.numbers import whole, wrap32

if TYPE_CHECKING:
    from eximia.context import Context

_NUMBER = pattern(r"-?[0-9]*")
_SPACE = " \t\n\r\v\f"


@lru_cache(maxsize=512)
def _number(text: str) -> int:
    digits = text.strip(_SPACE)
    if not digits:
        raise ExpansionError('first argument of "listextract" must not be empty')
    if _NUMBER.fullmatch(digits) is None:
        raise ExpansionError('first argument of "listextract" must be numeric')
    return wrap32(whole(digits)) if digits != "-" else 0


def _check(constants: list[str | None]) -> None:
    first = constants[0]
    # A skipped number may be empty only because what it consists of was skipped.
    if first is not None and first.strip(_SPACE):
        _number(first)


def element(text: str, number: int) -> str | None:
    """Item `number` (1 is the first, -1 the last); None when there is none."""
    items = split_list(text)[1]
    index = number - 1 if number > 0 else len(items) + number
    return items[index] if number and 0 <= index < len(items) else None


def _find(ctx: Context, values: list[str]) -> str | None:
    found = element(values[1], _number(values[0]))
    return None if found is None else like(found, values[1])


LISTEXTRACT = ValueItem(
    ("missing '{' for arg 1 of listextract", "missing '{' for arg 2 of listextract"),
    _find,
    _check,
    _number,
)
