"""What -bh writes to standard error: `>>>` commentary and LOG lines (manual 5.3)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from eximia.base.pattern import pattern
from eximia.base.trace import Trace
from eximia.logs.log import CheckingLog

if TYPE_CHECKING:
    from eximia.context import Process

#: debug text that a postmaster testing his policy wants to see
CATEGORIES = frozenset(("acl", "auth", "lists", "host_lookup", "verify", "dnsbl", "ratelimit", "callout"))
#: of routing, only how it went
_ROUTING = (
    ">>>>",
    "routing ",
    "calling ",
    "routed by ",
    "no more routers",
    '"more" is false',
    "local host ",
    "no IP address found ",
    "  message: ",
)
_ROUTING_END = pattern(r" router (declined|passed) for | router(: defer for | forced address failure)")


class Commentary(Trace):
    """Debug text of the categories above, each line after `>>> `, and the main events of routing."""

    __slots__ = ("_all_routing",)

    def __init__(self, other: Trace | None) -> None:
        super().__init__()
        asked = other.categories if other is not None else frozenset()
        self._all_routing = "route" in asked
        self.categories = CATEGORIES | asked | {"route"}
        self.add_debug_reader(self._write)

    def _write(self, category: str, text: str) -> None:
        lines = text.splitlines() or [""]
        if category == "route" and not self._all_routing:
            lines = [line for line in lines if line.startswith(_ROUTING) or _ROUTING_END.search(line)]
        sys.stderr.write("".join(f">>> {line}\n" for line in lines))
        sys.stderr.flush()


def testing_log(process: Process) -> CheckingLog:
    """A log that goes to standard error only."""
    return CheckingLog(process.log.selectors, with_zone=process.main.log_timezone)
