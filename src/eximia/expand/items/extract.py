"""`${extract{key}{string}{yes}{no}}`, `${extract{number}{separators}{string}{yes}{no}}`, and the forms for JSON.

Whether the first string is a number decides how many follow, so that is settled when it is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.pattern import pattern
from eximia.base.text import Untainted, like
from eximia.expand import json
from eximia.expand.branches import Branches, Choose
from eximia.expand.nodes import Checked, Node, Run, Sequence, first_skip_error
from eximia.expand.numbers import whole, wrap32
from eximia.expand.parser import Parser, Trouble

if TYPE_CHECKING:
    from eximia.context import Context

#: the message of trouble with brackets
Curly = Callable[[str], str]
_SPACE = " \t\n\r\v\f"
_WHITE = "[ \\t\\n\\r\\v\\f]*"
#: a name, perhaps an equals sign, a value with or without quotes
_FIELD = pattern(
    rf"(?=.)([^= \t\n\r\v\f]*){_WHITE}=?{_WHITE}(?:\"((?:\\.|[^\"\\])*)\\?\"?|([^ \t\n\r\v\f]*)){_WHITE}", re.DOTALL
)
_NUMBER = pattern(r"-?[0-9]+|-")
_ESCAPE = pattern(r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"}


def _unescape(match: re.Match[str]) -> str:
    octal, hexadecimal, char = match.groups()
    if octal:
        return chr(int(octal, 8) & 0xFF)
    if hexadecimal:
        return chr(int(hexadecimal, 16))
    return _LETTERS.get(char, char)


def keyed(text: str, key: str) -> str | None:
    """The value of `key` (any case) in `key=value key="value" key value ...`; None when it is not there."""
    key = key.lower()
    if '"' not in text and " =" not in text and "= " not in text and text.isprintable():
        # Nothing but `name=value name=value`; what has no equals sign goes with the field behind it.
        for field in text.split():
            name, equals, value = field.partition("=")
            if not equals or not value:
                break
            if name.lower() == key:
                return value
        else:
            return None
    for found in _FIELD.finditer(text.strip(_SPACE)):
        name, quoted, plain = found.groups()
        if name.lower() == key:
            return plain if quoted is None else _ESCAPE.sub(_unescape, quoted)
    return None


def numbered(text: str, number: int, separators: str) -> str | None:
    """Field `number` of `text`, cut at any of `separators`; 0 is the whole, negative ones count from the end."""
    if number == 0:
        return text
    if len(separators) == 1:
        fields = text.split(separators)
    elif not separators:
        fields = [text]
    else:
        fields = re.split(f"[{re.escape(separators)}]", text)
    index = number - 1 if number > 0 else len(fields) + number
    return fields[index] if 0 <= index < len(fields) else None


class Tail:
    """What follows the first string, for one meaning of it: `args`, then yes and no; or the trouble in their place."""

    __slots__ = ("args", "branches", "trouble")

    def __init__(self, args: list[Sequence], branches: Branches | None, trouble: str) -> None:
        self.args = args
        self.branches = branches
        self.trouble = trouble

    def compile(self, form: str) -> Callable[[Context, str], str]:
        """A closure of the context and the first string."""
        runs = tuple(arg.compile() for arg in self.args)
        if self.branches is None:
            trouble = self.trouble

            def run_broken(ctx: Context, key: str) -> str:
                for part in runs:
                    part(ctx)
                raise ExpansionError(trouble)

            return run_broken
        choose = self.branches.on_value()
        if len(runs) == 1:
            return _by_key(form, runs[0], choose)
        return _by_number(runs, choose)


def _present(key: str) -> None:
    if not key.strip(_SPACE):
        raise ExpansionError('first argument of "extract" must not be empty')


class ExtractItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        form = ""
        if parser.skip_space() != "{":
            form = parser.word()
            if form not in ("json", "jsons"):
                raise Trouble("missing '{' for arg 1 of extract")
        if parser.skip_space() != "{":
            raise Trouble("missing '{' for arg 1 of extract")
        parser.pos += 1
        first = parser.braced()
        parser.done[-1:] = [Checked(first, _present)]
        args: list[Sequence] = []
        try:
            while len(args) < 4 and parser.accept("{"):
                args.append(parser.braced())
        except Trouble:
            # The last string is broken, but the value may already be missing, or the strings before it be wrong.
            last = parser.done[-1]
            assert isinstance(last, Sequence)
            args.append(last)
        return _settle(parser, name, form, first, args)


def _settle(parser: Parser, name: str, form: str, first: Sequence, args: list[Sequence]) -> Node:
    """The end of the item. How many strings belong to it is checked when the first one is known, and not at all
    when the item is skipped; so both meanings are prepared unless the first string is constant."""
    left = behind_fail = parser.rest
    fail = False
    trouble = ""
    if parser.peek() not in ("", "}", "{"):
        fail = parser.word() == "fail"
        behind_fail = parser.rest
        if not fail:
            trouble = f'syntax error in "{name}" item - "fail" expected'
    if not trouble and not parser.accept("}"):
        trouble = "did not close with '}'"
    if trouble:
        parser.broken = True
        parser.pos = len(parser.source)
    known = first.constant()

    def curly(message: str) -> str:
        return parser.trouble(message).message or message

    number = not form and known is not None and _NUMBER.fullmatch(known.strip(_SPACE)) is not None
    by_key = None if number else _split(name, args, 1, fail, (left, behind_fail), trouble, curly)
    by_number: Tail | None = None
    if not form and (known is None or number):
        by_number = _split(name, args, 2, fail, (left, behind_fail), trouble, curly)
    return ExtractNode(form, [first, *args], by_key, by_number, closed=not parser.broken)


def _split(
    name: str, args: list[Sequence], count: int, fail: bool, rests: tuple[str, str], trouble: str, curly: Curly
) -> Tail:
    """The strings `args` read as `count` of the item and the rest yes and no."""
    if len(args) < count:
        return Tail(args, None, curly(f"missing '{{' for arg {len(args) + 2} of extract"))
    rest = args[count:]
    left, behind_fail = rests
    if not rest and (fail or trouble):
        trouble = "'yes' part did not start with '{'"
    elif len(rest) > 2 or (len(rest) == 2 and (fail or trouble)):
        trouble = "did not close with '}'"
        left = "".join(f"{{{string.text}}}" for string in rest[2:]) + left
    elif len(rest) == 1 and trouble and not trouble.startswith("syntax"):
        left = behind_fail
        trouble = "did not close with '}'" if fail else f'syntax error in "{name}" item - "fail" expected'
    if trouble and not trouble.startswith("syntax"):
        trouble = curly(
            f"curly-bracket problem in conditional yes/no parsing: {trouble}\n remaining string is '{left}'",
        )
    yes = rest[0] if rest else None
    no = rest[1] if len(rest) > 1 else None
    return Tail(args[:count], Branches(name, yes, no, fail and len(rest) == 1, trouble or None), "")


class ExtractNode(Node):
    """An extract. Of the two tails one may be missing, when the first string is constant."""

    __slots__ = ("args", "by_key", "by_number", "closed", "form")

    def __init__(
        self,
        form: str,
        args: list[Sequence],
        by_key: Tail | None,
        by_number: Tail | None,
        *,
        closed: bool,
    ) -> None:
        self.closed = closed
        self.form = form
        #: all strings, of which the first says what the others are
        self.args = args
        self.by_key = by_key
        self.by_number = by_number

    def children(self) -> Iterator[Node]:
        return iter(self.args)

    def skip_error(self) -> str | None:
        # Exim does not count the strings of an extract that it skips.
        return first_skip_error(*self.children()) or (None if self.closed else "missing '}' closing extract")

    def compile(self) -> Run:
        first = self.args[0].compile()
        by_key = self.by_key.compile(self.form) if self.by_key is not None else None
        by_number = self.by_number.compile(self.form) if self.by_number is not None else None
        only = by_number if by_key is None else by_key if by_number is None else None
        if only is not None:
            settled = only

            def run_settled(ctx: Context) -> str:
                key = first(ctx).strip(_SPACE)
                if not key:
                    _present(key)
                return settled(ctx, key)

            return run_settled
        assert by_key is not None
        assert by_number is not None
        keyed_tail, numbered_tail = by_key, by_number

        def run(ctx: Context) -> str:
            key = first(ctx).strip(_SPACE)
            if not key:
                _present(key)
            return numbered_tail(ctx, key) if _NUMBER.fullmatch(key) else keyed_tail(ctx, key)

        return run


def _by_number(runs: tuple[Run, ...], choose: Choose) -> Callable[[Context, str], str]:
    separators_run, text_run = runs

    def run_number(ctx: Context, key: str) -> str:
        separators = separators_run(ctx)
        text = text_run(ctx)
        found = numbered(text, _index(key), separators)
        if found is not None and type(text) is Untainted:
            found = Untainted(found)
        return choose(ctx, found)

    return run_number


@lru_cache(maxsize=256)
def _index(key: str) -> int:
    return wrap32(whole(key)) if key != "-" else 0


def _by_key(form: str, text_run: Run, choose: Choose) -> Callable[[Context, str], str]:
    find = {"": keyed, "json": _json, "jsons": _jsons}[form]

    def run_key(ctx: Context, key: str) -> str:
        text = text_run(ctx)
        found = find(text, key)
        return choose(ctx, None if found is None else like(found, text))

    return run_key


def _json(text: str, key: str) -> str | None:
    if _NUMBER.fullmatch(key):
        number = wrap32(whole(key)) if key != "-" else 0
        return json.element(text, number)
    return json.member(text, key)


def _jsons(text: str, key: str) -> str | None:
    found = _json(text, key)
    return None if found is None else json.unquoted(found)


EXTRACT = ExtractItem()
