"""Mail addresses as Exim reads them: RFC 5322 mailboxes, RFC 5321 paths with source routes, and their errors.

One parser serves SMTP commands, header lines, `-t`, redirection lists and `${address:...}`. It extracts the bare
`local@domain` (comments and white space dropped, quoting of the local part kept as written) and says where in the
text it stood. Splitting a header line at its commas is `lists of addresses` below. Rewriting, qualification policy
and DNS are not here. Manual 48.3, 48.20, 14 (`allow_domain_literals`, `strip_trailing_dot`, `allow_utf8_domains`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from eximia.base.namedtuple import NamedTuple
from eximia.base.pattern import pattern

#: the longest address that is accepted, in bytes, as written between the angle brackets
MAX_LENGTH = 256

_NO_LOCAL = "missing or malformed local part"
_BAD_DOMAIN = "domain missing or malformed"
_WANTED_WORD = ' (expected word or "<")'

# The usual case in one match: optional brackets that belong together, an unquoted local part, a plain domain, and as
# in header lines white space around all.
_PLAIN = pattern(
    r"[ \t]*(<?)([^\x00-\x20()<>@,;:\\\"\[\].\x7f]+(?:\.[^\x00-\x20()<>@,;:\\\"\[\].\x7f]+)*)"
    r"@([A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9][A-Za-z0-9-]*)*)(>?)[ \t\r\n]*\Z"
)
_ATOM = pattern(r"(?:[^\x00-\x20()<>@,;:\\\"\[\].\x7f]|\\.)+", re.DOTALL)
_QUOTED = pattern(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_LABEL = pattern(r"[A-Za-z0-9][A-Za-z0-9-]*")
_LABEL_UTF8 = re.compile(r"[A-Za-z0-9\xc0-\xff][A-Za-z0-9\x80-\xff-]*")
_LITERAL = pattern(r"\[[^\x00-\x20\[\]\\\x7f-\xff]*\]")
_LITERAL_IP = pattern(r"\[(?:IPv[46]:)?[0-9A-Fa-f:.]*\]", re.IGNORECASE)
_SPACE = pattern(r"[ \t\r\n\f\v]*")


class AddressSyntaxError(ValueError):
    """An address does not parse; `message` is Exim's wording, without the address itself."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Syntax(NamedTuple):
    """The main options that bear on syntax."""

    allow_domain_literals: bool = False
    strip_trailing_dot: bool = False
    allow_utf8_domains: bool = False
    strip_excess_angle_brackets: bool = False


DEFAULT_SYNTAX = Syntax()


class Parsed(NamedTuple):
    """An extracted address. `address` is `local_part@domain`, or the local part alone, or empty for `<>`.

    `start` and `end` delimit in the source what the address was read from, without brackets and with a source
    route: the part that a rewritten header line replaces.
    """

    address: str
    local_part: str
    domain: str
    start: int
    end: int


def parse_address(text: str, *, allow_null: bool = False, syntax: Syntax = DEFAULT_SYNTAX) -> Parsed:
    """Read the one address in `text`: `a@b`, `<a@b>`, `Some Name <a@b>`, `<@x,@y:a@b>`, with comments anywhere.

    `allow_null` permits `<>`. Raises AddressSyntaxError with Exim's text.
    """
    plain = _PLAIN.match(text)
    if plain is not None:
        opened, local, domain, closed = plain.groups()
        if len(opened) == len(closed):
            length = len(local) + 1 + len(domain)
            if length <= MAX_LENGTH:
                start = plain.start(2)
                return Parsed(text[start : start + length], local, domain, start, start + length)
    return _Reader(text, allow_null, syntax).read()


class _Reader:
    """The parser proper: `pos` walks over `text`; `partial` is what error texts quote as read so far."""

    __slots__ = ("allow_null", "partial", "pos", "syntax", "text")

    def __init__(self, text: str, allow_null: bool, syntax: Syntax) -> None:
        self.text = text
        self.allow_null = allow_null
        self.syntax = syntax
        self.pos = 0
        self.partial = ""

    def read(self) -> Parsed:
        self.skip()
        if self.peek() == "":
            raise AddressSyntaxError("empty address")
        start = self.pos
        first = self.peek()
        local = domain = ""
        end = start
        if first == "@":
            local, domain = self.route(bracketed=False)
            end = self.pos
        elif first != "<":
            local = self.local_part()
            end = self.pos
            self.skip()
            following = self.peek()
            if following == "@":
                self.pos += 1
                domain = self.domain(bracketed=False)
                end = self.pos
            elif (following not in ("", ";") or not local) and following != "<":
                self.phrase()
            self.skip()
        if self.peek() == "<" and not domain:
            start, end, local, domain = self.bracketed()
        self.skip()
        if self.pos < len(self.text):
            raise AddressSyntaxError(
                f"malformed address: {self.text[self.pos :]} may not follow {self.text[: self.pos]}"
            )
        end -= len(self.text[start:end]) - len(self.text[start:end].rstrip())
        address = f"{local}@{domain}" if domain else local
        if max(end - start, len(address)) > MAX_LENGTH:
            raise AddressSyntaxError(f"address is ridiculously long: {address[:64]}...")
        return Parsed(address, local, domain, start, end)

    def phrase(self) -> None:
        """Words up to `<`; what was read before was the first of them."""
        while self.peek() != "<":
            before = self.pos
            try:
                self.local_part()
            except AddressSyntaxError as error:
                raise AddressSyntaxError(error.message + _WANTED_WORD) from None
            if self.pos == before:
                raise AddressSyntaxError(_NO_LOCAL + _WANTED_WORD)
            self.skip()

    def bracketed(self) -> tuple[int, int, str, str]:
        """`<...>`: a path, or nothing between the brackets. Returns (start, end, local part, domain)."""
        self.pos += 1
        depth = 1
        while self.syntax.strip_excess_angle_brackets and self.peek() == "<":
            self.pos += 1
            depth += 1
        start = self.pos
        self.skip()
        domain = ""
        if self.peek() == "@":
            local, domain = self.route(bracketed=True)
        else:
            local = self.local_part()
            if not local and not (self.allow_null and self.peek() == ">"):
                raise AddressSyntaxError(_NO_LOCAL)
            self.skip()
            if self.peek() == "@":
                self.pos += 1
                domain = self.domain(bracketed=True)
            elif self.peek() != ">":
                raise AddressSyntaxError(f'"@" or "." expected after "{local}"')
        end = self.pos
        for _ in range(depth):
            self.skip()
            if self.peek() == ">":
                self.pos += 1
            elif self.pos >= len(self.text):
                raise AddressSyntaxError("'>' missing at end of address")
        return start, end, local, domain

    def route(self, *, bracketed: bool) -> tuple[str, str]:
        """`@a,@b:local@domain` (RFC 5321 appendix C): the route is checked and dropped."""
        listed = False
        while self.peek() == "@":
            self.pos += 1
            self.domain(bracketed=True)
            if self.peek() != ",":
                break
            listed = True
            self.pos += 1
            self.skip()
        if self.peek() != ":":
            raise AddressSyntaxError("colon expected after route list" if listed else "no local part")
        self.pos += 1
        self.skip()
        local = self.local_part()
        if not local:
            raise AddressSyntaxError(_NO_LOCAL)
        self.skip()
        if self.peek() != "@":
            raise AddressSyntaxError("domain missing in source-routed address")
        self.pos += 1
        return local, self.domain(bracketed=bracketed)

    def local_part(self) -> str:
        """Atoms and quoted strings joined by dots; empty components are let pass (manual 48.20). May be empty."""
        text = self.text
        parts: list[str] = []
        while True:
            self.skip()
            if self.peek() == '"':
                quoted = _QUOTED.match(text, self.pos)
                if quoted is None:
                    raise AddressSyntaxError("unmatched doublequote in local part")
                parts.append(quoted.group())
                self.pos = quoted.end()
            else:
                atom = _ATOM.match(text, self.pos)
                if atom is not None:
                    parts.append(atom.group())
                    self.pos = atom.end()
                if self.pos == len(text) - 1 and text[self.pos] == "\\":
                    parts.append("\\")
                    self.pos += 1
            self.skip()
            if self.peek() != ".":
                return "".join(parts)
            parts.append(".")
            self.pos += 1

    def domain(self, *, bracketed: bool) -> str:
        """A dotted name or a literal; leaves `pos` after it and what may be skipped."""
        self.skip()
        if self.peek() == "[":
            # as in Exim, the option is asked only about addresses in angle brackets
            if bracketed and not self.syntax.allow_domain_literals:
                raise AddressSyntaxError("domain literals not allowed")
            literal = (_LITERAL_IP if bracketed else _LITERAL).match(self.text, self.pos)
            if literal is None:
                raise AddressSyntaxError("malformed domain literal")
            self.pos = literal.end()
            self.skip()
            return literal.group()
        label_pattern = _LABEL_UTF8 if self.syntax.allow_utf8_domains else _LABEL
        labels: list[str] = []
        while True:
            label = label_pattern.match(self.text, self.pos)
            if label is None:
                if self.syntax.strip_trailing_dot and labels and self.peek() != ".":
                    break
                raise AddressSyntaxError(_BAD_DOMAIN)
            labels.append(self.label(label.group()))
            self.skip()
            if self.peek() != ".":
                break
            self.pos += 1
            self.skip()
        return ".".join(labels)

    def label(self, found: str) -> str:
        """Check the UTF-8 of one label and step over it; a stray continuation byte ends it."""
        if not found.isascii():
            raw = found.encode("latin-1")
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError as error:
                if not 0x80 <= raw[error.start] < 0xC0:
                    raise AddressSyntaxError("invalid UTF-8 byte sequence") from None
                found = found[: error.start]
        self.pos += len(found)
        return found

    def peek(self) -> str:
        return self.text[self.pos] if self.pos < len(self.text) else ""

    def skip(self) -> None:
        self.pos = skip_comment(self.text, self.pos)


def skip_comment(text: str, pos: int) -> int:
    """Step over white space and (nested) comments; an unfinished comment reaches to the end."""
    length = len(text)
    if pos < length and text[pos] > "(" and text[pos] != "\x7f":
        return pos
    while True:
        match = _SPACE.match(text, pos)
        if match is not None:
            pos = match.end()
        if pos >= length or text[pos] != "(":
            return pos
        depth = 0
        while pos < length:
            char = text[pos]
            pos += 1
            if char == "\\":
                pos += 1
            elif char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
                if depth == 0:
                    break
        pos = min(pos, length)


# Lists of addresses

_LIST_STOP = pattern(r'[,;:"(<\\\n]')
_BLANK = " \t\r\n,"


def addresses_in(text: str) -> Iterator[tuple[int, int]]:
    """The (start, end) of each address in a header line's value or another comma-separated list.

    Groups (`name: a@b, c@d;`) are entered, their names skipped; what follows a group's semicolon up to the next comma
    is ignored. Empty items are skipped. The items are not checked.
    """
    pos = 0
    length = len(text)
    if "," not in text and ":" not in text and ";" not in text:
        # One item, as in most lines.
        if text.strip():
            yield length - len(text.lstrip(_BLANK)), length
        return
    in_group = False
    while pos < length:
        if text[pos] in _BLANK:
            pos += 1
            continue
        end = address_end(text, pos, in_group=in_group)
        if not in_group:
            colon = _group_colon(text, pos, end)
            if colon >= 0:
                in_group = True
                pos = colon + 1
                continue
        if text[pos:end].strip():
            yield pos, end
        if in_group and end < length and text[end] == ";":
            in_group = False
            end = address_end(text, end)
        pos = end + 1


def first_address(text: str) -> str:
    """The first address in the value of a header line such as From:, without its name; empty when it cannot be read."""
    for start, end in addresses_in(text):
        try:
            return parse_address(text[start:end]).address
        except AddressSyntaxError:
            return ""
    return ""


def address_end(text: str, pos: int, *, in_group: bool = False, newline_ends: bool = False) -> int:
    """Where the address that begins at `pos` ends: at a comma that is not inside a string, a comment, brackets or a
    source route, at a newline when `newline_ends`, at a semicolon when `in_group`, or at the end of the text."""
    if newline_ends:
        # Strings, comments and brackets end there, too.
        newline = text.find("\n", pos)
        return pos + _item_end(text[pos : newline if newline >= 0 else len(text)], 0, in_group)
    return _item_end(text, skip_comment(text, pos), in_group)


def _item_end(text: str, pos: int, in_group: bool) -> int:
    length = len(text)
    route = pos < length and text[pos] == "@"
    while pos < length:
        stop = _LIST_STOP.search(text, pos)
        if stop is None:
            return length
        pos = stop.start()
        char = text[pos]
        if (char == "," and not route) or (char == ";" and in_group):
            return pos
        if char == ":":
            route = False
        pos = _step(text, pos)
    return length


def _group_colon(text: str, pos: int, end: int) -> int:
    """The position of the colon after a group's name in the item text[pos:end], or -1."""
    pos = skip_comment(text, pos)
    if pos < end and text[pos] == "@":
        return -1
    while pos < end:
        stop = _LIST_STOP.search(text, pos, end)
        if stop is None or stop.group() == "<":
            return -1
        pos = stop.start()
        if stop.group() == ":":
            return pos
        pos = _step(text, pos)
    return -1


def _step(text: str, pos: int) -> int:
    """Step over the construct that begins at `pos`: a string, a comment, brackets, an escaped character."""
    char = text[pos]
    if char == "\\":
        return pos + 2
    if char == '"':
        quoted = _QUOTED.match(text, pos)
        return quoted.end() if quoted is not None else len(text)
    if char == "(":
        return skip_comment(text, pos)
    if char != "<":
        return pos + 1
    pos += 1
    while pos < len(text):
        if text[pos] == ">":
            return pos + 1
        pos = _step(text, pos) if text[pos] in '\\"(' else pos + 1
    return pos


def split_address(address: str) -> tuple[str, str]:
    """(local part, domain) of a bare address; the domain is empty when there is none."""
    at = address.rfind("@")
    if at < 0:
        return address, ""
    return address[:at], address[at + 1 :]


_UNQUOTED = pattern(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]+)*\Z")


def quote_local_part(local_part: str) -> str:
    """The local part, in quotes when RFC 5322 asks for them (`${quote_local_part:...}`)."""
    if _UNQUOTED.match(local_part):
        return local_part
    return '"' + local_part.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote_local_part(local_part: str) -> str:
    """The local part that `local_part` stands for: quotes and backslashes removed."""
    if '"' not in local_part and "\\" not in local_part:
        return local_part
    out: list[str] = []
    pos = 0
    quoted = False
    while pos < len(local_part):
        char = local_part[pos]
        pos += 1
        if char == '"':
            quoted = not quoted
        elif char == "\\" and pos < len(local_part):
            out.append(local_part[pos])
            pos += 1
        else:
            out.append(char)
    return "".join(out)


def qualify(address: str, domain: str) -> str:
    """`address` with `@domain` when it has no domain of its own; the empty address stays empty."""
    if not address or "@" in address:
        return address
    return f"{address}@{domain}"


def split_list(text: str) -> list[str]:
    """The addresses of a comma-separated argument as they are written, blank ones left out; groups are not entered."""
    out: list[str] = []
    pos = 0
    while pos < len(text):
        end = address_end(text, pos)
        if text[pos:end].strip():
            out.append(text[pos:end])
        pos = end + 1
    return out
