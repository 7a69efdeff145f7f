"""Writing the lines of `logwrite`, as the user whose filter it was (filter document 3.15)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any


def run(fields: Mapping[str, Any], fds: Sequence[int] = ()) -> dict[str, Any]:
    """Append `lines` ((path, text, mode) each). What cannot be written is told in `errors`, and nothing else."""
    errors: list[str] = []
    for path, text, mode in fields["lines"]:
        try:
            log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        except OSError as error:
            errors.append(f'filter log file "{path}" open failed: {error.strerror}')
            continue
        try:
            os.write(log, text.encode("latin-1", "replace"))
        except OSError as error:
            errors.append(f'filter log file "{path}" write failed: {error.strerror}')
        finally:
            os.close(log)
    return {"errors": errors}
