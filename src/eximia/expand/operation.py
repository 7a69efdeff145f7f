"""`${operator:string}` and `${operator_argument:string}` (manual chapter 11.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted

from . import locks
from .nodes import Node, Run, Sequence
from .parser import Parser, Unknown

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator does: `apply(ctx, subject, argument)`; the argument is what follows the underscore, or None.

    `safe`: the result cannot carry what the subject held (digits, hash values), so it is always untainted.
    `pure`: the result depends on the subject alone, so that constants can be folded.
    """

    apply: Callable[[Context, str, str | None], str]
    safe: bool = False
    pure: bool = True


class Operation(Node):
    """An operator and its string."""

    __slots__ = ("argument", "name", "operator", "subject")

    def __init__(self, name: str, operator: Operator, argument: str | None, subject: Sequence) -> None:
        self.name = name
        self.operator = operator
        self.argument = argument
        self.subject = subject

    def children(self) -> Iterator[Node]:
        yield self.subject

    def skip_error(self) -> str | None:
        return self.subject.skip_error()

    def constant(self) -> str | None:
        if not self.operator.pure:
            return None
        subject = self.subject.constant()
        if subject is None:
            return None
        try:
            return Untainted(self.operator.apply(_NO_CONTEXT, subject, self.argument))
        except ExpansionError:
            return None

    def compile(self) -> Run:
        if self.name in _ON_CERTIFICATES:
            from .certificates import fingerprint

            run_certificate = fingerprint(self.name, self.subject)
            if run_certificate is not None:
                return run_certificate
        subject, argument = self.subject.compile(), self.argument
        apply = self.operator.apply
        if self.operator.safe:

            def run_safe(ctx: Context) -> str:
                return Untainted(apply(ctx, subject(ctx), argument))

            return run_safe

        def run(ctx: Context) -> str:
            value = subject(ctx)
            result = apply(ctx, value, argument)
            if type(value) is Untainted and type(result) is str:
                return Untainted(result)
            return result

        return run


#: operators that also work on a certificate variable
_ON_CERTIFICATES = frozenset(("base64", "md5", "sha1", "sha256"))
# A pure operator never looks at its context; see Operator.pure.
_NO_CONTEXT: Context = None  # type: ignore[assignment]


def parse_operation(parser: Parser, name: str) -> Node:
    """The rest of `${name:`; the cursor is at the colon."""
    from .operators.catalogue import OPERATORS, WITH_UNDERSCORE

    if parser.locked:
        parser.refuse_locked(locks.OPERATORS, name)
    parser.pos += 1
    subject = parser.braced()
    argument: str | None = None
    operator = OPERATORS.get(name) if "_" not in name or name in WITH_UNDERSCORE else None
    if operator is None:
        base, underscore, tail = name.partition("_")
        if underscore:
            operator = OPERATORS.get(base)
            argument = tail
    if operator is None:
        raise Unknown(f'unknown expansion operator "{name}"')
    return Operation(name, operator, argument, subject)
