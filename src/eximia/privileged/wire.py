"""Frames between the privileged parent, its workers and its agents: a length, then bytes; descriptors beside them.

Four bytes of length in network order, at most `LIMIT`. The parent's own frames are words separated by spaces; jobs of
agents carry JSON, which the parent never sees.
"""

from __future__ import annotations

import array
import os
import socket
import struct
from collections.abc import Sequence

LIMIT = 1 << 24
_MOST_DESCRIPTORS = 16


class WireError(Exception):
    """The other side sent something that is no frame, or is gone."""


def send_frame(sock: socket.socket, data: bytes, fds: Sequence[int] = ()) -> None:
    """Send one frame, with descriptors on its first byte."""
    if len(data) > LIMIT:
        raise WireError("frame too long")
    frame = struct.pack("!I", len(data)) + data
    if fds:
        sent = socket.send_fds(sock, [frame], list(fds))
        frame = frame[sent:]
    if frame:
        sock.sendall(frame)


def receive_frame(sock: socket.socket) -> tuple[bytes, list[int]] | None:
    """One frame and its descriptors; None at the end of the stream. Raises WireError."""
    head, fds = _receive_head(sock)
    if not head:
        return None
    try:
        while len(head) < 4:
            more = sock.recv(4 - len(head))
            if not more:
                raise WireError("cut in the middle of a frame")
            head += more
        (length,) = struct.unpack("!I", head)
        if length > LIMIT:
            raise WireError("frame too long")
        parts = []
        while length:
            more = sock.recv(min(length, 1 << 18))
            if not more:
                raise WireError("cut in the middle of a frame")
            parts.append(more)
            length -= len(more)
    except (WireError, OSError):
        for fd in fds:
            os.close(fd)
        raise
    return b"".join(parts), fds


def _receive_head(sock: socket.socket) -> tuple[bytes, list[int]]:
    fds = array.array("i")
    data, ancillary, _, _ = sock.recvmsg(4, socket.CMSG_LEN(_MOST_DESCRIPTORS * fds.itemsize), socket.MSG_CMSG_CLOEXEC)
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
    return data, list(fds)
