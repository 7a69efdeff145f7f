"""The folder of hints files: made for its owner, and locked while a file in it is made, opened or thrown away.

Without the lock one process could throw away what another has just made in the place of a damaged file.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from eximia.base.folders import make_owned_folder

_MODE = 0o750
#: seconds to wait for the lock, which is held for milliseconds; then it is done without
_PATIENCE = 2.0


def make_folder(path: str, owner: tuple[int, int] | None) -> None:
    """Make a folder, with those above it. Raises OSError."""
    if os.path.isdir(path):
        return
    if owner is None or os.geteuid() != 0:
        os.makedirs(path, _MODE, exist_ok=True)
        return
    make_folder(os.path.dirname(path), owner)
    make_owned_folder(path, _MODE, *owner)


@contextmanager
def alone_in(folder: str) -> Iterator[None]:
    """No other process makes, opens or throws away files of hints in `folder`. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        deadline = monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > deadline:
                    break
            sleep(0.002)
        yield
    finally:
        os.close(fd)


def identity_of(path: str) -> tuple[int, int] | None:
    """Which file has the name now."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
