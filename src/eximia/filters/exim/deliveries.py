"""Commands that set up deliveries of the message: `deliver`, `save`, `pipe` (filter document 3.11 to 3.13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.text import Untainted, like, marked
from eximia.context import FilterDelivery, Kind
from eximia.filters.errors import FilterError
from eximia.message.address import AddressSyntaxError, parse_address

from .run import Run

if TYPE_CHECKING:
    from .reader import Reader


@dataclass(frozen=True, slots=True)
class Marks:
    """The words before a command: `seen` or `unseen` (None: neither), `noerror`."""

    seen: bool | None = None
    noerror: bool = False

    @property
    def any(self) -> bool:
        return self.seen is not None or self.noerror


def marked_by_mistake(command: str, line: int) -> FilterError:
    """For marks before a command that cannot have them."""
    return FilterError(f'"seen", "unseen", or "noerror" found before an "{command}" command near line {line}')


def argument(reader: Reader, command: str) -> str:
    """The data value of a command that needs one. Raises FilterError."""
    found = reader.value()
    if not found:
        raise FilterError(f'"{command}" requires an argument near line {reader.line} of filter file')
    return found


def _heading(marks: Marks, what: str) -> str:
    return f"Unseen {what}" if marks.seen is False else what[0].upper() + what[1:]


@dataclass(slots=True)
class Deliver:
    """`deliver <address> [errors_to <address>]`."""

    marks: Marks
    address: str
    errors_to: str | None

    @classmethod
    def read(cls, reader: Reader, marks: Marks) -> Deliver:
        address = argument(reader, "deliver")
        position = reader.position
        # The line number is not set back, as in Exim's messages.
        if reader.peek() != '"' and reader.word() == "errors_to":
            return cls(marks, address, reader.word())
        reader.position = position
        return cls(marks, address, None)

    def obey(self, run: Run) -> None:
        """Set the delivery up."""
        text = run.expand(self.address, "deliver")
        written = run.expand(self.errors_to, "deliver") if self.errors_to is not None else ""
        try:
            address = parse_address(text).address
        except AddressSyntaxError as error:
            raise FilterError(f'malformed address "{text}" in filter file: {error.message}') from None
        if "@" not in address:
            address = f"{address}@{run.limits.qualify_domain}"
        address = marked(address, text)
        errors_to = None
        if self.errors_to is not None:
            try:
                errors_to = parse_address(written).address
            except AddressSyntaxError as error:
                raise FilterError(f'malformed address "{written}" in filter file: {error.message}') from None
            if "@" not in errors_to:
                errors_to = f"{errors_to}@{run.limits.qualify_domain}"
            own = f"{run.ctx.address.local_part}@{run.ctx.address.domain}"
            if not run.limits.system and errors_to.lower() != own.lower():
                raise FilterError("errors_to must point to the caller's address")
        if run.say is not None:
            tail = f" errors_to {errors_to}" if errors_to is not None else ""
            noerror = " (noerror)" if self.marks.noerror else ""
            run.say(f"{_heading(self.marks, 'deliver message to:')} {address}{tail}{noerror}")
        delivery = FilterDelivery(Kind.ADDRESS, address, errors_to, self.marks.noerror)
        run.deliver(delivery, significant=self.marks.seen is not False)


@dataclass(slots=True)
class Save:
    """`save <file> [<mode>]`."""

    marks: Marks
    path: str
    mode: int

    @classmethod
    def read(cls, reader: Reader, marks: Marks) -> Save:
        path = argument(reader, "save")
        mode = -1
        if reader.peek().isdigit():
            word = reader.value()
            octal = word[: len(word) - len(word.lstrip("01234567"))]
            mode = int(octal or "0", 8)
        return cls(marks, path, mode)

    def obey(self, run: Run) -> None:
        """Set the delivery up."""
        path = run.expand(self.path, "save")
        home = run.ctx.address.home
        if run.limits.prepend_home and not run.limits.system and home and not path.startswith("/") and not run.testing:
            path = like(f"{home}/{path}", home, path)
        if run.say is not None:
            mode = f" {self.mode:04o}" if self.mode >= 0 else ""
            noerror = " (noerror)" if self.marks.noerror else ""
            run.say(f"{_heading(self.marks, 'save message to:')} {path}{mode}{noerror}")
        kind = Kind.DIRECTORY if path.endswith("/") else Kind.FILE
        delivery = FilterDelivery(kind, path, None, self.marks.noerror, self.mode)
        run.deliver(delivery, significant=self.marks.seen is not False)


@dataclass(slots=True)
class Pipe:
    """`pipe <command>`; the transport expands the command's arguments."""

    marks: Marks
    command: str

    @classmethod
    def read(cls, reader: Reader, marks: Marks) -> Pipe:
        return cls(marks, argument(reader, "pipe"))

    def obey(self, run: Run) -> None:
        """Set the delivery up."""
        if run.say is not None:
            noerror = " (noerror)" if self.marks.noerror else ""
            run.say(f"{_heading(self.marks, 'pipe message to:')} {self.command}{noerror}")
        delivery = FilterDelivery(
            Kind.PIPE, Untainted(f"|{self.command}"), None, self.marks.noerror, variables=tuple(run.ctx.scope.numeric)
        )
        run.deliver(delivery, significant=self.marks.seen is not False)
