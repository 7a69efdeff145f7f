"""`exists{path}`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.text import to_bytes
from eximia.expand.conditions.simple import OneString

if TYPE_CHECKING:
    from eximia.context import Context


def _exists(ctx: Context, text: str) -> bool:
    try:
        os.stat(to_bytes(text))
    except (OSError, ValueError):
        return False
    return True


EXISTS = OneString(_exists)
