"""`exists{path}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import to_bytes
from eximia.context.user_files import status
from eximia.expand.conditions.simple import OneString

if TYPE_CHECKING:
    from eximia.context import Context


def _exists(ctx: Context, text: str) -> bool:
    try:
        status(ctx, to_bytes(text))
    except (OSError, ValueError):
        return False
    return True


EXISTS = OneString(_exists)
