"""The same work several times at the same moment."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 6


def in_threads(work: Callable[[int], str]) -> list[str]:
    """Run `work` so many times at once, as a daemon without privileges does; what it returns."""
    begin = threading.Barrier(AT_ONCE)

    def one(number: int) -> str:
        begin.wait()
        return work(number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def in_processes(work: Callable[[int], str]) -> list[str]:
    """Run `work` in so many processes at once, as agents do; what it returns."""
    begin, go = os.pipe()
    readers = []
    for number in range(AT_ONCE):
        said, say = os.pipe()
        if os.fork() == 0:
            try:
                os.close(go)
                os.read(begin, 1)
                os.write(say, work(number).encode())
            except BaseException as error:  # noqa: BLE001  (it must be told)
                os.write(say, repr(error).encode())
            finally:
                os._exit(0)
        os.close(say)
        readers.append(said)
    os.close(begin)
    os.close(go)
    texts = []
    for said in readers:
        with os.fdopen(said) as file:
            texts.append(file.read())
        os.wait()
    return texts
