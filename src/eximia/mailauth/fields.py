"""The header of a message as the mechanisms see it: fields as bytes, found by name, their relaxed form kept.

Not the server's own header lines (`eximia.message.header`); a script has bytes, and signatures are over bytes.
"""

from __future__ import annotations

from collections.abc import Iterable

from .canon import relaxed_header, simple_header


def split_message(data: bytes) -> tuple[list[bytes], bytes]:
    """(fields, body) of a whole message with LF or CRLF line ends. Each field has its folding and final line end; the
    empty line between is dropped. A line that is no header field ends the header."""
    fields: list[bytes] = []
    pos = 0
    size = len(data)
    while pos < size:
        end = data.find(b"\n", pos)
        end = size if end < 0 else end + 1
        line = data[pos:end]
        if line in (b"\n", b"\r\n"):
            return fields, data[end:]
        if line[:1] in (b" ", b"\t"):
            if not fields:
                return fields, data[pos:]
            start = pos
            # All continuations at once, so that a long field costs no copies.
            while end < size and data[end : end + 1] in (b" ", b"\t"):
                following = data.find(b"\n", end)
                end = size if following < 0 else following + 1
            fields[-1] += data[start:end]
        elif b":" not in line:
            return fields, data[pos:]
        else:
            fields.append(line)
        pos = end
    if fields and not fields[-1].endswith(b"\n"):
        fields[-1] += b"\r\n"
    return fields, b""


def field_name(field: bytes) -> bytes:
    """The name in lower case, b"" when there is no colon."""
    colon = field.find(b":")
    return field[:colon].rstrip(b" \t").lower() if colon > 0 else b""


class Fields:
    """The fields of one message, top to bottom."""

    __slots__ = ("_by_name", "_relaxed", "all", "names")

    def __init__(self, fields: Iterable[bytes]) -> None:
        self.all = list(fields)
        #: their names in lower case
        self.names = [field_name(field) for field in self.all]
        by_name: dict[bytes, list[int]] = {}
        for index, name in enumerate(self.names):
            by_name.setdefault(name, []).append(index)
        self._by_name = by_name
        self._relaxed: dict[int, bytes] = {}

    def named(self, name: bytes) -> list[int]:
        """Where the fields of that name (lower case) are, top to bottom."""
        return self._by_name.get(name, [])

    def relaxed(self, index: int) -> bytes:
        """The relaxed form of a field, made once."""
        text = self._relaxed.get(index)
        if text is None:
            text = self._relaxed[index] = relaxed_header(self.all[index])
        return text

    def canonical(self, index: int, canon: str) -> bytes:
        """A field in DKIM's form `relaxed` or `simple`."""
        return self.relaxed(index) if canon == "relaxed" else simple_header(self.all[index])

    def selected(self, names: Iterable[bytes], canon: str, skip: int = -1) -> list[bytes]:
        """The canonical fields that a list of names (lower case) signs: for each name the lowest field not taken yet,
        nothing when there is none left (RFC 6376 section 5.4.2). `skip`: the index of the signature itself."""
        taken: dict[bytes, int] = {}
        found = []
        for name in names:
            where = self._by_name.get(name)
            if where is None:
                continue
            left = taken.get(name)
            if left is None:
                left = len(where)
            left -= 1
            if left >= 0 and where[left] == skip:
                left -= 1
            taken[name] = left
            if left >= 0:
                found.append(self.canonical(where[left], canon))
        return found
