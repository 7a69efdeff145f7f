"""Writing one text to the logs that an ACL names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def write_logs(log: Any, targets: Sequence[str], text: str, message_id: str = "") -> None:
    """Write `text` to each of `targets` ("main", "reject", "panic"); newlines are written as `\\n`."""
    text = text.replace("\n", "\\n")
    if "panic" in targets:
        log.panic(text, message_id, main="main" in targets)
        if "reject" in targets:
            log.reject(text, message_id, main=False)
    elif "reject" in targets:
        log.reject(text, message_id, main="main" in targets)
    elif "main" in targets:
        log.main(text, message_id)
