"""exim_lock: hold a mailbox locked, as deliveries lock it, while a command runs (manual 54.15)."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

from eximia.base.dataclass import dataclass

from .common import write

USAGE = """usage: exim_lock [-v] [-q] [-lockfile] [-fcntl] [-flock] [-mbx]
       [-retries <n>] [-interval <n>] [-timeout <n>] [-restore-times]
       <file name> [command]
"""
#: a lock file older than this is left over from a crash
EXPIRES = 30 * 60


@dataclass(slots=True)
class Request:
    """What the options ask for."""

    path: str = ""
    command: str = ""
    lockfile: bool = False
    fcntl: bool = False
    flock: bool = False
    mbx: bool = False
    verbose: bool = False
    quiet: bool = False
    restore_times: bool = False
    retries: int = 10
    interval: int = 3
    timeout: int = 0


class NotLockedError(Exception):
    """The lock cannot be had now; another try may get it."""


def read_options(words: Sequence[str]) -> Request | None:
    """The request; None when it cannot be understood."""
    request = Request()
    rest = list(words)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        name = word[1:].replace("-", "_")
        if name in {"lockfile", "fcntl", "flock", "mbx"}:
            setattr(request, name, True)
        elif name in {"restore_times", "restore_time"}:
            request.restore_times = True
        elif name in {"v", "q"}:
            setattr(request, {"v": "verbose", "q": "quiet"}[name], True)
        elif name in {"retries", "interval", "timeout"} and rest and rest[0].isdigit():
            setattr(request, name, int(rest.pop(0)))
        else:
            return None
    if not rest or len(rest) > 2:
        return None
    request.path = rest[0]
    request.command = rest[1] if len(rest) == 2 else os.environ.get("SHELL") or "/bin/sh"
    if not (request.lockfile or request.fcntl or request.flock or request.mbx):
        request.lockfile = request.fcntl = True
    elif request.mbx and not request.flock:
        request.fcntl = True
    return request


class Locker:
    """Takes and gives up the locks of one request."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.lock_name = f"{request.path}.lock"
        self.fd = -1
        self.mbx_fd = -1
        self.mbx_name = ""
        self.has_lock_file = False

    def say(self, text: str, *, detail: bool = False) -> None:
        if not self.request.quiet and (self.request.verbose or not detail):
            write(f"exim_lock: {text}\n")
            sys.stdout.flush()

    def take(self) -> None:
        """Take all locks. Raises NotLockedError, OSError."""
        request = self.request
        if request.lockfile:
            self._take_lock_file()
        if request.fcntl or request.flock:
            flags = os.O_RDWR | os.O_CLOEXEC
            self.fd = os.open(request.path, flags)
            if request.mbx:
                self._take_mbx()
            else:
                self._lock(self.fd, fcntl.LOCK_EX, "")

    def _take_lock_file(self) -> None:
        hitch = f"{self.lock_name}.{os.uname().nodename}.{int(time.time()):08x}.{os.getpid():08x}"
        self.say(f"lockname =  {self.lock_name}\n           hitchname = {hitch}", detail=True)
        self.say("creating lock file", detail=True)
        os.close(os.open(hitch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440))
        try:
            try:
                os.link(hitch, self.lock_name)
            except FileExistsError:
                self._take_expired(hitch)
            self.has_lock_file = True
        finally:
            os.unlink(hitch)
        self.say("lock file successfully created")

    def _take_expired(self, hitch: str) -> None:
        """Another has the lock file; it may be left over, or be given up or taken in this moment."""
        try:
            if os.stat(self.lock_name).st_mtime < time.time() - EXPIRES:
                os.unlink(self.lock_name)
                self.say("unlinked expired lock file", detail=True)
                os.link(hitch, self.lock_name)
                return
        except (FileNotFoundError, FileExistsError):
            pass
        raise NotLockedError("failed to link hitching post to lock file")

    def _take_mbx(self) -> None:
        self._lock(self.fd, fcntl.LOCK_SH, "read ")
        status = os.fstat(self.fd)
        self.mbx_name = f"/tmp/.{status.st_dev:x}.{status.st_ino:x}"  # noqa: S108 the name other programs use
        self.mbx_fd = os.open(self.mbx_name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        self._lock(self.mbx_fd, fcntl.LOCK_EX, "", f" to mbx lock file {self.mbx_name}")

    def _lock(self, fd: int, kind: int, what: str, where: str = "") -> None:
        wait = 0 if self.request.timeout else fcntl.LOCK_NB
        for name, wanted, function in (
            ("fcntl", self.request.fcntl, fcntl.lockf),
            ("flock", self.request.flock, fcntl.flock),
        ):
            if not wanted:
                continue
            try:
                with _Alarm(self.request.timeout):
                    function(fd, kind | wait)
            except (BlockingIOError, TimeoutError):
                raise NotLockedError(f"{name}() failed: locked by another process") from None
            self.say(f"{name}() {what}lock successfully applied{where}")

    def release(self) -> None:
        """Give up what was taken."""
        if self.mbx_fd >= 0:
            try:
                fcntl.lockf(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(self.mbx_name)
                self.say(f"{self.mbx_name} unlinked - no sharers")
            except OSError:
                pass
            os.close(self.mbx_fd)
            self.mbx_fd = -1
            self.say(f"{self.mbx_name} closed")
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
            self.say(f"{self.request.path} closed")
        if self.has_lock_file:
            with suppress(FileNotFoundError):  # another held it for expired
                os.unlink(self.lock_name)
            self.has_lock_file = False
            self.say("lock file removed")


class _Alarm:
    """Breaks off a blocking lock after some seconds."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        if self._seconds:
            signal.signal(signal.SIGALRM, self._expired)
            signal.alarm(self._seconds)

    def __exit__(self, *exc: object) -> None:
        if self._seconds:
            signal.alarm(0)

    @staticmethod
    def _expired(number: int, frame: FrameType | None) -> None:
        raise TimeoutError


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    request = read_options(words)
    if request is None:
        write(USAGE)
        return 1
    locker = Locker(request)
    for attempt in range(max(1, request.retries)):
        try:
            locker.take()
            break
        except NotLockedError as error:
            locker.release()
            locker.say(str(error))
            if attempt + 1 < request.retries:
                write(" ... waiting\n" if not request.quiet else "")
                sys.stdout.flush()
                time.sleep(request.interval)
        except OSError as error:
            locker.release()
            write(f"exim_lock: failed to open {request.path} for writing: {error.strerror}\n")
            return 1
    else:
        write("exim_lock: locking failed too many times\n")
        return 1
    before = os.stat(request.path) if request.restore_times else None
    try:
        locker.say(f"locking {request.path} succeeded: running the command ...")
        status = subprocess.run(request.command, shell=True, check=False).returncode  # noqa: S602 the caller's command
        if status:
            locker.say(f"warning: nonzero status {status}")
    finally:
        if before is not None:
            os.utime(request.path, ns=(before.st_atime_ns, before.st_mtime_ns))
        locker.release()
    return 0
