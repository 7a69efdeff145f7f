"""The numbers that stand for DSN requests (RFC 3461) in `Recipient.dsn_flags` and `Message.dsn_ret`.

They are those of the spool format, so that a spool written by Exim means the same here.
"""

from __future__ import annotations

from typing import Final

#: RET= of MAIL
RET_FULL: Final = 1
RET_HDRS: Final = 2

#: NOTIFY= of RCPT; no bit set: nothing was asked
NOTIFY_NEVER: Final = 2
NOTIFY_SUCCESS: Final = 4
NOTIFY_FAILURE: Final = 8
NOTIFY_DELAY: Final = 16

NOTIFY_NAMES: Final = {
    "NEVER": NOTIFY_NEVER,
    "SUCCESS": NOTIFY_SUCCESS,
    "FAILURE": NOTIFY_FAILURE,
    "DELAY": NOTIFY_DELAY,
}


def notify_text(flags: int) -> str:
    """`SUCCESS,DELAY`, as it follows NOTIFY=; empty when nothing was asked."""
    return ",".join(name for name, bit in NOTIFY_NAMES.items() if flags & bit)
