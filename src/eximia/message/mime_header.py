"""What the header of a MIME part says of it, for the variables `$mime_...` (manual 45.4; RFC 2045, 2047, 2183, 2231).

Lenient, for what the sender broke a mail program may still show: white space and comments count for nothing, quotes
may stand anywhere or be missing, an alias (`name` in Content-Disposition, `filename` in Content-Type) does as well. Of
two values the last one counts, save that Content-Disposition goes before Content-Type, as in mail programs.
"""

from __future__ import annotations

import binascii
import re

from eximia.base.text import from_bytes

#: how a line of a header begins that says something of the part
_FIELDS = frozenset(
    {"content-type", "content-transfer-encoding", "content-disposition", "content-id", "content-description"}
)
#: characters of a field that are looked at
_MOST = 16384
#: where the name of the file is looked for: field and parameter, best first
_NAMES = (
    ("content-disposition", "filename"),
    ("content-disposition", "name"),
    ("content-type", "name"),
    ("content-type", "filename"),
)
_WORD = re.compile(r"=\?([^?\s]*)\?([bBqQ])\?(.*?)\?=")
_BETWEEN_WORDS = re.compile(r"(?<=\?=)\s+(?==\?[^?\s]*\?[bBqQ]\?.*?\?=)")
_AFTER_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_AFTER_EQUALS = re.compile(r"=([0-9A-Fa-f]{2})")
_COMMENT_AT_END = re.compile(r"\s\([^()]*\)$")
_CONTROL = re.compile(r"[\x00-\x1f]")
#: charsets whose text would hide its ASCII characters
_WIDE = frozenset({"utf-7", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be"})


class PartHeader:
    """The fields: `values` has their text before the first semicolon, in lower case; the rest are parameters."""

    __slots__ = ("_parameters", "multipart", "values")

    def __init__(self, header: str) -> None:
        self.values: dict[str, str] = {}
        #: whether any Content-Type says so; of several ones nobody knows which a mail program takes
        self.multipart = False
        self._parameters: dict[tuple[str, str], str] = {}
        for line in _unfolded(header):
            name, colon, text = line.partition(":")
            name = name.strip().lower()
            if not colon or name not in _FIELDS:
                continue
            first, parameters = parameters_of(text)
            self.values[name] = first.lower()
            if name == "content-type" and self.values[name].startswith("multipart"):
                self.multipart = True
            for key, value in parameters.items():
                self._parameters[name, key] = value

    def parameter(self, name: str) -> str:
        """The parameter of Content-Type, or else of any other field; empty when there is none."""
        return self._parameters.get(("content-type", name)) or self._last((name,))

    def filename(self) -> str:
        """The name proposed for the part as a file."""
        for place in _NAMES:
            if self._parameters.get(place):
                return self._parameters[place]
        return self._last(("name", "filename"))

    def _last(self, names: tuple[str, ...]) -> str:
        found = ""
        for (_, name), value in self._parameters.items():
            if name in names and value:
                found = value
        return found


def _unfolded(header: str) -> list[str]:
    """The fields; white space at a fold is no part of what is folded."""
    fields: list[list[str]] = []
    for line in header.split("\n"):
        if fields and line[:1] in (" ", "\t"):
            fields[-1].append(line.lstrip(" \t"))
        elif line:
            fields.append([line])
    return ["".join(lines)[:_MOST] for lines in fields]


def parameters_of(text: str) -> tuple[str, dict[str, str]]:
    """(the value before the first semicolon without white space and comments, the parameters by name, decoded)."""
    reader = _Reader(text)
    first = reader.token(";")
    raw: list[tuple[str, str]] = []
    while reader.pos < len(text):
        name = reader.token("=;")
        if text[reader.pos - 1] == "=":
            raw.append((name.lower(), reader.value()))
    return first, _decoded(raw)


class _Reader:
    """Reads a field from left to right. Comments or quotes that never end are none, from there on."""

    __slots__ = ("_comments", "_quotes", "pos", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self._comments = self._quotes = True

    def token(self, ends: str) -> str:
        """What stands before one of `ends`, without white space and comments; that one is read, too."""
        out = ""
        while self.pos < len(self.text):
            char = self.text[self.pos]
            if char == "(" and self._comments and self._comment():
                continue
            self.pos += 1
            if char in ends:
                break
            following = self.text[self.pos : self.pos + 1]
            if char == "\\" and following and following not in ends:
                out += following
                self.pos += 1
            elif char > " " and char != "\\":
                out += char
        return out

    def _comment(self) -> bool:
        """Pass over the comment that begins here, if it is one."""
        depth = 0
        pos = self.pos
        while pos < len(self.text):
            char = self.text[pos]
            pos += 1
            if char == "\\":
                pos += 1
            elif char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
                if not depth:
                    self.pos = pos
                    return True
        self._comments = False
        return False

    def value(self) -> str:
        """A parameter's value up to the next semicolon that is not quoted, without the quotes."""
        start = self.pos
        out = ""
        quoted = False
        # How much of `out` is there to stay: white space outside of quotes is no part of the value's ends.
        solid = in_quotes = 0
        while self.pos < len(self.text):
            char = self.text[self.pos]
            self.pos += 1
            if char == '"':
                quoted = self._quotes and not quoted
                in_quotes = solid = len(out)
            elif quoted:
                if char == "\\" and self.pos < len(self.text):
                    char = self.text[self.pos]
                    self.pos += 1
                out += char
            elif char == ";":
                break
            elif char > " " or out:
                out += char
                solid = len(out) if char > " " else solid
        if quoted:
            self._quotes = False
            self.pos = start
            return self.value()
        out = out[:solid]
        comment = _COMMENT_AT_END.search(out, in_quotes)
        if comment:
            out = out[: max(in_quotes, len(out[: comment.start()].rstrip()))]
        return _CONTROL.sub("", out)


def _decoded(raw: list[tuple[str, str]]) -> dict[str, str]:
    """RFC 2231 (charset, language, continuations) and, for the many that use it here, RFC 2047; by name."""
    found: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, str, bool]]] = {}
    for name, text in raw:
        base, star, rest = name.partition("*")
        if not star:
            # An empty one hides none.
            found[base] = _words(text) or found.get(base, "")
            continue
        number = rest.rstrip("*")
        if number and not number.isdecimal():
            continue
        several = pieces.setdefault(base, [])
        if not number:
            several.clear()
        several.append((int(number[:4] or 0), text, rest.endswith("*") or not number))
        found[base] = _joined(several)
    return found


def _joined(pieces: list[tuple[int, str, bool]]) -> str:
    """The continuations in their order, decoded when one of them is."""
    out = ""
    charset = None
    for _, text, encoded in sorted(pieces, key=lambda piece: piece[0]):
        if encoded and charset is None:
            charset, text = _charset(text)
        out += text
    if charset is None:
        return _words(out)
    return _words(_shown(_AFTER_PERCENT.sub(_byte, out), charset))


def _charset(text: str) -> tuple[str, str]:
    """(charset, text) of `charset'language'text`; the language may be missing."""
    parts = text.split("'", 2)
    return (parts[0], parts[-1]) if len(parts) > 1 else ("", text)


def _byte(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _words(text: str) -> str:
    """RFC 2047 words as the bytes they stand for; anything else unchanged."""
    if "=?" not in text:
        return text
    return _WORD.sub(_word, _BETWEEN_WORDS.sub("", text))


def _word(found: re.Match[str]) -> str:
    charset, encoding, text = found.groups()
    if encoding in "qQ":
        return _shown(_AFTER_EQUALS.sub(_byte, text.replace("_", " ")), charset.partition("*")[0])
    text = text.rstrip("=")
    try:
        content = binascii.a2b_base64(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return found[0]
    if text and not content:
        return found[0]
    return _shown(from_bytes(content), charset.partition("*")[0])


def _shown(text: str, charset: str) -> str:
    """The bytes as they are, save those of a charset that would hide ASCII: as UTF-8. No NUL goes through."""
    if charset.lower() in _WIDE:
        try:
            text = from_bytes(text.encode("latin-1").decode(charset, "replace").encode("utf-8", "replace"))
            return text.rstrip("\x00").replace("\x00", " ")
        except (LookupError, UnicodeError):
            pass
    return text.replace("\x00", " ")
