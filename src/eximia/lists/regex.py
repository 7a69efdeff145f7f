"""The one place that runs regular expressions of the configuration (manual chapter 8): PCRE2 on bytes, compiled once.

A match that takes too many steps ends in an ExpansionError instead of holding up the process: what a sender can put
into a subject must not decide how long we work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eximia.base.errors import ExpansionError
from eximia.base.text import to_bytes

#: Steps of the matcher before it gives up: about a tenth of a second.
MATCH_LIMIT = 2_000_000
_LIMIT = b"(*LIMIT_MATCH=%d)" % MATCH_LIMIT
#: How many compiled patterns a process keeps. Patterns made by expansion could be without number.
CACHE_SIZE = 4096
# Bits of pcre2_compile() (pcre2.h)
_CASELESS = 0x00000008
#: What the library's Python module would add, but Exim does not: `\u` as in JavaScript, no `\C`.
_NOT_OURS = 0x00000002 | 0x00100000


class BadRegex(ExpansionError):
    """A pattern does not compile. `fatal` is how that is said where it ends the program."""

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(f'regular expression error in "{pattern}": {reason}')
        self.fatal = f"regular expression error: {reason} while compiling {pattern}"


class Match:
    """A successful match. Groups that took no part are the empty text, with start and end -1."""

    __slots__ = ("_data", "_span", "groups", "raw", "subject")

    def __init__(self, found: Any, span: Any, data: bytes, subject: str, groups: int) -> None:
        self.raw = found
        self._span = span
        self._data = data
        self.subject = subject
        #: how many capturing groups the pattern has
        self.groups = groups

    def span(self, group: int = 0) -> tuple[int, int]:
        """Where a group starts and ends."""
        where: tuple[int, int] = self._span(self.raw, self._data, group)
        return where

    def start(self, group: int = 0) -> int:
        return self.span(group)[0]

    def end(self, group: int = 0) -> int:
        return self.span(group)[1]

    def group(self, number: int = 0) -> str:
        """The text of a group; groups that do not exist are empty too."""
        if number > self.groups:
            return ""
        start, end = self._span(self.raw, self._data, number)
        return self.subject[start:end] if start >= 0 else ""

    def all_groups(self) -> list[str]:
        """$0, $1, ... to the last group of the pattern."""
        subject, span, found, data = self.subject, self._span, self.raw, self._data
        texts = []
        for number in range(self.groups + 1):
            start, end = span(found, data, number)
            texts.append(subject[start:end] if start >= 0 else "")
        return texts

    def captures(self) -> tuple[str, ...]:
        """$1, $2, ... of the match, without trailing groups that took no part."""
        last = self.groups
        while last and self.start(last) < 0:
            last -= 1
        return tuple(self.all_groups()[1 : last + 1])


class Regex:
    """A compiled pattern. The library is asked without the layer that makes it look like Python's own module: that
    costs more than most matches."""

    __slots__ = ("_code", "_context", "_error", "_groups", "_interpreted", "_options", "_run", "_span", "text")

    def __init__(self, text: str, *, caseless: bool = False) -> None:
        """Raises BadRegex when the pattern does not compile."""
        from pcre2 import _cy

        self.text = text
        self._options = _CASELESS if caseless else 0
        self._interpreted = False
        self._error = _cy.LibraryError
        self._run = _cy.match
        self._span = _cy.match_substring_span_bynumber
        self._context = _cy.create_match_context()
        try:
            self._code = _cy.compile(_LIMIT + to_bytes(text), self._options, _NOT_OURS)
            _cy.jit_compile(self._code)
        except _cy.PatternError as error:
            message = str(error).partition("; ")[2] or str(error)
            offset = error.pos - len(_LIMIT)
            raise BadRegex(text, f"{message} at offset {offset}") from None
        except _cy.LibraryError as error:
            raise BadRegex(text, str(error)) from None
        self._groups: int = _cy.pattern_capture_count(self._code)

    def search(self, subject: str, start: int = 0) -> Match | None:
        """Match anywhere in `subject` from `start` on. Raises ExpansionError when the limits are exceeded."""
        return self.search_in(to_bytes(subject), subject, start)

    def search_in(self, data: bytes, subject: str, start: int = 0) -> Match | None:
        """As `search`, where the bytes of the subject are at hand."""
        try:
            found = self._run(self._code, data, len(data), start, self._context)[0]
        except self._error as error:
            if self._interpreted or "JIT" not in str(error):
                raise self._failure(error) from None
            self._interpret()
            return self.search_in(data, subject, start)
        return None if found is None else Match(found, self._span, data, subject, self._groups)

    def matches(self, subject: str) -> bool:
        """Whether the pattern matches anywhere in `subject`. Raises as `search`."""
        data = to_bytes(subject)
        try:
            return self._run(self._code, data, len(data), 0, self._context)[0] is not None
        except self._error:
            return self.search_in(data, subject) is not None

    def replaced(self, subject: str, literal: str, make: Callable[[Match], str] | None = None) -> str | None:
        """`subject` with every match replaced by `literal`, or by what `make` says of it; None when there is none."""
        data = to_bytes(subject)
        found = self.search_in(data, subject)
        if found is None:
            return None
        span = self._span
        out: list[str] = []
        position = 0
        length = len(subject)
        while found is not None:
            start, end = span(found.raw, data, 0)
            out += (subject[position:start], literal if make is None else make(found))
            position = end
            if end == start:
                # An empty match: what stands here is kept, and the search goes on behind it.
                if end >= length:
                    break
                out.append(subject[end])
                position = end + 1
            found = self.search_in(data, subject, position) if position <= length else None
        out.append(subject[position:])
        return "".join(out)

    def _interpret(self) -> None:
        """The just-in-time compiled form has a small stack; the interpreter uses the heap."""
        from pcre2 import _cy

        self._interpreted = True
        self._code = _cy.compile(_LIMIT + to_bytes(self.text), self._options, _NOT_OURS)

    def _failure(self, error: Exception) -> ExpansionError:
        return ExpansionError(f'regular expression "{self.text}" could not be matched: {error}')


class Regexes:
    """The compiled patterns of a process; `Services.regexes`."""

    __slots__ = ("_compiled",)

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, bool], Regex] = {}

    def compile(self, pattern: str, *, caseless: bool = False) -> Regex:
        """The pattern, compiled at most once. Raises ExpansionError."""
        key = (pattern, caseless)
        regex = self._compiled.get(key)
        if regex is None:
            compiled = self._compiled
            if len(compiled) >= CACHE_SIZE:
                for old in list(compiled)[: CACHE_SIZE // 4]:
                    del compiled[old]
            regex = compiled[key] = Regex(pattern, caseless=caseless)
        return regex

    def search(self, pattern: str, subject: str, *, caseless: bool = False, start: int = 0) -> Match | None:
        """See `base.ports.RegexService`."""
        regex = self._compiled.get((pattern, caseless))
        if regex is None:
            regex = self.compile(pattern, caseless=caseless)
        return regex.search(subject, start)
