"""Writing one text to the logs that an ACL names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def write_logs(log: Any, targets: Sequence[str], text: str, message: Any) -> None:
    """Write `text` to each of `targets` ("main", "reject", "panic"); newlines are written as `\\n`. Envelope and header
    lines of the message follow in the reject log, once they are there."""
    text = text.replace("\n", "\\n")
    main = "main" in targets
    if "panic" in targets:
        log.panic(text, message.id, main=main)
        main = False
    if "reject" in targets:
        log.reject(
            text,
            message.id,
            main=main,
            sender=message.sender_address if message.headers else None,
            recipients=[recipient.address for recipient in message.recipients],
            headers=message.headers,
        )
    elif main:
        log.main(text, message.id)
