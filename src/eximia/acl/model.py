"""An ACL as objects: statements of a verb and items; and what a condition or modifier offers to the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.span import Span
from eximia.base.template import Template

if TYPE_CHECKING:
    from .result import Outcome
    from .run import Run

#: verb -> whether `endpass` may be used with it
VERBS = {
    "accept": True,
    "defer": False,
    "deny": False,
    "discard": True,
    "drop": False,
    "require": False,
    "warn": False,
}


class Handler:
    """A condition or modifier. One per file, named in `catalogue.py`.

    `check(run, argument)` answers True or False (modifiers: True), None (neither it nor its negation holds), or an
    Outcome (DROP or DISCARD of a nested ACL); it raises Defer or AclError. The argument is expanded text when it
    `expands`, else the Template: lists expand themselves, item by item where they can. `forbidden` is the mask of
    phases where it is an error; `use` is how the error calls the act ("test" or "use").
    """

    __slots__ = ("check", "expands", "forbidden", "modifier", "name", "use")

    def __init__(
        self,
        name: str,
        check: Callable[[Run, str], bool | Outcome | None] | Callable[[Run, Template], bool | Outcome | None],
        *,
        expands: bool = True,
        modifier: bool = False,
        forbidden: int = 0,
    ) -> None:
        self.name = name
        self.check: Callable[..., bool | Outcome | None] = check
        self.expands = expands
        self.modifier = modifier
        self.forbidden = forbidden
        self.use = "use" if modifier else "test"


class ItemKind:
    """What the engine does with an item before it asks a handler."""

    HANDLED = 0
    MESSAGE = 1
    LOG_MESSAGE = 2
    ENDPASS = 3
    SET = 4


class Item:
    """One condition or modifier of a statement. `variable` is the name after `set`."""

    __slots__ = ("handler", "kind", "name", "negated", "template", "variable")

    def __init__(self, kind: int, name: str, template: Template, *, negated: bool = False, variable: str = "") -> None:
        self.kind = kind
        self.name = name
        self.template = template
        self.negated = negated
        self.variable = variable
        #: found by the engine when the item is first met
        self.handler: Handler | None = None

    @property
    def shown(self) -> str:
        """The part left of the equals sign, as debug output shows it."""
        name = f"set {self.variable}" if self.kind == ItemKind.SET else self.name
        return f"!{name}" if self.negated else name


class Statement:
    """A verb with its items, and where it stands."""

    __slots__ = ("items", "span", "verb")

    def __init__(self, verb: str, span: Span) -> None:
        self.verb = verb
        self.span = span
        self.items: list[Item] = []


class Acl:
    """A named ACL, one read from a file (the name is its path), or inline text (no name)."""

    __slots__ = ("name", "span", "statements")

    def __init__(self, name: str, span: Span, statements: list[Statement]) -> None:
        self.name = name
        self.span = span
        self.statements = statements

    @property
    def shown(self) -> str:
        """How messages call it."""
        return f'ACL "{self.name}"' if self.name else "inline ACL"
