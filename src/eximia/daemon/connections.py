"""Who is connected, over all workers: limits count the whole server, and new connections go to the idlest worker.

Each worker writes its own part of a memory that all share: a count, then the packed addresses of its clients. Others
only read; a reading that is a moment old does no harm. But where a limit decides one worker counts at a time: of
several connections at the same moment as many are taken as the limit leaves room for, neither more nor fewer.
"""

from __future__ import annotations

import fcntl
import mmap
import socket
import struct

from eximia.privileged.supervisor import SHARED_BYTES

_ENTRY = 16
_CAPACITY = SHARED_BYTES // _ENTRY - 1
_COUNT = struct.Struct("=I")


def pack(address: str) -> bytes:
    """An IP address in 16 bytes; IPv4 as mapped IPv6. Anything else (a Unix socket) is all ones."""
    try:
        if ":" in address:
            return socket.inet_pton(socket.AF_INET6, address)
        return b"\0" * 10 + b"\xff\xff" + socket.inet_aton(address)
    except OSError:
        return b"\xff" * _ENTRY


class Connections:
    """The shared memory as worker `index` of `workers` sees it; `fd` -1: memory of our own."""

    def __init__(self, fd: int, index: int, workers: int) -> None:
        self._memory = mmap.mmap(fd, SHARED_BYTES * workers)
        self._lock = fd if workers > 1 else -1
        self._index = index
        self._workers = workers
        self._base = index * SHARED_BYTES
        self._addresses: list[bytes] = []
        self._count = 0
        self._write_count()

    def _write_count(self) -> None:
        _COUNT.pack_into(self._memory, self._base, self._count)

    def enter(self, address: str, most: int) -> int:
        """Count a connection, unless the server has `most` already (0: no limit); how many there are with this one."""
        if self._lock >= 0:
            fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            total = self.total() + 1
            if not 0 < most < total:
                self.add(address)
            return total
        finally:
            if self._lock >= 0:
                fcntl.lockf(self._lock, fcntl.LOCK_UN)

    def add(self, address: str) -> None:
        packed = pack(address)
        if len(self._addresses) < _CAPACITY:
            self._addresses.append(packed)
            offset = self._base + len(self._addresses) * _ENTRY
            self._memory[offset : offset + _ENTRY] = packed
        self._count += 1
        self._write_count()

    def remove(self, address: str) -> None:
        packed = pack(address)
        addresses = self._addresses
        if packed in addresses:
            at = addresses.index(packed)
            last = addresses.pop()
            end = self._base + (len(addresses) + 1) * _ENTRY
            self._memory[end : end + _ENTRY] = bytes(_ENTRY)
            if at < len(addresses):
                addresses[at] = last
                offset = self._base + (at + 1) * _ENTRY
                self._memory[offset : offset + _ENTRY] = last
        self._count -= 1
        self._write_count()

    @property
    def own(self) -> int:
        """Connections of this worker."""
        return self._count

    def counts(self) -> list[int]:
        """Connections of each worker."""
        return [int(_COUNT.unpack_from(self._memory, each * SHARED_BYTES)[0]) for each in range(self._workers)]

    def total(self) -> int:
        """Connections of the whole server."""
        return sum(self.counts())

    def from_host(self, address: str) -> int:
        """Connections from one host, over all workers."""
        packed = pack(address)
        found = self._addresses.count(packed)
        for worker in range(self._workers):
            if worker == self._index:
                continue
            base = worker * SHARED_BYTES
            (count,) = _COUNT.unpack_from(self._memory, base)
            part = self._memory[base + _ENTRY : base + _ENTRY * (min(count, _CAPACITY) + 1)]
            at = part.find(packed)
            while at >= 0:
                if at % _ENTRY == 0:
                    found += 1
                at = part.find(packed, at + 1)
        return found
