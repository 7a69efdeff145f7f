"""The MBX mailbox format of c-client (manual 26.2 `mbx_format`)."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable
from typing import Any

from eximia.base.writing import write_all

_HEADER = 2048
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SMALL = 1 << 20


def file_header(now: float) -> bytes:
    """The first 2048 bytes of a new mailbox: magic, time as validity, thirty empty keywords."""
    text = b"*mbx*\r\n%08x00000000\r\n" % int(now) + b"\r\n" * 30
    return text + b"\0" * (_HEADER - len(text))


def message_line(now: float, size: int) -> bytes:
    """The line before each message: arrival, size in bytes, flags."""
    local = time.localtime(now)
    offset = local.tm_gmtoff // 60
    sign = "-" if offset < 0 else "+"
    zone = f"{sign}{abs(offset) // 60:02d}{abs(offset) % 60:02d}"
    date = f"{local.tm_mday:2d}-{_MONTHS[local.tm_mon - 1]}-{local.tm_year} {time.strftime('%H:%M:%S', local)} {zone}"
    return f"{date},{size};000000000000-00000000\r\n".encode("ascii")


def write(fd: int, fields: dict[str, Any], blocks: Iterable[bytes]) -> int:
    """Append a message; its lines end in CRLF (prefix and suffix are as they are set), and the size goes first, so the
    message is gathered before."""
    now = time.time()
    prefix: str = fields["prefix"]
    suffix: str = fields["suffix"]
    with tempfile.SpooledTemporaryFile(max_size=_SMALL) as gathered:
        gathered.write(prefix.encode("latin-1"))
        for block in blocks:
            gathered.write(_crlf(block))
        gathered.write(suffix.encode("latin-1"))
        size = gathered.tell()
        gathered.seek(0)
        head = b"" if os.fstat(fd).st_size else file_header(now)
        head += message_line(now, size)
        write_all(fd, head)
        while block := gathered.read(1 << 18):
            write_all(fd, block)
    return size


def _crlf(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
