"""The one place that runs regular expressions of the configuration (manual chapter 8): PCRE2 on bytes, compiled once.

A match that takes too many steps ends in an ExpansionError instead of holding up the process: what a sender can put
into a subject must not decide how long we work.
"""

from __future__ import annotations

from typing import Any

from eximia.base.errors import ExpansionError
from eximia.base.text import from_bytes, to_bytes

#: Steps of the matcher before it gives up: about a tenth of a second.
MATCH_LIMIT = 2_000_000
_LIMIT = b"(*LIMIT_MATCH=%d)" % MATCH_LIMIT
#: How many compiled patterns a process keeps. Patterns made by expansion could be without number.
CACHE_SIZE = 4096


class Match:
    """A successful match. Groups that took no part are the empty text, with start and end -1."""

    __slots__ = ("_found", "subject")

    def __init__(self, found: Any, subject: str) -> None:
        self._found = found
        self.subject = subject

    def start(self, group: int = 0) -> int:
        return int(self._found.start(group))

    def end(self, group: int = 0) -> int:
        return int(self._found.end(group))

    def group(self, number: int = 0) -> str:
        """The text of a group; groups that do not exist are empty too."""
        if number > self.groups:
            return ""
        text = self._found.group(number)
        return "" if text is None else from_bytes(text)

    @property
    def groups(self) -> int:
        """How many capturing groups the pattern has."""
        return int(self._found.re.groups)

    def captures(self) -> tuple[str, ...]:
        """$1, $2, ... of the match, without trailing groups that took no part."""
        texts: list[bytes | None] = list(self._found.groups())
        while texts and texts[-1] is None:
            texts.pop()
        return tuple("" if text is None else from_bytes(text) for text in texts)


class Regex:
    """A compiled pattern."""

    __slots__ = ("_error", "_interpreted", "_options", "_pattern", "text")

    def __init__(self, text: str, *, caseless: bool = False) -> None:
        """Raises ExpansionError with Exim's wording when the pattern does not compile."""
        import pcre2

        self.text = text
        self._options = pcre2.IGNORECASE if caseless else pcre2.NOFLAG
        self._interpreted = False
        self._error = pcre2.LibraryError
        try:
            self._pattern = pcre2.compile(_LIMIT + to_bytes(text), self._options)
        except pcre2.PatternError as error:
            message = str(error).partition("; ")[2] or str(error)
            offset = error.pos - len(_LIMIT)
            raise ExpansionError(f'regular expression error in "{text}": {message} at offset {offset}') from None
        except pcre2.LibraryError as error:
            raise ExpansionError(f'regular expression error in "{text}": {error}') from None

    def search(self, subject: str, start: int = 0) -> Match | None:
        """Match anywhere in `subject` from `start` on. Raises ExpansionError when the limits are exceeded."""
        data = to_bytes(subject)
        try:
            found = self._pattern.search(data, start)
        except self._error as error:
            if self._interpreted or "JIT" not in str(error):
                raise self._failure(error) from None
            self._interpret()
            return self.search(subject, start)
        return None if found is None else Match(found, subject)

    def _interpret(self) -> None:
        """The just-in-time compiled form has a small stack; the interpreter uses the heap."""
        import pcre2

        self._interpreted = True
        self._pattern = pcre2.compile(_LIMIT + to_bytes(self.text), self._options, jit=False)

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
