"""Words and data values of a filter file (filter document 3.1, 3.2)."""

from __future__ import annotations

from eximia.filters.errors import FilterError

_WHITE = " \t\n\r\f\v"
#: the longest data value, before expansion
LONGEST = 1024
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_OCTAL = "01234567"
_HEX = "0123456789abcdefABCDEF"


class Reader:
    """A place in the text. `line` counts newlines as Exim does, for "near line N"."""

    __slots__ = ("line", "position", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.line = 1

    def skip(self) -> None:
        """Step over white space and comments. A `#` here follows a separator."""
        text, position = self.text, self.position
        while position < len(text):
            char = text[position]
            if char == "#":
                end = text.find("\n", position)
                position = len(text) if end < 0 else end
            elif char in _WHITE:
                if char == "\n":
                    self.line += 1
                position += 1
            else:
                break
        self.position = position

    def peek(self) -> str:
        """The next character, or nothing at the end."""
        return self.text[self.position : self.position + 1]

    def word(self, *, brackets: bool = False) -> str:
        """The next word, up to white space (or a round bracket), and what separates it from the next; empty at the
        end or at a bracket."""
        self.skip()
        text, start = self.text, self.position
        end = start
        while end < len(text) and text[end] not in _WHITE and not (brackets and text[end] in "()"):
            end += 1
        self.position = end
        if end - start > LONGEST:
            raise FilterError(f"word is too long in line {self.line} of filter file (max = {LONGEST})")
        found = text[start:end]
        self.skip()
        return found

    def value(self, *, brackets: bool = False) -> str:
        """A data value: a word, or text in double quotes. Raises FilterError."""
        self.skip()
        if self.peek() != '"':
            if brackets and self.peek() in ("(", ")"):
                raise FilterError(f'unexpected "{self.peek()}" in line {self.line} of filter file')
            return self.word(brackets=brackets)
        found = self._quoted()
        self.skip()
        return found

    def _quoted(self) -> str:
        text = self.text
        at = self.position + 1
        out: list[str] = []
        while at < len(text):
            char = text[at]
            at += 1
            if char == '"':
                self.position = at
                return "".join(out)
            if char == "\n":
                break
            if char == "\\" and at < len(text):
                at = self._escape(at, out)
            else:
                out.append(char)
            if len(out) > LONGEST:
                raise FilterError(f"string is too long in line {self.line} of filter file (max = {LONGEST})")
        raise FilterError(f"quote missing at end of string in line {self.line}")

    def _escape(self, at: int, out: list[str]) -> int:
        """What stands behind a backslash; gives where the text goes on."""
        text = self.text
        char = text[at]
        at += 1
        if char == "\n":
            self.line += 1
            while text[at : at + 1] and text[at] in " \t":
                at += 1
        elif char in _OCTAL:
            end = at
            while end < at + 2 and text[end : end + 1] and text[end] in _OCTAL:
                end += 1
            out.append(chr(int(text[at - 1 : end], 8) & 0xFF))
            at = end
        elif char == "x":
            end = at
            while end < at + 2 and text[end : end + 1] and text[end] in _HEX:
                end += 1
            out.append(chr(int(text[at:end] or "0", 16)))
            at = end
        else:
            out.append(_ESCAPES.get(char, char))
        return at
