"""Running a command: a plain blocking function, called in a thread by the server and directly at the command line."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

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
    try:
        with taken_up():
            process = subprocess.Popen(
                [each.encode("latin-1", "replace") for each in argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if merge_errors else subprocess.PIPE,
                env=None
                if env is None
                else {k.encode("latin-1"): v.encode("latin-1", "replace") for k, v in env.items()},
                cwd=cwd,
                start_new_session=True,
                umask=umask,
                **as_user,  # type: ignore[call-overload]
            )
    except OSError as error:
        return HelperResult(127, b"", failure=os.strerror(error.errno or errno.EIO), errno=error.errno or errno.EIO)
    with process:
        return _converse(process, stdin, timeout, max_output)


def _converse(process: subprocess.Popen[bytes], stdin: bytes, timeout: float, max_output: int) -> HelperResult:
    deadline = time.monotonic() + timeout if timeout > 0 else None
    collected: dict[int, bytearray] = {}
    truncated = False
    timed_out = False
    unread = False
    to_send = memoryview(stdin)
    with selectors.DefaultSelector() as selector:
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                collected[pipe.fileno()] = bytearray()
                selector.register(pipe, selectors.EVENT_READ)
        assert process.stdin is not None
        if to_send:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        else:
            process.stdin.close()
        while selector.get_map():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                timed_out = True
                break
            for key, _ in selector.select(left):
                if key.fileobj is process.stdin:
                    try:
                        sent = os.write(key.fd, to_send[:_CHUNK])
                    except BlockingIOError:
                        continue
                    except OSError:  # it does not want (all of) its input
                        unread = True
                        sent = len(to_send)
                    to_send = to_send[sent:]
                    if not to_send:
                        selector.unregister(process.stdin)
                        process.stdin.close()
                    continue
                data = os.read(key.fd, _CHUNK)
                if not data:
                    selector.unregister(key.fileobj)
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
