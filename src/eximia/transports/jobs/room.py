"""Is there room in a mailbox for a message? Asked while the recipient is verified (manual 44.49), writes no message.

`run` is the job `mailbox_room`. The fields are those of the job `appendfile` that say where the mailbox is and what
its quotas are.
"""

from __future__ import annotations

import os
from typing import Any

from .directory import usage_of, with_quotas
from .names import as_text, as_the_system_names
from .quota import check
from .result import JobError


def run(fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    """`result` is "room", or what the job `appendfile` would answer because of the quota."""
    fields = as_the_system_names(fields)
    path: str = fields["path"]
    try:
        if fields["format"] != "file":
            fields = with_quotas(path, fields)
            usage = usage_of(path, fields)
            usage.close()
            check(fields, usage.size, usage.files, path)
        elif fields["quota"] > 0:
            size = fields["mailbox_size"]
            check(fields, size if size >= 0 else _size(path), 0, path)
    except JobError as error:
        return as_text(error.as_fields())
    return {"result": "room"}


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise JobError(f"while checking mailbox {path}", error.errno or 0) from error
