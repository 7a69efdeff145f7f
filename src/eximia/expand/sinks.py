"""Places where tainted text is refused (manual chapter 9.?, 11): file names, commands, further expansion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import TaintError
from eximia.base.text import Untainted

if TYPE_CHECKING:
    from eximia.context import Context

_TEXTS = {
    "filename": "Tainted filename '{}'",
    "command": "Tainted command '{}'",
    "arg": "Tainted arg {} for {}",
    "socket": "Tainted filename '{}'",
    "expansion": "attempt to expand tainted string '{}'",
}


def refuse_tainted(ctx: Context, text: str, use: str) -> None:
    """Raise TaintError when `text` may have come from outside."""
    if type(text) is not Untainted and text:
        raise TaintError(_TEXTS[use].format(text))
