"""White space, words, strings, numbers and tags of a Sieve script (RFC 5228 section 2)."""

from __future__ import annotations

import re

from eximia.base.pattern import pattern
from eximia.filters.errors import FilterError

_WORD = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_TAG = pattern(r":([A-Za-z_][A-Za-z0-9_]*)")
_NUMBER = pattern(r"([0-9]+)([KMGkmg]?)")
_HEX = pattern(r"\$\{hex:((?:\s*[0-9A-Fa-f]{1,2})(?:\s+[0-9A-Fa-f]{1,2})*\s*)\}", re.IGNORECASE)
_UNICODE = pattern(r"\$\{unicode:((?:\s*[0-9A-Fa-f]{1,6})(?:\s+[0-9A-Fa-f]{1,6})*\s*)\}", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class Script:
    """A place in a script."""

    __slots__ = ("encoded_characters", "line", "position", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.line = 1
        #: `require "encoded-character"` was obeyed
        self.encoded_characters = False

    def wrong(self, message: str) -> FilterError:
        """The error with its place."""
        return FilterError(f"{message} in line {self.line}")

    def white(self) -> None:
        """Step over white space and comments."""
        text, size = self.text, len(self.text)
        while self.position < size:
            char = text[self.position]
            if char in " \t\r\n":
                self.line += char == "\n"
                self.position += 1
            elif char == "#":
                end = text.find("\n", self.position)
                self.position = size if end < 0 else end
            elif text.startswith("/*", self.position):
                end = text.find("*/", self.position + 2)
                if end < 0:
                    raise self.wrong("missing end of comment")
                self.line += text.count("\n", self.position, end)
                self.position = end + 2
            else:
                return

    def at_end(self) -> bool:
        return self.position >= len(self.text)

    def accept(self, char: str) -> bool:
        """Step over `char` when it is next, and what follows."""
        self.white()
        if self.text.startswith(char, self.position):
            self.position += len(char)
            return True
        return False

    def word(self, *wanted: str) -> str:
        """The next identifier when it is one of `wanted` (in any case), lower-cased; else empty."""
        self.white()
        found = _WORD.match(self.text, self.position)
        if found is None or found.group().lower() not in wanted:
            return ""
        self.position = found.end()
        return found.group().lower()

    def tag(self, *wanted: str) -> str:
        """The next `:tag` when it is one of `wanted`, without its colon; else empty."""
        self.white()
        found = _TAG.match(self.text, self.position)
        if found is None or found.group(1).lower() not in wanted:
            return ""
        self.position = found.end()
        return found.group(1).lower()

    def number(self) -> int:
        """A number with its unit; -1 when there is none."""
        self.white()
        found = _NUMBER.match(self.text, self.position)
        if found is None:
            return -1
        self.position = found.end()
        return int(found.group(1)) * _UNITS[found.group(2).lower()]

    def string(self) -> str | None:
        """A quoted string or `text:` block; None when there is none."""
        self.white()
        text = self.text
        if text.startswith('"', self.position):
            return self._decoded(self._quoted())
        if text[self.position : self.position + 5].lower() == "text:":
            return self._decoded(self._multi_line())
        return None

    def _quoted(self) -> str:
        text = self.text
        at = self.position + 1
        out: list[str] = []
        while at < len(text):
            char = text[at]
            if char == '"':
                self.position = at + 1
                return "".join(out)
            if char == "\\" and at + 1 < len(text):
                at += 1
                # \0 stands for NUL (an extension).
                char = "\0" if text[at] == "0" else text[at]
            if char == "\n":
                self.line += 1
            out.append(char)
            at += 1
        raise self.wrong("missing end of string")

    def _multi_line(self) -> str:
        self.position += 5
        text = self.text
        while text[self.position : self.position + 1] in (" ", "\t", "\r") and not self.at_end():
            self.position += 1
        if text.startswith("#", self.position):
            end = text.find("\n", self.position)
            self.position = len(text) if end < 0 else end
        if not text.startswith("\n", self.position):
            raise self.wrong("syntax error")
        self.position += 1
        self.line += 1
        lines: list[str] = []
        while not self.at_end():
            end = text.find("\n", self.position)
            end = len(text) if end < 0 else end
            line = text[self.position : end].removesuffix("\r")
            self.position = min(end + 1, len(text))
            self.line += 1
            if line == ".":
                return "".join(each + "\n" for each in lines)
            lines.append(line.removeprefix(".") if line.startswith("..") else line)
        raise self.wrong("missing end of multi line string")

    def _decoded(self, text: str) -> str:
        if not self.encoded_characters or "${" not in text:
            return text
        text = _HEX.sub(lambda found: "".join(chr(int(code, 16)) for code in found.group(1).split()), text)

        def characters(found: re.Match[str]) -> str:
            codes = [int(code, 16) for code in found.group(1).split()]
            if any(code > 0x10FFFF or 0xD800 <= code <= 0xDFFF for code in codes):
                raise self.wrong("unicode character out of range")
            return "".join(map(chr, codes)).encode("utf-8").decode("latin-1")

        return _UNICODE.sub(characters, text)

    def strings(self) -> list[str] | None:
        """A string or a list of strings; None when there is neither."""
        one = self.string()
        if one is not None:
            return [one]
        position, line = self.position, self.line
        if not self.accept("["):
            return None
        found: list[str] = []
        while True:
            each = self.string()
            if each is None:
                self.position, self.line = position, line
                return None
            found.append(each)
            if self.accept("]"):
                return found
            if not self.accept(","):
                self.position, self.line = position, line
                return None
