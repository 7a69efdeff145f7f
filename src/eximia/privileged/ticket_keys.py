"""The keys of TLS session tickets: made and changed by the parent, read by the workers (manual 43.17).

They live in anonymous memory that workers map read-only, never in a file. The layout is that of `tls/c/tickets.c`:
a counter (odd while we write), the period in seconds, and the current and the previous key with the time they were
made. What a key protects is not this module's business.
"""

from __future__ import annotations

import fcntl
import os
import struct

#: seconds for which a key makes tickets; it opens them for twice as long
PERIOD = 3600
_HEAD = struct.Struct("=II")
_BORN = struct.Struct("=q")
_SECRET = 80
_KEY = _SECRET + _BORN.size
SIZE = _HEAD.size + 2 * _KEY
_NO_KEY = bytes(_KEY)


class TicketKeys:
    """The parent's side. `fd` goes to the workers."""

    def __init__(self, period: int = PERIOD) -> None:
        self.fd = os.memfd_create("eximia-tickets", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.fd, SIZE)
        # Its size stays as it is, and nobody takes these seals off.
        fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        self.period = period
        self._change = 0
        self._current = _NO_KEY

    def rotate(self, now: float) -> None:
        """A new key; the one before it still opens tickets, the one before that is gone."""
        previous, self._current = self._current, os.urandom(_SECRET) + _BORN.pack(int(now))
        self._write(_HEAD.pack(self._change + 1, self.period), 0)
        self._write(self._current + previous, _HEAD.size)
        self._change += 2
        self._write(_HEAD.pack(self._change, self.period), 0)

    def _write(self, data: bytes, at: int) -> None:
        os.pwrite(self.fd, data, at)
