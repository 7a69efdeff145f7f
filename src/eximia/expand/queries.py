"""Queries in which text from outside was not quoted (manual 9.9): quoted here, in its place, where that is enough.

`SELECT ... WHERE name='$local_part'` asks for `${quote_mysql:$local_part}`. Where such a value stands between the
quotes of SQL, quoting it says the same, and can say nothing else. Anywhere else, and where it is not plain to see
where a value stands, the query stays as it is, and the lookup refuses it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.listtext import separator_of
from eximia.base.pattern import pattern
from eximia.base.text import Quoted, Untainted, tainted_join

from .headers import HeaderReference
from .nodes import Node, Run, Sequence
from .operation import Operation
from .variables.reference import VariableReference

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class Language:
    """What has to be known of a lookup type's queries."""

    #: the quotes in which a value that was quoted for the type is safe; empty: it is safe everywhere
    quotes: str = ""
    #: in literal text outside of quotes: what makes it hard to see where a value stands
    unclear: re.Pattern[str] | None = None
    #: a backslash in a quoted text takes the meaning of the next character away
    escapes: bool = False
    #: a backslash may do so, or not
    unclear_escapes: bool = False


# What ends in one may begin a comment with what follows.
_COMMENTS = r"--|/\*|\\|[-/]\Z"
LANGUAGES = {
    "mysql": Language("'\"", pattern(_COMMENTS + "|#"), escapes=True),
    "pgsql": Language("'", pattern(_COMMENTS + r"|\$"), unclear_escapes=True),
    "sqlite": Language("'", pattern(_COMMENTS)),
    "redis": Language(),
}
_ALL_QUOTES = "'\"`"
#: what a value between literals must not have, unless it is one of those that are quoted
_MARKS = pattern(r"['\"`\\#$]|--|/\*|[-/]\Z")
#: an item of a list that looks something up
_ITEM = pattern(r"(?<![\w-])({})(?:,[\w=,/.]*)?;".format("|".join(LANGUAGES)))


class _Place:
    """Where the reading of a query's literal text has come to."""

    __slots__ = ("clear", "language", "quote")

    def __init__(self, language: Language) -> None:
        self.language = language
        #: the quote that is open
        self.quote = ""
        #: everything was understood
        self.clear = True

    @property
    def sheltered(self) -> bool:
        """A value here is safe once it is quoted."""
        allowed = self.language.quotes
        return not allowed or (self.quote != "" and self.quote in allowed)

    def read(self, text: str) -> None:
        language = self.language
        if not language.quotes:
            return
        at = 0
        while at < len(text):
            char = text[at]
            if self.quote:
                if char == "\\" and self.quote != "`":
                    if language.unclear_escapes or (language.escapes and at + 1 == len(text)):
                        self.clear = False
                    if language.escapes:
                        at += 1
                elif char == self.quote:
                    self.quote = ""
            elif char in _ALL_QUOTES:
                self.quote = char
            elif language.unclear is not None and language.unclear.match(text, at):
                self.clear = False
            at += 1


@dataclass(frozen=True, slots=True)
class _Value:
    """A part of a query that is not literal."""

    run: Run
    #: it stands where a value is safe once it is quoted
    sheltered: bool
    #: it is what somebody said as a whole, and no piece of a query
    plain: bool


def compile_query(target: Sequence, search: str) -> Run:
    """The closure for the query of `${lookup search {target}}`: its value is Quoted for the type, if that could be
    done."""
    kind = search.partition(",")[0]
    language = LANGUAGES.get(kind)
    if language is None or target.constant() is not None:
        return target.compile()
    return _compile(target, kind, _Place(language)) or target.compile()


def compile_list(text: str) -> Run | None:
    """The closure for a list with lookups of one of these types; None when it has none, or of several types, or when
    it is not plain to see what separates its items."""
    from .parser import parse

    kinds = {found[1] for found in _ITEM.finditer(text)}
    separator, items = separator_of(text)
    if len(kinds) != 1 or separator in "$\\" or items.lstrip()[:1] in ("$", "\\"):
        return None
    kind = kinds.pop()
    return _compile(parse(text), kind, _ListPlace(LANGUAGES[kind], separator), separator)


class _ListPlace(_Place):
    """The same in a list, in which a query is an item, or a part of one."""

    __slots__ = ("inside", "separator")

    def __init__(self, language: Language, separator: str) -> None:
        super().__init__(language)
        self.separator = separator
        #: in a query
        self.inside = False

    @property
    def sheltered(self) -> bool:
        return self.inside and super().sheltered

    def read(self, text: str) -> None:
        separator = self.separator
        while text:
            if not self.inside:
                found = _ITEM.search(text)
                if found is None:
                    return
                self.inside, self.quote = True, ""
                text = text[found.end() :]
            # A doubled separator is part of the item.
            end = _single(text, separator)
            super().read(text if end < 0 else text[:end])
            if end < 0:
                return
            if self.quote:
                self.clear = False
            self.inside = False
            text = text[end + 1 :]


def _single(text: str, separator: str) -> int:
    """Where the first separator is that stands alone; -1: nowhere. Control characters always do."""
    at = text.find(separator)
    while at >= 0 and separator >= " " and text[at + 1 : at + 2] == separator:
        at = text.find(separator, at + 2)
    return at


def _read(target: Sequence, place: _Place) -> tuple[list[str], list[tuple[Node, bool]]]:
    """The literal texts, and between them the other parts, each with whether it is safe once it is quoted."""
    literals = [""]
    values: list[tuple[Node, bool]] = []
    for part in target.parts:
        constant = part.constant()
        if constant is not None:
            literals[-1] += constant
            continue
        place.read(literals[-1])
        values.append((part, place.sheltered))
        literals.append("")
    place.read(literals[-1])
    return literals, values


def _compile(target: Sequence, kind: str, place: _Place, separator: str = "") -> Run | None:
    literals, read = _read(target, place)
    if not place.clear or not any(sheltered for _, sheltered in read):
        return None
    values = [_Value(node.compile(), sheltered, _is_plain(node)) for node, sheltered in read]
    source = target.text

    def run(ctx: Context) -> str:
        found = [value.run(ctx) for value in values]
        pieces = [piece for pair in zip(literals, found, strict=False) for piece in pair]
        joined = "".join([*pieces, literals[-1]])
        if all(type(text) is Untainted or not text for text in found):
            return Untainted(joined)
        joined = tainted_join(joined, found)
        if isinstance(joined, Quoted):
            return joined
        quoted = [_quoted(ctx, kind, value, text, separator) for value, text in zip(values, found, strict=True)]
        if None in quoted:
            return joined
        _note(ctx, kind, source)
        pieces = [piece or "" for pair in zip(literals, quoted, strict=False) for piece in pair]
        return Quoted("".join([*pieces, literals[-1]]), kind)

    return run


def _is_plain(node: Node) -> bool:
    return isinstance(node, VariableReference | HeaderReference) or (
        isinstance(node, Operation) and node.name != "expand"
    )


def _moves(kind: str, text: str, separator: str) -> bool:
    """Whether the text, standing as it is between quoted ones, may change where those stand."""
    if separator and separator in text:
        return True
    return LANGUAGES[kind].quotes != "" and _MARKS.search(text) is not None


def _quoted(ctx: Context, kind: str, value: _Value, text: str, separator: str) -> str | None:
    """The text as it can stand in the query; None when it must not."""
    if type(text) is Untainted or not text:
        return None if _moves(kind, text, separator) else text
    if isinstance(text, Quoted):
        ends = separator != "" and separator in text
        stays = not ends if value.sheltered else not _moves(kind, text, separator)
        return text if text.quoter == kind and stays else None
    lookups = ctx.process.services.lookups
    if not value.sheltered or lookups is None:
        return None
    changed: str = lookups.quote(ctx, kind, None, text)
    if separator:
        if separator < " " and separator in text:
            return None
        changed = changed.replace(separator, separator * 2)
    return changed if value.plain or changed == text else None


def _note(ctx: Context, kind: str, source: str) -> None:
    """Say once in the log that a query ought to be mended."""
    noted: set[str] = ctx.process.caches.setdefault("queries.noted", set())
    if source not in noted and ctx.process.log is not None:
        noted.add(source)
        ctx.process.log.main(
            f"tainted search query is not properly quoted ({kind}): its values were quoted: {source}", ctx.message.id
        )
