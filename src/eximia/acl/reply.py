"""SMTP reply lines from the texts of ACLs (manual 44.21: own codes, several lines)."""

from __future__ import annotations

from eximia.context import Context

#: where long lines are broken, at a space
_WIDTH = 75
_FAR_ENOUGH = 35


def split_code(ctx: Context, code: str, text: str) -> tuple[str, str, str]:
    """(code, extended code with a space or "", text): a code at the start of `text` replaces `code` if its first digit
    is the same; if not, it is left out, and the panic log is told."""
    if not (len(text) > 3 and text[3] == " " and text[:3].isascii() and text[:3].isdigit()):
        return code, "", text
    rest = text[4:]
    extended = _extended(rest)
    if text[0] != code[0]:
        ctx.process.log.panic(
            f'configured error code starts with incorrect digit (expected {code[0]}) in "{text}"', ctx.message.id
        )
        return code, "", rest[len(extended) :]
    return text[:3], extended, rest[len(extended) :]


def _extended(text: str) -> str:
    """An extended status code (RFC 3463) and its space, at the start of `text`."""
    word, space, _ = text.partition(" ")
    parts = word.split(".")
    if space and len(parts) == 3 and len(parts[0]) == 1 and all(part.isascii() and part.isdigit() for part in parts):
        return word + " "
    return ""


def compose(ctx: Context, code: str, text: str, preface: tuple[str, ...] = ()) -> list[str]:
    """The lines of a reply, without line ends. `text` may have its own code and several lines; `preface` goes before
    it. Only the last line is left when the session cannot have more than one (control=no_multiline_responses)."""
    code, extended, text = split_code(ctx, code, text)
    if not ctx.session.multiline_responses:
        return [f"{code} {extended}{text.partition(chr(10))[0]}"]
    lines = [line for part in preface for line in part.split("\n") if line] + fold(text)
    return [f"{code}-{extended}{line}" for line in lines[:-1]] + [f"{code} {extended}{lines[-1]}"]


def fold(text: str) -> list[str]:
    """`text` as lines of a bearable length: newlines are kept (empty lines inside are not), long lines are broken
    after a colon if there is one far enough to the right, else at a space."""
    lines: list[str] = []
    for number, line in enumerate(text.split("\n")):
        if not line and number:
            continue
        while len(line) > _WIDTH:
            at = line.rfind(": ", _FAR_ENOUGH, _WIDTH + 1) + 1
            if at <= 0:
                at = line.rfind(" ", 0, _WIDTH + 1)
            if at <= 0:
                at = line.find(" ", _WIDTH)
                if at < 0:
                    break
            lines.append(line[:at])
            line = line[at:].lstrip(" ")
        lines.append(line)
    return lines
