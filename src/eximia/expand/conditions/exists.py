"""`exists{path}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import to_bytes
from eximia.context.user_files import exists
from eximia.expand.conditions.simple import OneString

if TYPE_CHECKING:
    from eximia.context import Context


def _exists(ctx: Context, text: str) -> bool:
    try:
        return exists(ctx, to_bytes(text))
    except ValueError:
        return False


EXISTS = OneString(_exists)
