"""Reading the text files of the lsearch family (manual 9.3): keys, data, continuation lines, comments, quotes."""

from __future__ import annotations

from collections.abc import Iterator

from eximia.base.text import from_bytes, to_bytes

_SPACE = " \t\n\v\f\r"
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read_text(path: str) -> str:
    """The file as text that holds its bytes. Raises OSError."""
    with open(to_bytes(path), "rb") as file:
        return from_bytes(file.read())


def unquote(text: str) -> tuple[str, str]:
    """(content, rest) of text that begins with a double quote (manual 6.17); the end of the line may end it too."""
    out: list[str] = []
    position = 1
    while position < len(text):
        char = text[position]
        position += 1
        if char == '"':
            return "".join(out), text[position:]
        if char != "\\" or position >= len(text):
            out.append(char)
            continue
        char = text[position]
        position += 1
        if char in "01234567":
            end = position
            while end < position + 2 and text[end : end + 1] and text[end] in "01234567":
                end += 1
            out.append(chr(int(text[position - 1 : end], 8) & 0xFF))
            position = end
        elif char == "x":
            end = position
            while end < position + 2 and text[end : end + 1] and text[end] in "0123456789abcdefABCDEF":
                end += 1
            out.append(chr(int(text[position:end] or "0", 16)))
            position = end
        else:
            out.append(_ESCAPES.get(char, char))
    return "".join(out), ""


def logical_lines(text: str) -> Iterator[tuple[str, str, str]]:
    """(key, what follows it on its line, the continuation lines with a space before each) of each item, in order.

    A blank line or a comment ends an item, as in Exim (where the manual says that they are passed over).
    """
    key: str | None = None
    rest = more = ""
    for line in text.split("\n"):
        if not line or line[0] in _SPACE:
            added = line.strip(_SPACE)
            if added:
                more = f"{more} {added}"
            elif key is not None:
                yield key, rest, more
                key = None
            continue
        if key is not None:
            yield key, rest, more
        if line[0] == "#":
            key = None
            continue
        if line[0] == '"':
            key, rest = unquote(line)
        else:
            end = line.find(":")
            head = line if end < 0 else line[:end]
            key = head.split(None, 1)[0] if end != 0 else ""
            rest = line[len(key) :]
        rest = rest.rstrip(_SPACE)
        more = ""
    if key is not None:
        yield key, rest, more


def data_of(rest: str) -> str:
    """The data in what follows a key on its line: without the optional colon and the white space around it."""
    data = rest.lstrip(_SPACE)
    return data[1:].lstrip(_SPACE) if data.startswith(":") else data
