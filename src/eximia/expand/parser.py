"""Reads an expansion string into nodes (manual chapter 11.1, 11.2, 11.5).

Exim reads and evaluates in one go. Here reading is separate, so trouble is kept as a `Broken` node in the place
where Exim would stop; what stood before it is still evaluated first. The message texts are Exim's.

The items, operators and conditions read themselves with the primitives of `Parser`.
"""

from __future__ import annotations

import re

from eximia.base.text import Untainted

from . import locks
from .nodes import Broken, Node, Sequence, Text

#: nesting beyond this is refused: it cannot be meant, and must not exhaust the stack
MAX_DEPTH = 100

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset("0123456789")
_NAME = _LETTERS | _DIGITS | {"_"}
_BRACED_NAME = _NAME | {"-"}
#: what ends a run of plain characters
_SPECIAL = re.compile(r"[\\$}]")
_SPACE = frozenset(" \t\n\r\v\f")
_HEX = "0123456789abcdefABCDEF"
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"}
HEADER_PREFIXES = {
    "h_": "", "header_": "", "rh_": "r", "rheader_": "r", "bh_": "b", "bheader_": "b", "lh_": "l", "lheader_": "l",
}  # fmt: skip


class Trouble(Exception):
    """The part being read cannot be completed. `message` None: a part inside is already broken."""

    def __init__(self, message: str | None) -> None:
        super().__init__(message)
        self.message = message


class Unknown(Trouble):
    """Nothing is wrong with the brackets, but a name is not known."""


class Parser:
    """A cursor over one source string."""

    __slots__ = ("broken", "depth", "done", "lenient", "locked", "malformed_header", "pos", "source")

    def __init__(self, source: str, locked: frozenset[str] = frozenset()) -> None:
        self.source = source
        #: what may not be used; see `locks`
        self.locked = locked
        self.pos = 0
        self.depth = 0
        #: a part has been found broken; nothing behind it is read
        self.broken = False
        #: a header name swallowed a bracket
        self.malformed_header = False
        #: parts of the item that is being read
        self.done: list[Node] = []
        #: unknown names do not stop the reading
        self.lenient = False

    # --- primitives for items, operators and conditions

    @property
    def rest(self) -> str:
        """What has not been read."""
        return self.source[self.pos :]

    def peek(self) -> str:
        """The next character, empty at the end."""
        return self.source[self.pos : self.pos + 1]

    def skip_space(self) -> str:
        """Pass white space; the next character, empty at the end."""
        source, pos = self.source, self.pos
        while source[pos : pos + 1] in _SPACE and pos < len(source):
            pos += 1
        self.pos = pos
        return source[pos : pos + 1]

    def name(self, allowed: frozenset[str] = _NAME, start: frozenset[str] = _LETTERS) -> str:
        """A name, perhaps empty."""
        source, begin = self.source, self.pos
        pos = begin
        if source[pos : pos + 1] in start and pos < len(source):
            while pos < len(source) and source[pos] in allowed:
                pos += 1
        self.pos = pos
        return source[begin:pos]

    def word(self) -> str:
        """Letters only, perhaps none."""
        return self.name(_LETTERS)

    def keyword(self, allowed: str) -> str:
        """A run of name characters and those in `allowed`, whatever it begins with."""
        return self.name(_NAME | frozenset(allowed), _NAME | frozenset(allowed))

    def trouble(self, message: str) -> Trouble:
        """An error about brackets; a header name that swallowed one is the likelier cause."""
        if self.malformed_header:
            message = "missing or misplaced { or } - could be header name not terminated by colon"
        return Trouble(message)

    def accept(self, char: str) -> bool:
        """Pass white space, then `char` if it is next."""
        if self.skip_space() == char:
            self.pos += 1
            return True
        return False

    def braced(self, *, dollar: bool = True) -> Sequence:
        """A string up to its closing bracket; the opening one has been read. Joins the parts of the item."""
        part = self.sequence(ket=True, dollar=dollar)
        self.done.append(part)
        if self.broken:
            raise Trouble(None)
        self.pos += 1
        return part

    def add(self, node: Node) -> None:
        """Remember a part that is not a plain string (a condition), so that it is evaluated before later trouble."""
        self.done.append(node)

    def refuse_locked(self, table: dict[str, tuple[str, str]], name: str) -> None:
        """Raise Trouble when `name` is locked out."""
        message = locks.refusal(self.locked, table, name)
        if message is not None:
            raise Trouble(message)

    # --- reading

    def sequence(self, *, ket: bool, dollar: bool = True) -> Sequence:
        """Parts up to `}` (which is left unread) or, without `ket`, to the end of the source."""
        source = self.source
        start = self.pos
        parts: list[Node] = []
        text: list[str] = []
        text_start = start
        length = len(source)

        def flush(end: int) -> None:
            if text:
                node = Text("".join(text))
                node.at(source, text_start, end)
                parts.append(node)
                text.clear()

        self.depth += 1
        closed = not ket
        while self.pos < length:
            special = _SPECIAL.search(source, self.pos)
            stop = length if special is None else special.start()
            if not text:
                text_start = self.pos
            if stop > self.pos:
                text.append(source[self.pos : stop])
                self.pos = stop
                continue
            char = source[stop]
            if char == "}" and ket:
                closed = True
                break
            if char == "\\":
                if stop + 1 >= length:
                    flush(stop)
                    parts.append(self._break("\\ at end of string", (), stop))
                    break
                text.append(self._escape())
            elif char == "$" and dollar:
                flush(stop)
                parts.append(self._dollar())
                if self.broken:
                    break
            else:
                text.append(char)
                self.pos = stop + 1
        flush(self.pos)
        self.depth -= 1
        if not closed and not self.broken:
            message = "missing } at end of string"
            if self.malformed_header:
                message += " - could be header name not terminated by colon"
            parts.append(self._break(message, (), self.pos))
        node = Sequence(parts)
        node.at(source, start, self.pos)
        return node

    def _escape(self) -> str:
        """What the backslash at the cursor stands for; the cursor moves behind it."""
        source = self.source
        char = source[self.pos + 1]
        pos = self.pos + 2
        if char == "N":
            end = source.find("\\N", pos)
            protected = source[pos:] if end < 0 else source[pos:end]
            self.pos = len(source) if end < 0 else end + 2
            return protected
        if char in "01234567":
            value = int(char)
            limit = pos + 2
            while pos < limit and source[pos : pos + 1] in tuple("01234567"):
                value = value * 8 + int(source[pos])
                pos += 1
            self.pos = pos
            return chr(value & 0xFF)
        if char == "x":
            value = 0
            limit = pos + 2
            while pos < limit and pos < len(source) and source[pos] in _HEX:
                value = value * 16 + int(source[pos], 16)
                pos += 1
            self.pos = pos
            return chr(value)
        self.pos = pos
        return _ESCAPES.get(char, char)

    def _dollar(self) -> Node:
        """The part that begins with the dollar at the cursor."""
        start = self.pos
        outer = self.done
        self.done = []
        try:
            node = self._reference()
            if self.depth > MAX_DEPTH:
                raise Trouble("expansion items are nested too deeply")
        except Trouble as trouble:
            if self.lenient and isinstance(trouble, Unknown):
                node = Broken(trouble.message or "")
            else:
                node = self._break(trouble.message, tuple(self.done), start)
        finally:
            self.done = outer
        node.at(self.source, start, self.pos)
        return node

    def _break(self, message: str | None, done: tuple[Node, ...], start: int) -> Broken:
        self.broken = True
        node = Broken(message or "", done)
        self.pos = len(self.source)
        node.at(self.source, start, self.pos)
        return node

    def _reference(self) -> Node:
        source = self.source
        self.pos += 1
        char = self.peek()
        if char in _LETTERS and char:
            return self._plain_name()
        if char in _DIGITS and char:
            return _captured(self._number())
        if char != "{":
            raise Trouble("$ not followed by letter, digit, or {")
        self.pos += 1
        char = self.peek()
        if char in _DIGITS and char:
            number = self._number()
            if self.peek() != "}":
                raise Trouble("} expected after number")
            self.pos += 1
            return _captured(number)
        if char not in _LETTERS or not char:
            raise Trouble("letter or digit expected after ${")
        name = self.name(_BRACED_NAME)
        if self.depth > MAX_DEPTH:
            raise Trouble("expansion items are nested too deeply")

        from .items.catalogue import ITEMS

        item = ITEMS.get(name)
        if item is not None:
            if self.locked:
                self.refuse_locked(locks.ITEMS, name)
            return item.parse(self, name)
        following = source[self.pos : self.pos + 1]
        if following == "}":
            self.pos += 1
            return _variable(name, f'unknown variable in "${{{name}}}"')
        if following == ":":
            from .operation import parse_operation

            return parse_operation(self, name)
        raise Trouble(f'"${{{name}" is not a known operator (or a }} is missing in a variable reference)')

    def _number(self) -> int:
        begin = self.pos
        while self.pos < len(self.source) and self.source[self.pos] in _DIGITS:
            self.pos += 1
        return int(self.source[begin : self.pos][:20])

    def _plain_name(self) -> Node:
        begin = self.pos
        name = self.name()
        prefix, underscore, _ = name.partition("_")
        form = HEADER_PREFIXES.get(prefix + underscore)
        if form is not None:
            self.pos = begin + len(prefix) + 1
            header = self.header_name()
            from .headers import HeaderReference

            return HeaderReference(header, form)
        return _variable(name, f'unknown variable name "{name}"')

    def header_name(self) -> str:
        """A header name up to a colon (which is passed) or white space (which is not)."""
        source, begin = self.source, self.pos
        pos = begin
        while pos < len(source) and source[pos] != ":" and "!" <= source[pos] != "\x7f":
            pos += 1
        name = source[begin:pos]
        self.pos = pos + 1 if source[pos : pos + 1] == ":" else pos
        if "{" in name or "}" in name:
            self.malformed_header = True
        return name


def _captured(number: int) -> Node:
    from .variables.reference import Captured

    return Captured(number)


def _variable(name: str, unknown: str) -> Node:
    from .variables.reference import reference

    return reference(name, unknown)


def parse(text: str, locked: frozenset[str] = frozenset()) -> Sequence:
    """The nodes of `text`. Never raises: what is wrong becomes a `Broken` node."""
    return Parser(Untainted(text), locked).sequence(ket=False)
