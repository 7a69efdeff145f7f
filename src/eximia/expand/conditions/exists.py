"""`exists{path}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import to_bytes
from eximia.context.file_status import file_status
from eximia.expand.conditions.simple import OneString

if TYPE_CHECKING:
    from eximia.context import Context


def _exists(ctx: Context, text: str) -> bool:
    try:
        return not isinstance(file_status(ctx.process, to_bytes(text)), OSError)
    except ValueError:
        return False


EXISTS = OneString(_exists)
