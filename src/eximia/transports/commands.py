"""Command lines of the pipe and lmtp transports and of transport filters (manual 29.3).

A command is split into arguments first and each argument expanded by itself, so that nothing inserted can add
arguments. Only `$pipe_addresses` and `$address_pipe` standing alone may become several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted, is_tainted

from .strings import expand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eximia.context import Context


class CommandError(Exception):
    """A command that cannot be run as it is written. `message` is for the log."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "b": "\b", "v": "\v"}


def split_command(text: str) -> list[str]:
    """The arguments of a command line: white space divides, double quotes with backslash escapes and single quotes
    without keep together. Arguments are Untainted when the text is."""
    clean = not is_tainted(text)
    arguments: list[str] = []
    pos = 0
    length = len(text)
    while True:
        while pos < length and text[pos].isspace():
            pos += 1
        if pos >= length:
            return arguments
        if text[pos] == "'":
            end = text.find("'", pos + 1)
            end = length if end < 0 else end
            argument = text[pos + 1 : end]
            pos = end + 1
        elif text[pos] == '"':
            argument, pos = _quoted(text, pos + 1)
        else:
            end = pos
            while end < length and not text[end].isspace():
                end += 1
            argument = text[pos:end]
            pos = end
        arguments.append(Untainted(argument) if clean else argument)


def _quoted(text: str, pos: int) -> tuple[str, int]:
    """The inside of double quotes that begin before `pos`, and where it goes on after them."""
    out = []
    length = len(text)
    while pos < length and text[pos] != '"':
        if text[pos] == "\\" and pos + 1 < length:
            pos += 1
            char = text[pos]
            if char in "01234567":
                digits = 1
                while digits < 3 and text[pos + digits : pos + digits + 1] in tuple("01234567"):
                    digits += 1
                out.append(chr(int(text[pos : pos + digits], 8) & 0xFF))
                pos += digits
                continue
            if char == "x":
                digits = 0
                while digits < 2 and text[pos + 1 + digits : pos + 2 + digits] in tuple("0123456789abcdefABCDEF"):
                    digits += 1
                if digits:
                    out.append(chr(int(text[pos + 1 : pos + 1 + digits], 16)))
                    pos += 1 + digits
                    continue
            out.append(_ESCAPES.get(char, char))
        else:
            out.append(text[pos])
        pos += 1
    return "".join(out), pos + 1


def command_arguments(
    ctx: Context,
    text: str,
    *,
    what: str,
    addresses: Sequence[str],
    expanding: bool = True,
    address_pipe: str | None = None,
    allow_tainted_arguments: bool = False,
    may_be_none: bool = False,
) -> list[str]:
    """The argument vector of a command. `what` names it in errors ("transport filter", "x transport").

    `addresses` stand for `$pipe_addresses`; `address_pipe` is the command of a redirection, for `$address_pipe`
    (`force_command`). `may_be_none`: a name that is empty means that there is no command, []. Raises CommandError.
    """
    arguments: list[str] = []
    for item in split_command(text):
        if item == "$pipe_addresses":
            arguments += addresses
        elif item == "$address_pipe" and address_pipe is not None:
            for argument in split_command(address_pipe):
                if is_tainted(argument):
                    raise CommandError(f"Tainted arg {len(arguments)} for {what} command: '{argument}'")
                arguments.append(argument)
        elif not expanding:
            arguments.append(item)
        else:
            try:
                value = expand(item, ctx)
            except ExpansionError as error:
                raise CommandError(
                    f'Expansion of "{item}" from command "{text}" in {what} failed: {error.message}'
                ) from error
            if value and is_tainted(value) and (not arguments or not allow_tainted_arguments):
                raise CommandError(f"Tainted arg {len(arguments)} for {what} command: '{value}'")
            arguments.append(value)
    if not arguments or not arguments[0]:
        if may_be_none:
            return []
        raise CommandError(f"missing or unusable command in {what}")
    return arguments
