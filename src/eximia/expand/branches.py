"""The `{yes}{no}` strings, or `{yes} fail`, that end many items (manual chapter 11.4, 11.5).

The untaken string is only skipped, which still finds some of its errors; see `nodes.Node.skip_error`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.text import EMPTY, Untainted

from .nodes import Node, Run, constant_run, first_skip_error
from .parser import Parser, Trouble

if TYPE_CHECKING:
    from eximia.context import Context

#: what is wrong with strings that nothing ends
UNCLOSED = "did not close with '}'"
#: how an item ends: called with the context and the value found (None: not found)
Choose = Callable[["Context", str | None], str]


class Branches(Node):
    """The strings behind an item. `yes` None: none were given. `trouble`: the error found behind them."""

    __slots__ = ("fail", "name", "no", "trouble", "yes")

    def __init__(self, name: str, yes: Node | None, no: Node | None, fail: bool, trouble: str | None) -> None:
        self.name = name
        self.yes = yes
        self.no = no
        self.fail = fail
        self.trouble = trouble

    def children(self) -> Iterator[Node]:
        if self.yes is not None:
            yield self.yes
        if self.no is not None:
            yield self.no

    def skip_error(self) -> str | None:
        return first_skip_error(*self.children()) or self.trouble

    @property
    def plain(self) -> bool:
        """No strings were given and nothing is wrong."""
        return self.yes is None and self.trouble is None

    def _parts(self) -> tuple[Run, Run, str | None, str | None]:
        """Runs for yes and no, each with the error that skipping the other one raises."""
        yes, no = self.yes, self.no
        after_yes = (no.skip_error() if no is not None else None) or self.trouble
        before_no = yes.skip_error() if yes is not None else None
        run_yes: Run = yes.compile() if yes is not None else _empty
        if self.trouble is not None:
            trouble = self.trouble.replace(UNCLOSED, f"{UNCLOSED} after forcedfail", 1) if self.fail else self.trouble
            run_no = _then_fail(no.compile() if no is not None else _empty, trouble)
        elif self.fail:
            run_no = _forced(f'"{self.name}" failed and "fail" requested')
        else:
            run_no = no.compile() if no is not None else _empty
        return run_yes, run_no, after_yes, before_no

    def pair(self) -> tuple[Run, Run]:
        """What is evaluated for yes and for no, each with the errors of the other."""
        if self.plain:
            return constant_run(Untainted("true")), _empty
        run_yes, run_no, after_yes, before_no = self._parts()
        return _then_fail(run_yes, after_yes), _first_fail(run_no, before_no)

    def constants(self) -> tuple[str | None, str | None]:
        """The values of yes and no, where they never change and nothing is wrong."""
        if self.plain:
            return Untainted("true"), EMPTY
        if self.trouble is not None or first_skip_error(*self.children()) is not None:
            return None, None
        yes = self.yes.constant() if self.yes is not None else EMPTY
        no = self.no.constant() if self.no is not None else EMPTY
        return yes, None if self.fail else no

    def on_value(self) -> Choose:
        """The end of an item that finds a value: `$value` holds it while yes is expanded."""
        if self.plain:

            def bare(ctx: Context, found: str | None) -> str:
                return found if found is not None else EMPTY

            return bare
        run_yes, run_no, after_yes, before_no = self._parts()
        run_yes = _then_fail(run_yes, after_yes)
        run_no = _first_fail(run_no, before_no)

        def choose(ctx: Context, found: str | None) -> str:
            if found is None:
                return run_no(ctx)
            scope = ctx.scope
            saved = scope.value
            scope.value = found
            try:
                return run_yes(ctx)
            finally:
                scope.value = saved

        return choose


def _empty(ctx: Context) -> str:
    return EMPTY


def _forced(message: str) -> Run:
    def run(ctx: Context) -> str:
        raise ForcedFailure(message)

    return run


def _then_fail(run: Run, message: str | None) -> Run:
    """Evaluate, then fail because of what follows."""
    if message is None:
        return run

    def checked(ctx: Context) -> str:
        run(ctx)
        raise ExpansionError(message)

    return checked


def _first_fail(run: Run, message: str | None) -> Run:
    """Fail because of what was skipped before."""
    if message is None:
        return run

    def checked(ctx: Context) -> str:
        raise ExpansionError(message)

    return checked


def read_branches(parser: Parser, name: str) -> Branches:
    """The strings of item `name`, up to and with its closing bracket. Never raises: trouble becomes part of the
    result, because the strings before it are still evaluated."""
    start = parser.pos
    yes: Node | None = None
    no: Node | None = None
    fail = False
    trouble: str | None = None
    outer = parser.done
    parser.done = []
    try:
        char = parser.skip_space()
        if char != "}":
            if char != "{":
                raise _curly(parser, "'yes' part did not start with '{'")
            parser.pos += 1
            yes = parser.braced()
            char = parser.skip_space()
            if char == "{":
                parser.pos += 1
                no = parser.braced()
            elif char != "}":
                if parser.word() != "fail":
                    raise Trouble(f'syntax error in "{name}" item - "fail" expected')
                fail = True
            if parser.skip_space() != "}":
                raise _curly(parser, UNCLOSED)
        parser.pos += 1
    except Trouble as stop:
        trouble = stop.message
        parser.broken = True
        parser.pos = len(parser.source)
        left = parser.done
        if trouble is None and left:
            # the broken string itself is the last one read
            if yes is None:
                yes = left[-1]
            else:
                no = left[-1]
    finally:
        parser.done = outer
    node = Branches(name, yes, no, fail, trouble)
    node.at(parser.source, start, parser.pos)
    return node


def _curly(parser: Parser, what: str) -> Trouble:
    return parser.trouble(
        f"curly-bracket problem in conditional yes/no parsing: {what}\n remaining string is '{parser.rest}'",
    )
