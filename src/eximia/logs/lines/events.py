"""Short lines about messages, queue runs and daemons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eximia.logs.printing import printing
from eximia.message.dates import elapsed

if TYPE_CHECKING:
    from eximia.logs.selectors import Selectors


def completed(selectors: Selectors, queue_time: float) -> str:
    """`Completed`, with QT= when `queue_time_overall` asks for it."""
    if selectors.queue_time_overall:
        return f"Completed QT={elapsed(queue_time, millisec=selectors.millisec)}"
    return "Completed"


FROZEN = "Frozen"
IS_FROZEN = "Message is frozen"


def locked(message_id: str) -> str:
    """Somebody else is delivering the message or changing it."""
    return f"Spool file for {message_id} is locked (another process is handling this message)"


def queue_run(which: str, pid: int, flags: str = "", queue_name: str = "") -> str:
    """`Start queue run: pid=1234 -qff`, `End 'night' queue run: pid=1234`; `which` is "Start" or "End"."""
    queue = f" '{queue_name}'" if queue_name else ""
    return f"{which}{queue} queue run: pid={pid}{' ' + flags if flags else ''}"


def arguments(cwd: str, argv: Sequence[str]) -> str:
    """`cwd=/ 3 args: exim -bd -q30m`, for the selector `arguments`."""
    shown = []
    for argument in argv:
        if not argument or any(letter in argument for letter in " \t\n\r"):
            shown.append(f'"{printing(argument)}"')
        else:
            shown.append(printing(argument))
    return f"cwd={cwd} {len(argv)} args: {' '.join(shown)}"
