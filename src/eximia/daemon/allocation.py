"""How a worker's C library gives memory back to the system.

Left alone, glibc hands back what is free at the end of its heap as soon as that is 128 KiB, and maps larger pieces one
by one. A worker that moves messages of 100 KB would ask for the same pages again and again, and each costs a fault:
about 70 for such a message.
"""

from __future__ import annotations

# malloc.h
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_SETTINGS = ((_TRIM_THRESHOLD, 16 << 20), (_TOP_PAD, 256 << 10), (_MMAP_THRESHOLD, 4 << 20))


def keep_pages() -> None:
    """Keep up to some megabytes that are free. Does nothing where the C library has no such settings."""
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for setting, value in _SETTINGS:
            mallopt(setting, value)
