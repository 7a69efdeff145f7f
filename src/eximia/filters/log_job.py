"""Writing the lines of `logwrite`, as the user whose filter it was (filter document 3.15)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from eximia.base.refusal import why


def run(fields: Mapping[str, Any], fds: Sequence[int] = ()) -> dict[str, Any]:
    """Append `lines` ((path, text, mode) each). Returns `error` when one cannot be written, and stops there."""
    for path, text, mode in fields["lines"]:
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(path.encode("latin-1"), flags, mode), "wb") as file:
                file.write(text.encode("latin-1", "replace"))
        except OSError as error:
            return {"error": f'failed to open filter log file "{path}": {why(error)}'}
    return {}
