"""Programs that leave processes behind which work on: a bounce is delivered beside the queue run that made it. Waiting for
all of them makes what came of a call certain, and needs no guess of how long they take."""

from __future__ import annotations

import atexit
import ctypes
import os
import re
import signal
import sys
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import IO, NoReturn

_LIBC = ctypes.CDLL(None, use_errno=True)
_SET_CHILD_SUBREAPER = 36  #: prctl(2)
_PATIENCE = 120  #: seconds


@dataclass(frozen=True)
class Ended:
    """What a call and all that it left behind wrote; `status` is that of the call itself, negative for a signal."""

    status: int
    out: bytes
    err: bytes


def run_whole(
    words: Sequence[str], said: bytes = b"", *, environment: Mapping[str, str] | None = None, cwd: str | None = None
) -> Ended:
    """Run a command until it and all processes that it left have ended."""

    def execute() -> int:
        if cwd is not None:
            os.chdir(cwd)
        os.execvpe(words[0], list(words), dict(os.environ if environment is None else environment))

    return call_whole(execute, said)


def call_whole(begin: Callable[[], int], said: bytes = b"") -> Ended:
    """The same for a function called in a process of its own; what it returns is the status."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(said)
        given.seek(0)
        status = _call([given, out, err], begin)
        out.seek(0)
        err.seek(0)
        return Ended(status, out.read(), err.read())


def _call(files: list[IO[bytes]], begin: Callable[[], int]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    try:
        keeper = os.fork()
        if keeper == 0:
            _keep(files, begin, writer)
        os.waitpid(keeper, 0)
        told = os.read(reader, 20)
    except BlockingIOError:
        raise TimeoutError("it does not end") from None
    finally:
        os.close(reader)
        os.close(writer)
    return int(told)


def _keep(files: list[IO[bytes]], begin: Callable[[], int], writer: int) -> NoReturn:
    """Processes whose parent has ended become children of this one; it ends when none are left."""
    try:
        signal.signal(signal.SIGALRM, _give_up)
        signal.alarm(_PATIENCE)
        _LIBC.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        first = os.fork()
        if first == 0:
            _begin(files, begin)
        status = 0
        while True:
            try:
                pid, ended = os.waitpid(-1, 0)
            except ChildProcessError:
                break
            if pid == first:
                status = os.waitstatus_to_exitcode(ended)
        os.write(writer, str(status).encode())
    finally:
        os._exit(0)


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    """Kill what does not end."""
    with open(f"/proc/self/task/{os.getpid()}/children") as children:
        for pid in children.read().split():
            os.kill(int(pid), signal.SIGKILL)
    os._exit(1)


def _begin(files: list[IO[bytes]], begin: Callable[[], int]) -> NoReturn:
    status = 99
    try:
        for number, file in enumerate(files):
            os.dup2(file.fileno(), number)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(fd, mode) for fd, mode in ((0, "r"), (1, "w"), (2, "w")))
        try:
            status = begin()
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
        _end_as_a_program_does()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 (what broke is compared too)
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _end_as_a_program_does() -> None:
    """Run what was registered for the end, save what belongs to the process that this one was copied from: it removes its
    temporary folders when it ends itself."""
    for each in list(weakref.finalize._registry):  # type: ignore[attr-defined]
        each.detach()
    atexit._run_exitfuncs()


_MESSAGE = re.compile(r"(?:\d{4}-\S+ \S+ )?(\w{6}-\w{6}(?:\w{5})?-\w\w(?:\w\w)?) (<= <> R=)?")


def reports_apart(lines: Sequence[str]) -> list[str]:
    """Lines of a main log where those of each report stand together, after that of its arrival. A report is delivered
    beside the run that wrote it, and which of the two logs first is open; within a message the order stays."""
    found = [_MESSAGE.match(line) for line in lines]
    return _gathered(lines, {each[1] for each in found if each and each[2]})


def messages_apart(lines: Sequence[str]) -> list[str]:
    """The same for all messages: what is delivered in the background while its session goes on."""
    return _gathered(lines, {each[1] for each in map(_MESSAGE.match, lines) if each})


def _gathered(lines: Sequence[str], messages: set[str]) -> list[str]:
    """Each line of one of these messages directly after the others of it."""
    parts: list[list[str]] = []
    places: dict[str, list[str]] = {}
    for line in lines:
        found = _MESSAGE.match(line)
        if found and found[1] in places:
            places[found[1]].append(line)
            continue
        parts.append([line])
        if found and found[1] in messages:
            places[found[1]] = parts[-1]
    return [line for part in parts for line in part]
