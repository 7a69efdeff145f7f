"""`cdb`: constant databases (manual 9.3; format as described at cr.yp.to/cdb.html). The file is mapped, not read."""

from __future__ import annotations

import mmap
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


def cdb_hash(key: bytes) -> int:
    """The hash function of the format."""
    value = 5381
    for byte in key:
        value = ((value << 5) + value & 0xFFFFFFFF) ^ byte
    return value


class CdbFile:
    """A mapped file. Positions in it are believed only within its size."""

    __slots__ = ("_data", "_size")

    def __init__(self, path: str) -> None:
        """Raises OSError."""
        with open(to_bytes(path), "rb") as file:
            file.seek(0, 2)
            self._size = file.tell()
            if self._size < _HEADER:
                raise OSError("too short")
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def get(self, key: bytes) -> bytes | None:
        """The first record of `key`. Raises ValueError for a damaged file."""
        hashed = cdb_hash(key)
        table, slots = _PAIR(self._data, (hashed & 0xFF) * 8)
        if not slots:
            return None
        if table + slots * 8 > self._size:
            raise ValueError("cdb hash table runs past the end of the file")
        start = (hashed >> 8) % slots
        for step in range(slots):
            slot_hash, position = _PAIR(self._data, table + (start + step) % slots * 8)
            if not position:
                return None
            if slot_hash != hashed:
                continue
            if position + 8 > self._size:
                raise ValueError("cdb record runs past the end of the file")
            key_length, data_length = _PAIR(self._data, position)
            begin = position + 8
            if begin + key_length + data_length > self._size:
                raise ValueError("cdb record runs past the end of the file")
            if key_length == len(key) and self._data[begin : begin + key_length] == key:
                return self._data[begin + key_length : begin + key_length + data_length]
        return None


class Cdb(SingleKey):
    """Exact keys, case counts."""

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        database = kept_file(ctx, "cdb", path, "for cdb lookup", CdbFile)
        try:
            found = database.get(to_bytes(key))
        except ValueError as error:
            raise LookupDefer(f"{path}: {error}") from None
        return None if found is None else Untainted(from_bytes(found))


CDB = Cdb()
