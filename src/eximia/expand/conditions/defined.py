"""`def:variable` and `def:h_name:`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.headers import exists
from eximia.expand.nodes import Condition, Run, Test
from eximia.expand.parser import HEADER_PREFIXES, Parser, Trouble
from eximia.expand.variables.reference import reason_unknown, resolve

if TYPE_CHECKING:
    from eximia.context import Context


class DefCondition:
    """Reads the condition."""

    def parse(self, parser: Parser, name: str) -> Condition:
        if parser.peek() != ":":
            raise Trouble('":" expected after "def"')
        parser.pos += 1
        begin = parser.pos
        variable = parser.keyword("")
        if not variable:
            raise Trouble('variable name omitted after "def:"')
        prefix, underscore, _ = variable.partition("_")
        if prefix + underscore in HEADER_PREFIXES:
            parser.pos = begin + len(prefix) + 1
            return HeaderDefined(parser.header_name())
        run = resolve(variable)
        if run is None:
            raise Trouble(f'unknown variable "{variable}" after "def:"{reason_unknown(variable)}')
        return VariableDefined(variable, run)


class HeaderDefined(Condition):
    """`def:h_name:`."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def test(self) -> Test:
        name = self.name.lower()

        def run(ctx: Context) -> bool:
            return exists(ctx, name)

        return run


class VariableDefined(Condition):
    """`def:name`."""

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: Run) -> None:
        self.name = name
        self.value = value

    def test(self) -> Test:
        value, name = self.value, self.name
        if name.startswith(("acl_", "n", "sn")):
            message = f'unknown variable "{name}" after "def:"'
            if name.startswith("acl_"):
                message += " (strict_acl_vars is set)"

            def run_checked(ctx: Context) -> bool:
                try:
                    return value(ctx) != ""
                except ExpansionError as failure:
                    raise ExpansionError(message) from failure

            return run_checked

        def run(ctx: Context) -> bool:
            return value(ctx) != ""

        return run

    def truth(self) -> Callable[[Context], object]:
        return self.test() if self.name.startswith(("acl_", "n", "sn")) else self.value


DEF = DefCondition()
