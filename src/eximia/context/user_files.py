"""Files that a user's filter asks for in a server's worker (manual 22.3).

A worker cannot become the user as Exim does. While such a filter is interpreted `Message.acting` says whose it is, and
whatever it reads or asks of the file system comes through here, from an agent of that user. Where nobody is acted for,
the file system is asked directly.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eximia.base.errors import Defer
from eximia.base.refusal import RefusedError

from .file_status import file_status, forget

if TYPE_CHECKING:
    from . import Context

_TIMEOUT = 60


def status(ctx: Context, path: bytes) -> os.stat_result:
    """As os.stat(). Raises OSError, ValueError for a path with a NUL."""
    if ctx.message.acting is None:
        found = file_status(ctx.process, path)
        if isinstance(found, OSError):
            # The answer is kept; raised itself, it would keep everybody's frames too.
            raise OSError(found.errno, found.strerror)
        return found
    return os.stat_result(_ask(ctx, path, "status")["status"])


def exists(ctx: Context, path: bytes) -> bool:
    """Whether there is such a file, as far as we, or the user, can tell. Raises ValueError for a path with a NUL."""
    if ctx.message.acting is None:
        return not isinstance(file_status(ctx.process, path), OSError)
    try:
        status(ctx, path)
    except OSError:
        return False
    return True


def content(ctx: Context, path: bytes) -> bytes:
    """The whole file. Raises OSError, ValueError for a path with a NUL."""
    if ctx.message.acting is None:
        with open(path, "rb") as file:
            return file.read()
    data: str = _ask(ctx, path, "content")["content"]
    return data.encode("latin-1")


@contextmanager
def readable(ctx: Context, path: str) -> Iterator[str]:
    """A name by which this process can read the user's file: that of a copy in memory. Raises OSError."""
    fd = os.memfd_create("user's file", os.MFD_CLOEXEC)
    name = f"/proc/self/fd/{fd}"
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(content(ctx, path.encode("latin-1")))
        yield name
    finally:
        os.close(fd)
        forget(ctx.process, name)  # the number will be another file's


def _ask(ctx: Context, path: bytes, what: str) -> dict[str, Any]:
    if b"\0" in path:
        raise ValueError("embedded null byte")
    fields = {"path": path.decode("latin-1"), "what": what}
    try:
        answer = ctx.process.ports.agents.run(ctx.message.acting, "user_file", fields, timeout=_TIMEOUT)
    except Defer as error:
        raise RefusedError(0, error.message) from None
    if "errno" in answer:
        raise RefusedError(answer["errno"], answer["text"])
    return answer
