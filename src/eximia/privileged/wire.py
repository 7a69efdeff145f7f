"""Frames between the privileged parent, its workers and its agents: a length, then bytes; descriptors beside them.

Four bytes of length in network order, at most `LIMIT`. The parent's own frames are words separated by spaces. The
frames of agents, which the parent never sees, are one line of JSON, in requests with the jobs' bodies behind it.
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

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


def pack_jobs(jobs: Sequence[tuple[str, Mapping[str, Any]]]) -> bytes:
    """The request for jobs: name and fields. A field `body` of bytes travels as it is."""
    head: list[tuple[str, Mapping[str, Any], int]] = []
    bodies: list[bytes] = []
    for name, fields in jobs:
        body = fields.get("body")
        if body is None:
            head.append((name, fields, -1))
        else:
            head.append((name, {**fields, "body": None}, len(body)))
            bodies.append(body)
    return b"".join([json.dumps(head).encode("ascii"), b"\n", *bodies])


def unpack_jobs(frame: bytes) -> list[tuple[str, dict[str, Any]]]:
    """What `pack_jobs` was given. Raises ValueError."""
    line, _, rest = frame.partition(b"\n")
    jobs = []
    at = 0
    for name, fields, length in json.loads(line):
        if length >= 0:
            fields["body"] = rest[at : at + length]
            at += length
        jobs.append((name, fields))
    return jobs


def pack_results(results: Sequence[Mapping[str, Any]]) -> bytes:
    """The answer: for each job `{"result": ...}` or `{"error": text}`."""
    return json.dumps(results).encode("ascii")


def unpack_results(frame: bytes) -> list[dict[str, Any]]:
    """What `pack_results` was given. Raises WireError."""
    try:
        results = json.loads(frame)
    except ValueError as error:
        raise WireError(f"no answer: {error}") from error
    if not isinstance(results, list):
        raise WireError("no answer")
    return results
