"""The other commands: counters, logs, header lines, printing, and those that end the filter (3.10, 3.15 to 3.20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.filters.errors import FilterError
from eximia.message.header import Header

from .deliveries import Marks, argument, marked_by_mistake
from .run import Run, Stop, shown

if TYPE_CHECKING:
    from .reader import Reader


def _number(text: str) -> int:
    """A number as C reads it: decimal, 0x, or octal with a zero before it. Raises FilterError."""
    stripped = text.strip()
    try:
        digits = stripped.lstrip("+-")
        if len(digits) > 1 and digits[0] == "0" and digits[1] not in "xX":
            return int(stripped, 8)
        return int(stripped, 0)
    except ValueError:
        raise FilterError(f'malformed number "{text}" in "add" command') from None


@dataclass(slots=True)
class Add:
    """`add <number> to <variable>`."""

    amount: str
    variable: str

    @classmethod
    def read(cls, reader: Reader, marks: Marks) -> Add:
        try:
            amount = reader.value()
        except FilterError:
            if marks.any:
                raise marked_by_mistake("add", reader.line) from None
            raise
        if amount and marks.any:
            raise marked_by_mistake("add", reader.line)
        if not amount:
            raise FilterError(f'"add" requires an argument near line {reader.line} of filter file')
        if reader.word() != "to":
            raise FilterError(f'"to" expected in "add" command near line {reader.line} of filter file')
        variable = reader.value()
        if not variable:
            raise FilterError(f'value missing after "to" near line {reader.line} of filter file')
        return cls(amount, variable)

    def obey(self, run: Run) -> None:
        """Change the counter."""
        amount = _number(run.expand(self.amount, "add"))
        variable = run.expand(self.variable, "add")
        if len(variable) != 2 or variable[0] != "n" or not variable[1].isdigit():
            raise FilterError(f'unknown variable "{variable}" in "add" command')
        run.numbers()[int(variable[1])] += amount
        if run.say is not None:
            run.say(f"Add {amount} to {variable}")


@dataclass(slots=True)
class Finish:
    """`finish`."""

    marks: Marks

    @classmethod
    def read(cls, reader: Reader, marks: Marks) -> Finish:
        return cls(marks)

    def obey(self, run: Run) -> None:
        """Stop here."""
        if run.say is not None:
            run.say("Seen finish" if self.marks.seen else "Finish")
        if self.marks.seen:
            run.delivered = True
        raise Stop


@dataclass(slots=True)
class Testprint:
    """`testprint <text>`."""

    marks: Marks
    text: str

    @classmethod
    def read(cls, reader: Reader, marks: Marks) -> Testprint:
        return cls(marks, argument(reader, "testprint"))

    def obey(self, run: Run) -> None:
        """Print while testing."""
        text = run.expand(self.text, "testprint")
        if run.say is not None:
            run.say(f"Testprint: {shown(text)}")
        if self.marks.seen:
            run.delivered = True


@dataclass(slots=True)
class Logfile:
    """`logfile <name> [<mode>]`."""

    marks: Marks
    name: str
    mode: int

    @classmethod
    def read(cls, reader: Reader, marks: Marks) -> Logfile:
        name = argument(reader, "logfile")
        mode = 0o600
        if reader.peek().isdigit():
            word = reader.value()
            mode = int(word[: len(word) - len(word.lstrip("01234567"))] or "0", 8)
        return cls(marks, name, mode)

    def obey(self, run: Run) -> None:
        """Later lines go to this file."""
        name = run.expand(self.name, "logfile")
        if "logwrite" in run.limits.forbidden:
            raise FilterError("logwrite command forbidden")
        if run.say is not None:
            run.say(f"{'Seen logfile' if self.marks.seen else 'Logfile'} {name}")
        if self.marks.seen:
            run.delivered = True
        run.log_file, run.log_mode = name, self.mode


@dataclass(slots=True)
class Logwrite:
    """`logwrite <text>`."""

    marks: Marks
    text: str

    @classmethod
    def read(cls, reader: Reader, marks: Marks) -> Logwrite:
        text = argument(reader, "logwrite")
        return cls(marks, text if text.endswith("\n") else f"{text}\n")

    def obey(self, run: Run) -> None:
        """Note the line; whoever runs the filter writes it."""
        text = run.expand(self.text, "logwrite")
        if "logwrite" in run.limits.forbidden:
            raise FilterError("logwrite command forbidden")
        if self.marks.seen:
            run.delivered = True
        if run.say is not None:
            run.say(f'{"Seen logwrite" if self.marks.seen else "Logwrite"} "{shown(text)}"')
        elif run.log_file:
            run.result.log_lines.append((run.log_file, text, run.log_mode))
        else:
            raise FilterError('attempt to obey "logwrite" command without a previous "logfile"')


@dataclass(slots=True)
class Headers:
    """`headers add|remove|charset <text>`."""

    word: str
    text: str

    @classmethod
    def read(cls, reader: Reader, marks: Marks, *, system: bool) -> Headers:
        line = reader.line
        word = reader.word()
        if not word:
            raise FilterError(f'"headers" requires an argument near line {reader.line} of filter file')
        if word not in ("add", "remove", "charset") and system:
            raise FilterError(
                f'"add", "remove", or "charset" expected after "headers" near line {reader.line} of filter file'
            )
        if word != "charset" and not system:
            raise FilterError(
                f"header addition and removal is available only in system filters: near line {line} of filter file"
            )
        text = reader.value()
        if not text:
            raise FilterError(
                f'value missing after "add", "remove", or "charset" near line {reader.line} of filter file'
            )
        return cls(word, text)

    def obey(self, run: Run) -> None:
        """Changes are made at once, so that later commands see them."""
        try:
            text = run.expand_raw(self.text)
        except ForcedFailure:
            return
        except ExpansionError as error:
            raise FilterError(f'failed to expand "{self.text}" in headers command: {error.message}') from None
        if run.say is not None:
            run.say(f'Headers {self.word} "{shown(text)}"')
        message = run.ctx.message
        if self.word == "charset":
            message.notes["headers_charset"] = text
            return
        if self.word == "add":
            text = text.lstrip(" \t\n")
            if not text:
                return
            lines = _split_headers(text)
            run.result.headers_add += lines
            message.headers += [Header(line) for line in lines]
            return
        names = [name.strip() for name in text.split(":") if name.strip()]
        run.result.headers_remove += names
        lowered = {name.lower() for name in names}
        for header in message.headers:
            if header.name in lowered:
                header.type = "*"


def _split_headers(text: str) -> list[str]:
    """The lines of an addition, each with its continuations and a final newline."""
    lines: list[str] = []
    for line in text.rstrip("\n").split("\n"):
        if lines and line[:1] in (" ", "\t"):
            lines[-1] += line + "\n"
        else:
            lines.append(line + "\n")
    return lines


@dataclass(slots=True)
class End:
    """`fail`, `freeze`, `defer`, with a text."""

    word: str
    text: str

    @classmethod
    def read(cls, reader: Reader, marks: Marks, word: str, *, allowed: bool) -> End:
        if not allowed:
            raise FilterError(f'filtering command "{word}" is disabled: near line {reader.line} of filter file')
        if reader.peek() == '"':
            return cls(word, reader.value())
        position = reader.position
        if reader.word() == "text":
            return cls(word, reader.value())
        # The line number is not set back, as in Exim's messages.
        reader.position = position
        return cls(word, "")

    def obey(self, run: Run) -> None:
        """The verdict, and stop."""
        text = run.expand(self.text, self.word)
        if run.say is not None:
            run.say(f'{self.word[0].upper()}{self.word[1:]} text "{shown(text)}"')
        result = run.result
        result.verdict = self.word
        result.message = text
        if run.limits.system and self.word == "fail" and text.startswith("<<") and ">>" in text:
            result.log_message, _, result.message = text[2:].partition(">>")
        raise Stop
