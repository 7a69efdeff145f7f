"""`cdb`: constant databases (manual 9.3; format as described at cr.yp.to/cdb.html).

The file is read where it is needed. It is not mapped: one that is made shorter meanwhile would end the worker."""

from __future__ import annotations

import os
from struct import Struct
from typing import TYPE_CHECKING

from eximia.base.text import Untainted, from_bytes, to_bytes

from .kept import kept_file
from .types import LookupDefer, Options, SingleKey

if TYPE_CHECKING:
    from eximia.context import Context

_PAIR = Struct("<II").unpack_from
#: 256 pairs of table position and number of slots
_HEADER = 2048
#: what is read of a record at first
_USUAL = 512


def cdb_hash(key: bytes) -> int:
    """The hash function of the format."""
    value = 5381
    for byte in key:
        value = ((value << 5) + value & 0xFFFFFFFF) ^ byte
    return value


class CdbFile:
    """An open file. Positions in it are believed only within its size."""

    __slots__ = ("_fd", "_header", "_size")

    def __init__(self, path: str) -> None:
        """Raises OSError."""
        self._fd = -1
        self._fd = os.open(to_bytes(path), os.O_RDONLY | os.O_CLOEXEC)
        self._size = os.fstat(self._fd).st_size
        self._header = os.pread(self._fd, _HEADER, 0)
        if len(self._header) < _HEADER:
            raise OSError("too short")

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def _read(self, length: int, at: int) -> bytes:
        """Raises ValueError when there is not so much."""
        data = os.pread(self._fd, length, at)
        if len(data) < length:
            raise ValueError("cdb file became shorter")
        return data

    def get(self, key: bytes) -> bytes | None:
        """The first record of `key`. Raises OSError, and ValueError for a damaged file."""
        hashed = cdb_hash(key)
        table, slots = _PAIR(self._header, (hashed & 0xFF) * 8)
        if not slots:
            return None
        if table + slots * 8 > self._size:
            raise ValueError("cdb hash table runs past the end of the file")
        start = (hashed >> 8) % slots
        for step in range(slots):
            slot_hash, position = _PAIR(self._read(8, table + (start + step) % slots * 8))
            if not position:
                return None
            if slot_hash != hashed:
                continue
            if position + 8 > self._size:
                raise ValueError("cdb record runs past the end of the file")
            head = os.pread(self._fd, _USUAL, position)
            if len(head) < 8:
                raise ValueError("cdb file became shorter")
            key_length, data_length = _PAIR(head)
            end = 8 + key_length + data_length
            if position + end > self._size:
                raise ValueError("cdb record runs past the end of the file")
            if key_length != len(key):
                continue
            record = head if end <= len(head) else self._read(end, position)
            if record[8 : 8 + key_length] == key:
                return record[8 + key_length : end]
        return None


class Cdb(SingleKey):
    """Exact keys, case counts."""

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        database = kept_file(ctx, "cdb", path, "for cdb lookup", CdbFile)
        try:
            found = database.get(to_bytes(key))
        except (OSError, ValueError) as error:
            raise LookupDefer(f"{path}: {error}") from None
        return None if found is None else Untainted(from_bytes(found))


CDB = Cdb()
