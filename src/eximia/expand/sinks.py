"""Places where tainted text is refused (manual chapter 11): file names, commands, further expansion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from eximia.base.errors import TaintError
from eximia.base.text import Untainted

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.expand.nodes import Node

_TEXTS = {
    "filename": "Tainted filename '{}'",
    "command": "Tainted command '{}'",
    "arg": "Tainted arg {} for {}",
    "socket": "Tainted filename '{}'",
    "expansion": "attempt to expand tainted string '{}'",
}


def with_origin(ctx: Context, failure: TaintError, nodes: Iterable[Node]) -> TaintError:
    """The same refusal, saying which variables brought the taint in."""
    from eximia.expand.questions import tainted_names

    names = tainted_names(ctx, nodes)
    if not names:
        return failure
    return TaintError(f"{failure.message} (tainted by {', '.join(names)})", failure.span)


def refuse_tainted(ctx: Context, text: str, use: str) -> None:
    """Raise TaintError when `text` may have come from outside."""
    if type(text) is not Untainted and text:
        raise TaintError(_TEXTS[use].format(text))
