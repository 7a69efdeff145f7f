"""A hint to the kernel that a file will be synchronised soon: Linux has `sync_file_range`, Python does not offer it."""

from __future__ import annotations

import ctypes

_WRITE = 2
_sync_file_range = getattr(ctypes.CDLL(None), "sync_file_range", None)
if _sync_file_range is not None:
    _sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)


def begin_writing(fd: int) -> None:
    """Begin to write the file's data now, without waiting. Nothing happens where the system has no such call."""
    if _sync_file_range is not None:
        _sync_file_range(fd, 0, 0, _WRITE)
