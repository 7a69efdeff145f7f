"""`-bp` with its letters, and `-bpc` (manual chapter 5)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eximia.queue.listing import ListingOptions, list_queue

if TYPE_CHECKING:
    from eximia.context import Process


def show(
    process: Process, letters: str, ids: Sequence[str], *, queue_name: str = "", requires_admin: bool = True
) -> int:
    """List the queue, or count it (`c`); the exit status. `requires_admin`: `queue_list_requires_admin`."""
    if requires_admin and not process.is_admin:
        sys.stderr.write("exim: permission denied\n")
        return 1
    try:
        if "c" in letters:
            _write(f"{process.spool.count(queue_name)}\n")
        else:
            now = int(process.ports.clock.time())
            list_queue(process.spool, _write, now, ListingOptions.from_letters(letters), queue=queue_name, ids=ids)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader has seen enough (`head`); what is buffered must not complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode("latin-1", "replace"))
