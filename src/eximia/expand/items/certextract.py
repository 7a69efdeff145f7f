"""`${certextract{field}{$certificate}{yes}{no}}`: a field of a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.expand.branches import Branches, read_branches
from eximia.expand.certificates import certificate_of, extract_field
from eximia.expand.nodes import Node, Run, Sequence, first_skip_error
from eximia.expand.parser import Parser, Trouble
from eximia.expand.variables.catalogue import find

if TYPE_CHECKING:
    from eximia.context import Context


class CertextractItem:
    """Reads the item."""

    def parse(self, parser: Parser, name: str) -> Node:
        if not parser.accept("{"):
            raise parser.trouble(f"missing '{{' for field arg of {name}")
        field = parser.braced()
        if not parser.accept("{"):
            raise parser.trouble(f"missing '{{' for cert variable arg of {name}")
        end = parser.source.find("}", parser.pos)
        if parser.peek() != "$" or end < 0:
            raise Trouble(f'second argument of "{name}" must be a certificate variable')
        # The name is taken as it stands, not expanded.
        variable = parser.source[parser.pos + 1 : end]
        if certificate_of(variable) is None:
            if find(variable) is None:
                raise Trouble(f'no variable named "{variable}"')
            raise Trouble(f'"{variable}" is not a certificate')
        parser.pos = end + 1
        return CertextractNode(field, variable, read_branches(parser, name))


class CertextractNode(Node):
    """A use of the item."""

    __slots__ = ("branches", "field", "variable")

    def __init__(self, field: Sequence, variable: str, branches: Branches) -> None:
        self.field = field
        self.variable = variable
        self.branches = branches

    def children(self) -> Iterator[Node]:
        yield self.field
        yield self.branches

    def skip_error(self) -> str | None:
        return first_skip_error(self.field, self.branches)

    def compile(self) -> Run:
        field, choose = self.field.compile(), self.branches.on_value()
        get = certificate_of(self.variable)
        assert get is not None

        def run(ctx: Context) -> str:
            wanted = field(ctx)
            der = get(ctx)
            return choose(ctx, extract_field(der, wanted) if der else None)

        return run


CERTEXTRACT = CertextractItem()
