"""The criteria of exipick: `$message_size > 30K`, `!$deliver_freeze`, `$sender_address =~ /x/`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass

from .common import pattern

if TYPE_CHECKING:
    from .exipick_variables import Variables

_FORM = re.compile(r"(!?)\s*(\$?[A-Za-z_][\w:-]*?):?(?:\s+(<=|>=|==|!=|=~|!~|<|>|=|eq|ne)(?:\s+(.*))?)?", re.DOTALL)
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1, "M": 1048576, "K": 1024, "B": 1}
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)([dhmsMKB]?)")
_NUMERIC = {"<", "<=", ">", ">=", "==", "!="}


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one variable. Without an operator: is it true?"""

    variable: str
    operator: str = ""
    number: float = 0.0
    text: str = ""
    regex: re.Pattern[str] | None = None
    negated: bool = False

    @classmethod
    def parse(cls, text: str, *, caseful: bool = False) -> Condition | None:
        """None when it is no condition."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            return None
        bang, name, operator, value = found.groups()
        name = name.removeprefix("$")
        if operator is None:
            return cls(name, negated=bool(bang))
        if value is None or not value:
            return None
        if operator in _NUMERIC:
            number = _NUMBER.fullmatch(value.strip())
            if number is None:
                return None
            return cls(name, operator, float(number[1]) * _UNITS.get(number[2], 1), negated=bool(bang))
        if operator in {"eq", "ne"}:
            quoted = re.fullmatch(r"""(["'])(.*)\1""", value.strip(), re.DOTALL)
            value = quoted[2] if quoted is not None else value
            return cls(name, operator, text=value, negated=bool(bang))
        caseless = not caseful and operator == "="
        slashes = re.fullmatch(r"/(.*)/([i]?)", value.strip(), re.DOTALL)
        if slashes is not None:
            value = slashes[1]
            caseless = caseless or bool(slashes[2])
        elif operator != "=":
            return None
        regex = pattern(value, caseless=caseless)
        return cls(name, operator, regex=regex, negated=bool(bang))

    def expression(self, *, negated: bool = False) -> str:
        """The test as `--show-rules` shows it."""
        if not self.operator:
            test = "$var"
        elif self.regex is not None:
            operator = "!~" if self.operator == "!~" else "=~"
            test = f'"$var" {operator} /{self.regex.pattern}/{"i" if self.regex.flags & re.IGNORECASE else ""}'
        elif self.operator in {"eq", "ne"}:
            test = f'"$var" {self.operator} "{self.text}"'
        else:
            test = f"$var {self.operator} {self.number:.15g}"
        return f"({test}) ? {'0 : 1' if self.negated != negated else '1 : 0'}"

    def holds(self, variables: Variables, *, any_of: bool = False) -> bool:
        """`any_of`: for the variables that test each recipient, one is enough (`--or`)."""
        several = variables.each(self.variable)
        if several is not None:
            results = [self._holds_for(value) for value in several]
            return any(results) if any_of else bool(results) and all(results)
        return self._holds_for(variables.get(self.variable))

    def _holds_for(self, value: str | None) -> bool:
        return self._test(value) != self.negated

    def _test(self, value: str | None) -> bool:
        if not self.operator:
            return bool(value) and value != "0"
        if value is None:
            return False
        if self.regex is not None:
            return (self.regex.search(value) is not None) != (self.operator == "!~")
        match self.operator:
            case "eq":
                return value == self.text
            case "ne":
                return value != self.text
        try:
            number = float(value or 0)
        except ValueError:
            number = 0.0
        return {
            "<": number < self.number,
            "<=": number <= self.number,
            ">": number > self.number,
            ">=": number >= self.number,
            "==": number == self.number,
            "!=": number != self.number,
        }[self.operator]
