"""One run of a filter: what it may do, what it has set up, what is printed while testing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass, field
from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted
from eximia.context import FilterDelivery, FilterResult
from eximia.expand import expand_text
from eximia.filters.errors import FilterError

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class Limits:
    """What a filter may do."""

    #: the system filter (or -bF)
    system: bool = False
    allow_fail: bool = False
    allow_freeze: bool = False
    allow_defer: bool = False
    #: endings of the options `forbid_filter_...`: names of `expand.locks`, and `logwrite`
    forbidden: frozenset[str] = frozenset()
    prepend_home: bool = True
    #: the domain of addresses without one
    qualify_domain: str = ""


class Stop(Exception):
    """`finish` and the commands that end the interpretation."""


@dataclass(slots=True)
class Run:
    """See the module's docstring. `say` is None when this is no test; `comment` gets what -v adds."""

    ctx: Context
    limits: Limits
    result: FilterResult = field(default_factory=FilterResult)
    say: Callable[[str], None] | None = None
    comment: Callable[[str], None] | None = None
    #: significant deliveries were set up
    delivered: bool = False
    log_file: str = ""
    log_mode: int = 0o600
    depth: int = 0

    @property
    def testing(self) -> bool:
        return self.say is not None

    def expand(self, text: str, command: str) -> str:
        """A data value of `command`. Raises FilterError; a forced failure is one too."""
        try:
            return self.expand_raw(text)
        except ExpansionError as error:
            raise FilterError(f'failed to expand "{text}" in {command} command: {error.message}') from None

    def expand_raw(self, text: str) -> str:
        """As `expand`, but raises ExpansionError."""
        if "$" not in text and "\\" not in text:
            return Untainted(text)
        scope = self.ctx.scope
        kept, scope.locked = scope.locked, self.limits.forbidden
        try:
            return expand_text(Untainted(text), self.ctx)
        finally:
            scope.locked = kept

    def deliver(self, delivery: FilterDelivery, *, significant: bool) -> None:
        """Set a delivery up."""
        self.result.deliveries.append(delivery)
        self.delivered = self.delivered or significant

    def numbers(self) -> list[int]:
        """$n0...$n9."""
        return self.ctx.message.filter_numbers


def shown(text: str) -> str:
    """Text in the output of a test: what does not print becomes an escape."""
    out = []
    for char in text:
        if char == "\n":
            out.append("\\n")
        elif char == "\r":
            out.append("\\r")
        elif (char < " " and char != "\t") or char >= "\x7f":
            out.append(f"\\{ord(char):03o}")
        else:
            out.append(char)
    return "".join(out)
