"""A transport filter in a job: the message goes in at one end while what comes out is read (manual chapter 24)."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Generator, Iterable, Iterator

from eximia.context.delivery import Errno

from .result import PIPE_ROOM, JobError

_BLOCK = 65536


class FilterTimeout(JobError):
    """The filter did not end in time; the pipe transport treats it as its own time-out."""


class FilterFailure(JobError):
    """The filter did not run well: `status` and what more there is to say. It goes to the panic log, too."""

    def __init__(self, status: int, more: str = "", *, where: str = "", word: str = "transport") -> None:
        super().__init__(f"{word} filter process failed ({status}){where}{more}", Errno.FILTER_FAIL, panic=True)
        self.status = status
        self.more = more

    def while_writing(self, path: str) -> FilterFailure:
        return FilterFailure(self.status, self.more, where=f" while writing to {path}")

    def of_pipe(self) -> FilterFailure:
        return FilterFailure(self.status, self.more, word="Transport")


class FilterUnread(FilterFailure):
    """The filter ended well, but did not want all of the message: what it wrote is not all there is."""

    def __init__(self, where: str = "the transport filter") -> None:
        JobError.__init__(self, f"error while writing to {where}", errno.EPIPE)
        self.status, self.more = 0, ""

    def while_writing(self, path: str) -> FilterFailure:
        return FilterUnread(path)

    def of_pipe(self) -> FilterFailure:
        return self


def filter_blocks(arguments: list[str], blocks: Iterable[bytes], timeout: float) -> Iterator[bytes]:
    """What the filter makes of the message. Raises JobError."""
    if not arguments[0].startswith("/"):
        raise FilterFailure(127, ": unable to execute command")
    try:
        process = subprocess.Popen(
            [argument.encode("latin-1") for argument in arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError:
        raise FilterFailure(127, ": unable to execute command") from None
    try:
        whole = yield from _through(process, iter(blocks), timeout)
        status = process.wait(timeout or None)
    except subprocess.TimeoutExpired:
        raise FilterTimeout("transport filter timeout", Errno.FILTER_FAIL) from None
    finally:
        _end(process)
    if status:
        raise FilterFailure(abs(status))
    if not whole:
        raise FilterUnread


def _through(process: subprocess.Popen[bytes], blocks: Iterator[bytes], timeout: float) -> Generator[bytes, None, bool]:
    """What comes out, and at last whether the whole message went in."""
    assert process.stdin is not None
    assert process.stdout is not None
    writer, reader = process.stdin.fileno(), process.stdout.fileno()
    os.set_blocking(writer, False)
    waiting = memoryview(b"")
    deadline = time.monotonic() + timeout if timeout else None
    whole, broken, written = False, False, 0
    with selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        selector.register(writer, selectors.EVENT_WRITE)
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            ready = selector.select(left) if left is None or left > 0 else []
            if not ready:
                raise subprocess.TimeoutExpired("", timeout)
            for key, _ in ready:
                if key.fd == reader:
                    data = os.read(reader, _BLOCK)
                    if not data:
                        return whole
                    yield data
                    continue
                if not waiting:
                    waiting = memoryview(next(blocks, b""))
                try:
                    wrote = os.write(writer, waiting) if waiting else 0
                    waiting, written = waiting[wrote:], written + wrote
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    broken = written + len(waiting) + sum(map(len, blocks)) > PIPE_ROOM
                    waiting = memoryview(b"")
                    blocks = iter(())
                if not waiting:
                    waiting = memoryview(next(blocks, b""))
                    if not waiting:
                        whole = not broken
                        selector.unregister(writer)
                        process.stdin.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            try:
                pipe.close()
            except OSError:
                pass
