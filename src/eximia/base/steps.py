"""Work that waits for the disk, in steps: a generator that yields what has to be done meanwhile and gets the result.

A server lets the kernel or a thread do it and goes on with other work (`aio.bridge`); anybody else just does it
(`run_steps`). What lies between two steps must not wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

from eximia.base.namedtuple import NamedTuple

R = TypeVar("R")


class Sync(NamedTuple):
    """Synchronise open files and folders; the result is for each None or its OSError."""

    fds: Sequence[int]
    #: the data alone, and what is needed to find it
    data_only: bool = False


#: a function is called, in a thread if there are any; an exception of it is raised where the generator waits
Request = Sync | Callable[[], Any]
Steps = Generator[Request, Any, R]


def run_steps(steps: Steps[R]) -> R:
    """Do the work, step by step. Raises what the work raises."""
    answer: Any = None
    failure: Exception | None = None
    while True:
        try:
            request = steps.send(answer) if failure is None else steps.throw(failure)
        except StopIteration as end:
            result: R = end.value
            return result
        answer = failure = None
        try:
            answer = synchronise(request) if isinstance(request, Sync) else request()
        except Exception as error:  # noqa: BLE001  (it is the work's)
            failure = error


def synchronise(request: Sync) -> list[OSError | None]:
    """Do what `request` says; it waits."""
    call = os.fdatasync if request.data_only else os.fsync
    results: list[OSError | None] = []
    for fd in request.fds:
        try:
            call(fd)
            results.append(None)
        except OSError as error:
            results.append(error)
    return results
