"""`forany` and `forall` over lists, and over JSON arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted
from eximia.expand import json
from eximia.expand.conditions.reading import inner_condition, one_string
from eximia.expand.listing import split_list
from eximia.expand.nodes import Condition, Node, Sequence, Test, within
from eximia.expand.parser import Parser, Trouble

if TYPE_CHECKING:
    from eximia.context import Context

Split = Callable[[str], list[str]]


def _list(text: str) -> list[str]:
    return split_list(text)[1]


def _array(text: str) -> list[str]:
    return [item.strip(" \t\n\r\v\f") for item in json.items(json.wrapped(text, "[]", "array for extract json"))]


@dataclass(frozen=True, slots=True)
class Walking:
    """A condition applied to each item. `stop`: the outcome that ends the walk."""

    stop: bool
    split: Split = _list
    #: elements are JSON strings, to be unquoted
    strings: bool = False

    def parse(self, parser: Parser, name: str) -> Condition:
        source = one_string(parser, name)
        if not parser.accept("{"):
            raise Trouble(f'missing {{ after "{name}"')
        condition = inner_condition(parser, f' inside "{name}" condition', repeated=True)
        if not parser.accept("}"):
            raise Trouble(f'missing }} at end of condition inside "{name}"')
        return WalkingNode(self, name, source, condition)


class WalkingNode(Condition):
    """A walk over a list."""

    __slots__ = ("condition", "kind", "name", "source_list")

    def __init__(self, kind: Walking, name: str, source_list: Sequence, condition: Condition) -> None:
        self.kind = kind
        self.name = name
        self.source_list = source_list
        self.condition = condition

    @property
    def scoped(self) -> bool:  # type: ignore[override]
        return self.condition.scoped

    def children(self) -> Iterator[Node]:
        yield self.source_list
        yield self.condition

    def skip_error(self) -> str | None:
        error = self.condition.skip_error()
        inner = None if error is None else f'{error} inside "{self.name}" condition'
        return self.source_list.skip_error() or inner

    def test(self) -> Test:
        source, test = self.source_list.compile(), self.condition.test()
        error = self.condition.skip_error()
        skip_error = None if error is None else f'{error} inside "{self.name}" condition'
        stop, split, strings, name = self.kind.stop, self.kind.split, self.kind.strings, self.name

        def run(ctx: Context) -> bool:
            text = source(ctx)
            if skip_error is not None:
                raise ExpansionError(skip_error)
            items = split(text)
            if not items:
                return False
            mark = type(text) is Untainted
            scope = ctx.scope
            saved = scope.item
            try:
                for item in items:
                    if strings:
                        item = json.unquoted(item)
                    scope.item = Untainted(item) if mark else item
                    try:
                        outcome = test(ctx)
                    except ExpansionError as failure:
                        raise within(failure, f' inside "{name}" condition') from failure
                    if outcome is stop:
                        return stop
            finally:
                scope.item = saved
            return not stop

        return run


FORANY, FORALL = Walking(stop=True), Walking(stop=False)
FORANY_JSON, FORALL_JSON = Walking(stop=True, split=_array), Walking(stop=False, split=_array)
FORANY_JSONS = Walking(stop=True, split=_array, strings=True)
FORALL_JSONS = Walking(stop=False, split=_array, strings=True)
