"""`eval`, `eval10` and `randint`: 64-bit integer arithmetic with C's precedences."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.pattern import pattern
from eximia.expand.numbers import MAX64, strict_integer, whole, wrap64
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context

_SPACE = " \t\n\r\v\f"
_DECIMAL = pattern(r"[0-9]+")
_ANY_BASE = pattern(r"0[xX][0-9a-fA-F]+|0[xX]|0[0-7]*|[1-9][0-9]*")
_UNITS = {"k": 10, "m": 20, "g": 30}
_MIN64 = -MAX64 - 1
_BINARY = ((("|",)), (("^",)), (("&",)), ("<<", ">>"), ("+", "-"), ("*", "/", "%"))
MAX_NESTING = 100


class _Sum:
    """One evaluation: a cursor over the expression."""

    __slots__ = ("decimal", "depth", "pos", "text")

    def __init__(self, text: str, *, decimal: bool) -> None:
        self.text = text
        self.pos = 0
        self.decimal = decimal
        self.depth = 0

    def fail(self, what: str) -> ExpansionError:
        return ExpansionError(
            f'error in expression evaluation: {what} (after processing "{self.text[: self.pos]}")',
        )

    def space(self) -> None:
        while self.text[self.pos : self.pos + 1] in _SPACE and self.pos < len(self.text):
            self.pos += 1

    def whole(self) -> int:
        value = self.binary(0)
        self.space()
        if self.pos < len(self.text):
            raise self.fail("expecting operator")
        return value

    def binary(self, level: int) -> int:
        """Operators of one precedence, from left to right."""
        if level == len(_BINARY):
            return self.unary()
        operators = _BINARY[level]
        value = self.binary(level + 1)
        while True:
            self.space()
            for operator in operators:
                if self.text.startswith(operator, self.pos):
                    break
            else:
                return value
            self.pos += len(operator)
            value = self.apply(operator, value, self.binary(level + 1))

    def apply(self, operator: str, left: int, right: int) -> int:
        match operator:
            case "|":
                return left | right
            case "^":
                return left ^ right
            case "&":
                return left & right
            case "<<":
                return wrap64(left << (right & 63))
            case ">>":
                return left >> (right & 63)
            case "+":
                total = left + right
                if not _MIN64 <= total <= MAX64:
                    if (left >= 0) == (right >= 0):
                        raise self.fail("overflow in sum")
                return wrap64(total)
            case "-":
                return wrap64(left - right)
            case "*":
                return wrap64(left * right)
            case _:
                return self.divide(operator, left, right)

    def divide(self, operator: str, left: int, right: int) -> int:
        """Division towards zero; the remainder has the sign of `left`."""
        if right == 0:
            raise self.fail("divide by zero" if operator == "/" else "modulo by zero")
        quotient = abs(left) // abs(right)
        if (left < 0) != (right < 0):
            quotient = -quotient
        return wrap64(quotient if operator == "/" else left - quotient * right)

    def unary(self) -> int:
        self.space()
        char = self.text[self.pos : self.pos + 1]
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.fail("expression is nested too deeply")
        try:
            if char in "+-~" and char:
                self.pos += 1
                value = self.unary()
                if char == "-":
                    return wrap64(-value)
                return ~value if char == "~" else value
            if char == "(":
                self.pos += 1
                value = self.binary(0)
                self.space()
                if self.text[self.pos : self.pos + 1] != ")":
                    raise self.fail("expecting closing parenthesis")
                self.pos += 1
                return value
        finally:
            self.depth -= 1
        return self.number()

    def number(self) -> int:
        pattern = _DECIMAL if self.decimal else _ANY_BASE
        match = pattern.match(self.text, self.pos)
        if match is None:
            raise self.fail("expecting number or opening parenthesis")
        digits = match[0]
        self.pos = match.end()
        if self.decimal or digits[0] != "0":
            value = whole(digits)
        elif digits[1:2] in ("x", "X"):
            value = int(digits[2:] or "0", 16)
        else:
            value = int(digits, 8)
        value = min(value, MAX64)
        shift = _UNITS.get(self.text[self.pos : self.pos + 1].lower())
        if shift is not None:
            self.pos += 1
            value = wrap64(value << shift)
        return value


@lru_cache(maxsize=1024)
def evaluate(text: str, *, decimal: bool = False) -> int:
    """The value of an expression. Raises ExpansionError."""
    return _Sum(text, decimal=decimal).whole()


def _eval(ctx: Context, subject: str, argument: str | None) -> str:
    return str(evaluate(subject))


def _eval10(ctx: Context, subject: str, argument: str | None) -> str:
    return str(evaluate(subject, decimal=True))


def _randint(ctx: Context, subject: str, argument: str | None) -> str:
    limit = strict_integer(subject, positive=True)
    return str(random.randrange(limit) if limit > 0 else 0)


EVAL = Operator(_eval, safe=True)
EVAL10 = Operator(_eval10, safe=True)
RANDINT = Operator(_randint, safe=True, pure=False)
