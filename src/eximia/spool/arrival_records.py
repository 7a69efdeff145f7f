"""What a segment of the arrival log holds: one record a message, its bytes and its marks (`arrivals`)."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Final

from eximia.base.namedtuple import NamedTuple

from .durable import Arrival
from .store import Place

_MAGIC: Final = b"EXAL"
#: magic, state, which run of the machine, epoch, CRC of all that follows, lengths of the texts for id, queue,
#: sub-folder, header and body
_RECORD: Final = struct.Struct("<4sB3xIQIHHHxxII")
_STATE_AT: Final = 4
_EPOCH: Final = struct.Struct("<Q")
_EPOCH_AT: Final = 12
_CRC: Final = struct.Struct("<I")
_CRC_AT: Final = 20
_LENGTHS_AT: Final = 24
OPEN: Final = 0
DONE: Final = 1
#: done, if this is still the same run of the machine
DONE_NOW: Final = 2


class Record(NamedTuple):
    """One record. `done`: the log need not keep the message; `settled`: a stop of the machine does not change that."""

    done: bool
    settled: bool
    arrival: Arrival
    #: bytes of the record
    length: int


@cache
def machine_run() -> int:
    """A number for the time since the machine was started."""
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            return zlib.crc32(file.read())
    except OSError:
        return 0


def pack(arrival: Arrival) -> bytearray:
    """The record of a message; the epoch is filled in when its place is known."""
    place = arrival.place
    texts = (
        arrival.id.encode(),
        place.queue.encode("latin-1"),
        place.subdirectory.encode(),
        arrival.header,
        arrival.body,
    )
    record = bytearray(_RECORD.pack(_MAGIC, OPEN, machine_run(), 0, 0, *map(len, texts)))
    record += b"".join(texts)
    _CRC.pack_into(record, _CRC_AT, zlib.crc32(memoryview(record)[_LENGTHS_AT:]))
    return record


def set_epoch(record: bytearray, epoch: int) -> None:
    _EPOCH.pack_into(record, _EPOCH_AT, epoch)


def mark(fd: int, offset: int, state: int) -> None:
    """Change the state of the record at `offset` of a segment. Raises OSError."""
    os.pwrite(fd, bytes((state,)), offset + _STATE_AT)


def records(data: memoryview) -> Iterator[Record]:
    """The records of one segment, up to what is no record of its present use."""
    at = 0
    epoch = None
    while (record := _unpack(data[at:])) is not None:
        if epoch is None:
            epoch = record[1]
        elif record[1] != epoch:
            return
        yield record[0]
        at += record[0].length


def read_at(fd: int, offset: int, length: int) -> Record | None:
    """The record of that length at `offset` of a segment; None: there is no whole one. Raises OSError."""
    record = _unpack(memoryview(os.pread(fd, length, offset)))
    return None if record is None else record[0]


def _unpack(data: memoryview) -> tuple[Record, int] | None:
    """The record that `data` begins with, and its epoch."""
    if len(data) < _RECORD.size:
        return None
    magic, state, run, epoch, crc, *lengths = _RECORD.unpack_from(data)
    end = _RECORD.size + sum(lengths)
    if magic != _MAGIC or end > len(data) or zlib.crc32(data[_LENGTHS_AT:end]) != crc:
        return None
    texts = []
    at = _RECORD.size
    for length in lengths:
        texts.append(bytes(data[at : at + length]))
        at += length
    id_, queue, subdirectory, header, body = texts
    arrival = Arrival(id_.decode(), Place(queue.decode("latin-1"), subdirectory.decode()), header, body)
    settled = state == DONE
    return Record(settled or (state == DONE_NOW and run == machine_run()), settled, arrival, end), epoch
