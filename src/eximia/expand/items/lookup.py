"""`${lookup {key} type {file} {yes}{no}}` and `${lookup type {query} {yes}{no}}` (manual chapters 9, 11.5).

The types themselves and what they do with `partial-`, `*` and options are the layer `lookups`, asked through
`services.lookups`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, TaintError
from eximia.base.text import marked
from eximia.expand.branches import Branches, read_branches
from eximia.expand.items.lookup_type import check_type
from eximia.expand.nodes import Node, Run, Sequence, first_skip_error
from eximia.expand.parser import Parser, Trouble
from eximia.expand.queries import compile_query
from eximia.expand.sinks import with_origin

if TYPE_CHECKING:
    from eximia.context import Context

_SPACE = " \t\n\r\v\f"


class LookupItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        key: Sequence | None = None
        if parser.accept("{"):
            key = parser.braced()
        parser.skip_space()
        start = parser.pos
        source = parser.source
        end = start
        while end < len(source) and source[end] != "{" and source[end] not in _SPACE:
            end += 1
        search = source[start:end]
        if not search[:1].isalpha():
            raise Trouble("missing lookup type")
        parser.pos = end
        wrong = check_type(search, keyed=key is not None)
        if wrong is not None:
            raise Trouble(wrong)
        if not parser.accept("{"):
            raise parser.trouble("missing '{' for lookup file-or-query arg")
        target = parser.braced()
        return LookupNode(search, key, target, read_branches(parser, name))


class LookupNode(Node):
    """A use of the item."""

    __slots__ = ("branches", "key", "search", "target")

    def __init__(self, search: str, key: Sequence | None, target: Sequence, branches: Branches) -> None:
        self.search = search
        self.key = key
        self.target = target
        self.branches = branches

    def children(self) -> Iterator[Node]:
        if self.key is not None:
            yield self.key
        yield self.target
        yield self.branches

    def skip_error(self) -> str | None:
        return first_skip_error(*self.children())

    def compile(self) -> Run:
        search = self.search
        if self.key is not None:
            key, target = self.key.compile(), self.target.compile()
        else:
            key, target = None, compile_query(self.target, search)
        choose = self.branches.on_value()
        source_node = self.target

        def run(ctx: Context) -> str:
            subject = key(ctx) if key is not None else None
            source = target(ctx)
            scope = ctx.scope
            numeric = scope.numeric
            lookups = ctx.process.services.lookups
            if lookups is None:
                raise ExpansionError(f'lookup type "{search}" is not available here')
            try:
                if subject is None:
                    source = marked(source.lstrip(_SPACE), source)
                try:
                    found = lookups.find(ctx, search, subject, source)
                except TaintError as failure:
                    raise with_origin(ctx, failure, [source_node]) from failure
                return choose(ctx, found)
            finally:
                scope.numeric = numeric

        return run


LOOKUP = LookupItem()
