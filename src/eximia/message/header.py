"""Header lines: one `Header` per line (with its folded continuations), and what kind each is.

The letters are those of the spool format (manual chapter 57). Not address parsing: see `message.address`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: a line that was rewritten or removed; kept in the spool, never sent
DELETED: Final = "*"
#: a line of no special interest
OTHER: Final = " "

_LETTERS: Final = {
    "bcc": "B",
    "cc": "C",
    "from": "F",
    "message-id": "I",
    "received": "P",
    "reply-to": "R",
    "sender": "S",
    "to": "T",
}
#: the same lines of a message that was resent (RFC 5322, 3.6.6)
_RESENT_LETTERS: Final = {
    f"resent-{name}": letter for name, letter in _LETTERS.items() if name not in {"received", "reply-to"}
}


class Header:
    """One header line. `text` is the whole of it, folding included, with its final newline."""

    __slots__ = ("name", "text", "type")

    def __init__(self, text: str, type_: str | None = None) -> None:
        """`type_` None: found from the name."""
        self.text = text
        #: lower-cased field name; empty when the line has no colon
        self.name = field_name(text)
        #: the letter of the spool format
        self.type = classify(self.name) if type_ is None else type_

    @property
    def deleted(self) -> bool:
        return self.type == DELETED

    @property
    def body(self) -> str:
        """What follows the colon, with its white space and final newline."""
        return self.text.partition(":")[2]

    def __repr__(self) -> str:
        return f"Header({self.text!r}, {self.type!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Header) and self.text == other.text and self.type == other.type

    __hash__ = None  # type: ignore[assignment]


def field_name(text: str) -> str:
    """The lower-cased name before the colon (white space before the colon is allowed); empty when there is none."""
    colon = text.find(":")
    return text[:colon].rstrip(" \t").lower() if colon > 0 else ""


def classify(name: str) -> str:
    """The letter for a line called `name` (lower case)."""
    letter = _LETTERS.get(name)
    if letter is None:
        letter = _RESENT_LETTERS.get(name, OTHER)
    return letter


def settle_message_id(headers: Iterable[Header]) -> bool:
    """Leave the letter "I" to one line only: the first `Message-ID:`, or in a message that was resent the first
    `Resent-Message-ID:`. True when the message was resent."""
    ids = []
    resent = False
    for header in headers:
        if header.type == "I":
            ids.append(header)
        resent = resent or header.name.startswith("resent-")
    wanted = "resent-message-id" if resent else "message-id"
    found = False
    for header in ids:
        if found or header.name != wanted:
            header.type = OTHER
        else:
            found = True
    return resent


def is_field_line(line: str) -> bool:
    """True when `line` starts a header field: a name of printable characters, optional white space, a colon."""
    colon = line.find(":")
    if colon <= 0:
        return False
    name = line[:colon].rstrip(" \t")
    return bool(name) and all("!" <= letter <= "~" for letter in name)


def split_block(block: str) -> tuple[list[str], str]:
    """Cut a raw header block (LF line ends) into fields.

    Returns the fields, each with its continuations and final newline, and what follows the header: the text after the
    empty line, or from the first line on that is no header line.
    """
    fields: list[str] = []
    start = 0
    pos = 0
    size = len(block)
    while pos < size:
        end = block.find("\n", pos)
        end = size if end < 0 else end + 1
        first = block[pos]
        if first == "\n":
            if pos > start:
                fields.append(block[start:pos])
            return fields, block[end:]
        if first in " \t" and pos > start:
            pos = end
            continue
        if pos > start:
            fields.append(block[start:pos])
            start = pos
        if not is_field_line(block[pos:end]):
            return fields, block[pos:]
        pos = end
    if pos > start:
        last = block[start:pos]
        fields.append(last if last.endswith("\n") else last + "\n")
    return fields, ""


def parse_block(block: str) -> tuple[list[Header], str]:
    """As `split_block`, with the fields as headers and their letters set."""
    fields, rest = split_block(block)
    headers = [Header(text) for text in fields]
    settle_message_id(headers)
    return headers, rest
