"""A copy of this process that becomes a user, runs one function, and hands back the text it returns."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

from eximia.base.errors import Defer
from eximia.base.ports import Identity
from eximia.base.readiness import READABLE, wait_for
from eximia.privileged.agent import become


def run_copy(identity: Identity, function: Callable[[], str], timeout: float) -> str:
    """What `function` returns, called in a child that changed to the user for good. Raises Defer when the child
    dies, is stopped by an exception, or takes longer than `timeout` seconds."""
    sys.stdout.flush()
    reader, writer = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        _be_the_copy(identity, function, writer)
    os.close(writer)
    try:
        answer = _answer(reader, timeout)
    except TimeoutError:
        os.kill(child, signal.SIGKILL)
        answer = b"!timed out"
    finally:
        os.close(reader)
        os.waitpid(child, 0)
    text = answer.decode("latin-1")
    if not text.startswith("="):
        raise Defer(f"process for uid {identity.uid}: {text[1:] or 'died'}")
    return text[1:]


def _be_the_copy(identity: Identity, function: Callable[[], str], writer: int) -> None:
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            become(identity.uid, identity.gid, identity.user)
            answer = "=" + function()
        except Exception as error:  # noqa: BLE001  (the parent reports it)
            answer = f"!{type(error).__name__}: {error}"
        data = answer.encode("latin-1", "replace")
        while data:
            data = data[os.write(writer, data) :]
        code = 0
    finally:
        os._exit(code)


def _answer(reader: int, timeout: float) -> bytes:
    """All that the copy writes. Raises TimeoutError."""
    ends = time.monotonic() + timeout
    pieces: list[bytes] = []
    while True:
        left = ends - time.monotonic()
        if left <= 0 or not wait_for(reader, READABLE, left):
            raise TimeoutError
        piece = os.read(reader, 65536)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
