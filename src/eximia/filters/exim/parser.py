"""Making commands of the text of an Exim filter. All of it is read before anything is obeyed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from eximia.base.dataclass import dataclass
from eximia.filters.errors import FilterError

from .actions import Add, End, Finish, Headers, Logfile, Logwrite, Testprint
from .conditions import Condition, read_condition
from .deliveries import Deliver, Marks, Pipe, Save, marked_by_mistake
from .mail import Mail
from .reader import Reader
from .run import Limits, Run


class Command(Protocol):
    """One command."""

    def obey(self, run: Run) -> None:
        """Raises Stop to end the filter, FilterError when it cannot be obeyed."""


_READERS: dict[str, Callable[[Reader, Marks, Limits], Command]] = {
    "deliver": lambda reader, marks, _: Deliver.read(reader, marks),
    "save": lambda reader, marks, _: Save.read(reader, marks),
    "pipe": lambda reader, marks, _: Pipe.read(reader, marks),
    "mail": lambda reader, marks, _: Mail.read(reader, marks, "mail"),
    "vacation": lambda reader, marks, _: Mail.read(reader, marks, "vacation"),
    "add": lambda reader, marks, _: Add.read(reader, marks),
    "finish": lambda reader, marks, _: Finish.read(reader, marks),
    "testprint": lambda reader, marks, _: Testprint.read(reader, marks),
    "logfile": lambda reader, marks, _: Logfile.read(reader, marks),
    "logwrite": lambda reader, marks, _: Logwrite.read(reader, marks),
    "headers": lambda reader, marks, limits: Headers.read(reader, marks, system=limits.system),
    "fail": lambda reader, marks, limits: End.read(reader, marks, "fail", allowed=limits.allow_fail),
    "freeze": lambda reader, marks, limits: End.read(reader, marks, "freeze", allowed=limits.allow_freeze),
    "defer": lambda reader, marks, limits: End.read(reader, marks, "defer", allowed=limits.allow_defer),
}
#: commands before which `seen`, `unseen` and `noerror` make no sense
_UNMARKED = frozenset({"headers", "if"})
_ENDS = frozenset({"elif", "else", "endif"})


@dataclass(slots=True)
class If:
    """`if ... then ... elif ... else ... endif`; an `elif` is an If in the other branch."""

    condition: Condition
    then: Sequence[Command]
    otherwise: Sequence[Command]

    def obey(self, run: Run) -> None:
        """Test, then obey one of the branches."""
        variables = run.ctx.message.variables
        before = variables.get("thisaddress", "")
        value = self.condition.test(run)
        if run.comment is not None:
            indent = "  " * run.depth
            run.comment(f"{indent}Condition is {'true' if value else 'false'}: {self.condition.written()} ")
        run.depth += 1
        try:
            for command in self.then if value else self.otherwise:
                command.obey(run)
        finally:
            run.depth -= 1
            variables["thisaddress"] = before


def parse(text: str, limits: Limits) -> list[Command]:
    """The commands of a filter. Raises FilterError."""
    reader = Reader(text)
    commands, _ = _commands(reader, limits, nested=False)
    return commands


def _commands(reader: Reader, limits: Limits, *, nested: bool) -> tuple[list[Command], str]:
    """Commands up to the end, or up to the word that ends a branch."""
    commands: list[Command] = []
    seen: bool | None = None
    noerror = False
    while True:
        word = _command_word(reader)
        if not word:
            if seen is not None or noerror:
                raise FilterError(f'"seen" or "unseen" near line {reader.line} is not followed by a command')
            return commands, ""
        if word in ("seen", "unseen"):
            if seen is not None:
                raise FilterError(f'"seen" or "unseen" repeated near line {reader.line}')
            seen = word == "seen"
            continue
        if word == "noerror":
            noerror = True
            continue
        marks = Marks(seen, noerror)
        seen, noerror = None, False
        if word in _ENDS:
            if not nested:
                raise FilterError(f'unexpected "{word}" command near line {reader.line} of filter file')
            return commands, word
        if marks.any and word in _UNMARKED:
            raise marked_by_mistake(word, reader.line)
        if word == "if":
            commands.append(_read_if(reader, limits))
            continue
        read = _READERS.get(word)
        if read is None:
            raise FilterError(f'unknown filtering command "{word}" near line {reader.line} of filter file')
        commands.append(read(reader, marks, limits))


def _command_word(reader: Reader) -> str:
    """The word of a command. A bracket may follow `if` and `elif` at once."""
    reader.skip()
    start, line = reader.position, reader.line
    word = reader.word()
    if word.startswith(("if(", "elif(")):
        word = word.partition("(")[0]
        reader.position, reader.line = start + len(word), line
    return word


def _read_if(reader: Reader, limits: Limits) -> If:
    condition = read_condition(reader)
    then, word = _commands(reader, limits, nested=True)
    otherwise: list[Command] = []
    if word == "elif":
        return If(condition, then, [_read_if(reader, limits)])
    if word == "else":
        otherwise, word = _commands(reader, limits, nested=True)
    if not word:
        raise FilterError('"endif" missing at end of filter file')
    if word != "endif":
        raise FilterError(f'"endif" missing near line {reader.line} of filter file')
    return If(condition, then, otherwise)
