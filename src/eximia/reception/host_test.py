"""What -bh writes to standard error: `>>>` commentary and LOG lines (manual 5.3)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from eximia.base.trace import Trace
from eximia.logs.log import CheckingLog

if TYPE_CHECKING:
    from eximia.context import Process

#: debug text that a postmaster testing his policy wants to see
CATEGORIES = frozenset(("acl", "lists", "host_lookup", "verify", "dnsbl", "ratelimit", "callout"))


class Commentary(Trace):
    """Debug text of the categories above, each line after `>>> `."""

    __slots__ = ()

    def __init__(self, other: Trace | None) -> None:
        super().__init__()
        self.categories = CATEGORIES | (other.categories if other is not None else frozenset())
        self.add_debug_reader(_write)


def _write(_category: str, text: str) -> None:
    sys.stderr.write("".join(f">>> {line}\n" for line in text.splitlines() or [""]))
    sys.stderr.flush()


def testing_log(process: Process) -> CheckingLog:
    """A log that goes to standard error only."""
    return CheckingLog(process.log.selectors, with_zone=process.main.log_timezone)
