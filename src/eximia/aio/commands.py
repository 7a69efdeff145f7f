"""Running a command: a plain blocking function, called in a thread by the server and directly at the command line."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from eximia.base.ports import HelperResult, Identity
from eximia.privileged.aside import is_set_aside, taken_up

_CHUNK = 65536


def run_command(
    argv: Sequence[str],
    stdin: bytes,
    timeout: float,
    env: Mapping[str, str] | None,
    cwd: str,
    max_output: int,
    merge_errors: bool,
    identity: Identity | None,
    umask: int,
) -> HelperResult:
    """See `base.ports.Helpers.run`. Text arguments are latin-1 `str`, as all text."""
    aside = is_set_aside()
    as_user: dict[str, object] = {}
    if identity is not None and (aside or os.geteuid() == 0):
        as_user = {
            "user": identity.uid,
            "group": identity.gid,
            "extra_groups": os.getgrouplist(identity.user, identity.gid) if identity.user else [identity.gid],
        }
    elif aside:
        as_user = {"user": os.geteuid(), "group": os.getegid()}  # for good
    # The pipes are ours: where descriptors have run out, `Popen` leaves those open that it has made already.
    theirs: list[int] = []
    ours: list[int] = []
    try:
        with _closing(theirs):
            _pipe(theirs, ours)
            for _ in range(1 if merge_errors else 2):
                _pipe(ours, theirs)
            with taken_up():
                process = subprocess.Popen(
                    [each.encode("latin-1", "replace") for each in argv],
                    stdin=theirs[0],
                    stdout=theirs[1],
                    stderr=theirs[-1],
                    env=None
                    if env is None
                    else {k.encode("latin-1"): v.encode("latin-1", "replace") for k, v in env.items()},
                    cwd=cwd,
                    start_new_session=True,
                    umask=umask,
                    **as_user,  # type: ignore[call-overload]
                )
    except OSError as error:
        with _closing(ours):
            code = error.errno or errno.EIO
            return HelperResult(127, b"", failure=os.strerror(code), errno=code)
    with process, _closing(ours):
        return _converse(process, ours, stdin, timeout, max_output)


def _pipe(readers: list[int], writers: list[int]) -> None:
    """A pipe's two ends. Raises OSError."""
    reader, writer = os.pipe()
    readers.append(reader)
    writers.append(writer)


@contextmanager
def _closing(fds: list[int]) -> Iterator[None]:
    """Close at the end what is in the list then."""
    try:
        yield
    finally:
        for fd in fds:
            os.close(fd)


def _converse(
    process: subprocess.Popen[bytes], fds: list[int], stdin: bytes, timeout: float, max_output: int
) -> HelperResult:
    """`fds`: where the input goes, from where the output and perhaps the errors come."""
    deadline = time.monotonic() + timeout if timeout > 0 else None
    feed, *readers = fds
    collected = {reader: bytearray() for reader in readers}
    truncated = False
    timed_out = False
    unread = False
    to_send = memoryview(stdin)
    with selectors.PollSelector() as selector:
        for reader in readers:
            selector.register(reader, selectors.EVENT_READ)
        if to_send:
            os.set_blocking(feed, False)
            selector.register(feed, selectors.EVENT_WRITE)
        else:
            os.close(fds.pop(0))
        while selector.get_map():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                timed_out = True
                break
            for key, _ in selector.select(left):
                if key.fd == feed:
                    try:
                        sent = os.write(feed, to_send[:_CHUNK])
                    except BlockingIOError:
                        continue
                    except OSError:  # it does not want (all of) its input
                        unread = True
                        sent = len(to_send)
                    to_send = to_send[sent:]
                    if not to_send:
                        selector.unregister(feed)
                        os.close(fds.pop(0))
                    continue
                data = os.read(key.fd, _CHUNK)
                if not data:
                    selector.unregister(key.fd)
                    continue
                buffer = collected[key.fd]
                room = max_output - len(buffer)
                truncated = truncated or len(data) > room
                buffer += data[: max(room, 0)]
    if not timed_out:
        try:
            process.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            timed_out = True
    if timed_out:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    texts = list(collected.values())
    return HelperResult(
        process.returncode,
        bytes(texts[0]),
        bytes(texts[1]) if len(texts) > 1 else b"",
        timed_out=timed_out,
        truncated=truncated,
        unread=unread,
    )
