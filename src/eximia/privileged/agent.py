"""A process that acts as one user: it changes to the user first, then does jobs that come over its socket.

It ends when its socket is closed or after a while without work. A failing job is reported; the agent lives on.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from eximia.privileged.jobs import JOBS
from eximia.privileged.wire import WireError, receive_frame, send_frame

IDLE_SECONDS = 20

Job = Callable[[dict[str, Any], list[int]], dict[str, Any]]


def become(uid: int, gid: int, user: str) -> None:
    """Change to a user for good. Raises OSError, PermissionError when anything of the old identity is left."""
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
    while select.select([sock], [], [], IDLE_SECONDS)[0]:
        try:
            frame = receive_frame(sock)
        except (WireError, OSError):
            return
        if frame is None:
            return
        data, fds = frame
        try:
            answer = do_job(data, fds)
        finally:
            for fd in fds:
                try:
                    os.close(fd)
                except OSError:
                    pass
        send_frame(sock, json.dumps(answer).encode("ascii"))


def do_job(data: bytes, fds: list[int]) -> dict[str, Any]:
    """One request (JSON of job name and fields) -> {"result": ...} or {"error": text}."""
    try:
        name, fields = json.loads(data)
        return {"result": load_job(name)(fields, fds)}
    except Exception as error:  # noqa: BLE001  (whatever goes wrong in a job is the asker's to handle)
        return {"error": f"{type(error).__name__}: {error}"}


def load_job(name: str) -> Job:
    """The function of a job. Raises KeyError for a name that is not in the table."""
    module, _, attribute = JOBS[name].partition(":")
    return cast("Job", getattr(import_module(module), attribute))
