"""`${substr{..}}`, `${length{..}}`, `${hash{..}}`, `${nhash{..}}`: the operators with computed numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import Untainted
from eximia.expand.items.function import FunctionItem
from eximia.expand.operators.substrings import number, number_hash, substr, text_hash

if TYPE_CHECKING:
    from eximia.context import Context


def _marked(result: str, values: list[str]) -> str:
    """`result` with the mark of the string, the last of `values`."""
    return Untainted(result) if type(values[-1]) is Untainted else result


def _substr(ctx: Context, name: str, values: list[str]) -> str:
    start = number(values[0], name)
    length = number(values[1], name, positive=True) if len(values) == 3 else -1
    return _marked(substr(values[-1], start, length), values)


def _length(ctx: Context, name: str, values: list[str]) -> str:
    return values[1][: number(values[0], name, positive=True)]


def _hash(ctx: Context, name: str, values: list[str]) -> str:
    size = number(values[0], name)
    codes = number(values[1], name, positive=True) if len(values) == 3 else -1
    return _marked(text_hash(values[-1], size, codes), values)


def _nhash(ctx: Context, name: str, values: list[str]) -> str:
    first = number(values[0], name)
    second = number(values[1], name, positive=True) if len(values) == 3 else -1
    return number_hash(values[-1], first, second)


SUBSTR = FunctionItem(2, 3, _substr, eager=True)
LENGTH = FunctionItem(2, 2, _length, eager=True)
HASH = FunctionItem(2, 3, _hash, eager=True)
NHASH = FunctionItem(2, 3, _nhash, safe=True, eager=True)
