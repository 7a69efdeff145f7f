"""`${run <options> {command}{yes}{no}}`: a command's output.

Without `preexpand` the command line is cut into words first and each word is expanded on its own, so that no value
can add words. The command's name must not be tainted; with `preexpand` nothing may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, ForcedFailure, TaintError
from eximia.base.text import EMPTY, Untainted, from_bytes
from eximia.expand.branches import Branches, read_branches
from eximia.expand.nodes import Node, Run, Sequence, constant_run, first_skip_error
from eximia.expand.parser import Parser
from eximia.expand.sinks import with_origin

if TYPE_CHECKING:
    from eximia.context import Context

#: seconds a command may take
TIME_LIMIT = 60.0
_SPACE = " \t\n\r\v\f"


class RunItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        preexpand = False
        while parser.peek() == ",":
            start = parser.pos = parser.pos + 1
            while parser.peek() not in ("", ",", " ", "{") or parser.pos == start < len(parser.source):
                parser.pos += 1
            option = parser.source[start : parser.pos]
            if option != "preexpand":
                raise parser.trouble(f"bad option '{option}' for run")
            preexpand = True
        if not parser.accept("{"):
            raise parser.trouble("missing '{' for command arg of run")
        # Without preexpand the words are expanded when it is known what they are.
        parser.lenient, outer = not preexpand or parser.lenient, parser.lenient
        command = parser.sequence(ket=True)
        parser.lenient = outer
        if preexpand or not parser.broken:
            parser.add(command)
        if parser.broken:
            raise parser.trouble("missing '}' closing command arg of run")
        parser.pos += 1
        return RunNode(preexpand, command, read_branches(parser, name))


def words(command: str) -> list[str]:
    """The words of a command line; quotes keep white space together, backslashes work inside double ones."""
    found: list[str] = []
    pos, length = 0, len(command)
    while True:
        while pos < length and command[pos] in _SPACE:
            pos += 1
        if pos >= length:
            return found
        char = command[pos]
        if char == "'":
            end = command.find("'", pos + 1)
            end = length if end < 0 else end
            found.append(command[pos + 1 : end])
            pos = end + 1
        elif char == '"':
            word, pos = _quoted(command, pos + 1)
            found.append(word)
        else:
            start = pos
            while pos < length and command[pos] not in _SPACE:
                pos += 1
            found.append(command[start:pos])


def _quoted(command: str, pos: int) -> tuple[str, int]:
    """The word in double quotes that begins at `pos`, and where it ends."""
    out: list[str] = []
    while pos < len(command) and command[pos] != '"':
        if command[pos] == "\\" and pos + 1 < len(command):
            pos += 1
            out.append({"n": "\n", "t": "\t", "r": "\r"}.get(command[pos], command[pos]))
        else:
            out.append(command[pos])
        pos += 1
    return "".join(out), pos + 1


class RunNode(Node):
    """A use of the item."""

    __slots__ = ("branches", "command", "preexpand")

    sets_value = True

    def __init__(self, preexpand: bool, command: Sequence, branches: Branches) -> None:
        self.preexpand = preexpand
        self.command = command
        self.branches = branches

    def children(self) -> Iterator[Node]:
        yield self.command
        yield self.branches

    def skip_error(self) -> str | None:
        return first_skip_error(*([self.command] if self.preexpand else []), self.branches)

    def compile(self) -> Run:
        command = self.command.compile() if self.preexpand else constant_run(Untainted(self.command.text))
        preexpand = self.preexpand
        run_yes, run_no = self.branches.pair()
        node = self.command
        bare = self.branches.plain

        def run(ctx: Context) -> str:
            line = command(ctx)
            try:
                argv = _preexpanded(line) if preexpand else _expanded(ctx, line)
            except TaintError as failure:
                raise with_origin(ctx, failure, [node]) from failure
            # $value stays set afterwards, so that a log_message can show the output of a condition's command.
            scope = ctx.scope
            good = True
            if argv:
                result = ctx.process.ports.helpers.run(argv, timeout=TIME_LIMIT, merge_errors=True)
                if result.timed_out:
                    raise ExpansionError("command timed out")
                scope.runrc = 127 if result.failure else result.status
                if not result.failure and result.status < 0:
                    raise ExpansionError(f"command killed by signal {-result.status}")
                scope.value = Untainted(from_bytes(result.output))
                good = scope.runrc == 0
            else:
                scope.value = EMPTY
                scope.runrc = 127
                good = False
            if bare:
                return scope.value if good else EMPTY
            return run_yes(ctx) if good else run_no(ctx)

        return run


def _preexpanded(line: str) -> list[str]:
    argv = words(line)
    if type(line) is not Untainted and argv:
        raise TaintError(f"Attempt to exec tainted path: '{argv[0]}'")
    return argv


def _expanded(ctx: Context, line: str) -> list[str]:
    """The words of the command line, each expanded."""
    from eximia.expand.engine import compile_text

    argv: list[str] = []
    for word in words(line):
        try:
            argv.append(compile_text(word, ctx.scope.locked)(ctx))
        except ForcedFailure:
            raise
        except ExpansionError as failure:
            raise ExpansionError(
                f'Expansion of "{word}" from command "{line}" in ${{run}} expansion failed: {failure.message}',
            ) from failure
    if argv and type(argv[0]) is not Untainted:
        raise TaintError(f"Attempt to exec tainted path: '{argv[0]}'")
    return argv if argv and argv[0] else []


RUN = RunItem()
