"""A process that acts as one user: it changes to the user first, then does jobs that come over its socket.

It ends when its socket is closed or after a while without work. A failing job is reported; the agent lives on. A job
may be a generator: it yields when it has given its data to the disk, before it waits for it; other jobs of the same
frame then go so far too, and all wait together.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Generator
from importlib import import_module
from typing import Any, cast

from eximia.base.readiness import READABLE, wait_for
from eximia.privileged.aside import take_up
from eximia.privileged.jobs import JOBS
from eximia.privileged.wire import WireError, pack_results, receive_frame, send_frame, unpack_jobs

IDLE_SECONDS = 20

Steps = Generator[None, None, dict[str, Any]]
Job = Callable[[dict[str, Any], list[int]], dict[str, Any] | Steps]


def become(uid: int, gid: int, user: str) -> None:
    """Change to a user for good. Raises OSError, PermissionError when anything of the old identity is left."""
    take_up()
    if user:
        os.initgroups(user, gid)
    else:
        os.setgroups([gid])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if os.getresuid() != (uid, uid, uid) or os.getresgid() != (gid, gid, gid):
        raise PermissionError("the change of user did not take effect")


def start_agent(uid: int, gid: int, user: str) -> tuple[int, socket.socket]:
    """Fork an agent for a user; (its pid, our end of its socket). It inherits no other descriptor.

    Call it only from a process without threads.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            ours.close()
            os.closerange(3, theirs.fileno())
            os.closerange(theirs.fileno() + 1, 65536)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            # A command that does not read its input must not end the agent.
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            become(uid, gid, user)
            serve(theirs)
            code = 0
        finally:
            os._exit(code)
    theirs.close()
    return pid, ours


def serve(sock: socket.socket) -> None:
    """Do the jobs that come over `sock`, until it ends or nothing came for a while."""
    while wait_for(sock.fileno(), READABLE, IDLE_SECONDS):
        try:
            frame = receive_frame(sock)
        except (WireError, OSError):
            return
        if frame is None:
            return
        data, fds = frame
        try:
            answer = do_jobs(data, fds)
        finally:
            for fd in fds:
                try:
                    os.close(fd)
                except OSError:
                    pass
        send_frame(sock, answer)


def do_jobs(data: bytes, fds: list[int]) -> bytes:
    """The answer to one request. Descriptors belong to all jobs of it."""
    started = [_guarded(_start, name, fields, fds) for name, fields in unpack_jobs(data)]
    return pack_results([_guarded(_end, each["result"]) if "result" in each else each for each in started])


def _guarded(function: Callable[..., Any], *args: Any) -> dict[str, Any]:
    """{"result": ...} or {"error": text}."""
    try:
        return {"result": function(*args)}
    except Exception as error:  # noqa: BLE001  (whatever goes wrong in a job is the asker's to handle)
        return {"error": f"{type(error).__name__}: {error}"}


def _start(name: str, fields: dict[str, Any], fds: list[int]) -> dict[str, Any] | Steps:
    """Begin a job: its result, or the generator that waits for the disk."""
    job = load_job(name)(fields, fds)
    if isinstance(job, dict):
        return job
    try:
        next(job)
    except StopIteration as end:
        return cast("dict[str, Any]", end.value)
    return job


def _end(job: dict[str, Any] | Steps) -> dict[str, Any]:
    """The result of a job that was begun."""
    if isinstance(job, dict):
        return job
    while True:
        try:
            next(job)
        except StopIteration as end:
            return cast("dict[str, Any]", end.value)


def run_job(name: str, fields: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    """One job, from its beginning to its end."""
    return _end(load_job(name)(fields, fds))


def load_job(name: str) -> Job:
    """The function of a job. Raises KeyError for a name that is not in the table."""
    module, _, attribute = JOBS[name].partition(":")
    return cast("Job", getattr(import_module(module), attribute))
