"""For all tests: properties are judged by their results, not by the speed of a busy machine; a module leaves neither
threads nor descriptors behind, nor another mode of the folder of temporary files."""

from __future__ import annotations

import gc
import os
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("eximia", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("eximia")

#: what a module may leave: caches of libraries, a database that is closed when it is collected
_THREADS = 3
_DESCRIPTORS = 12
_PATIENCE = 20.0  #: seconds for what is ending


def _more(threads: int, descriptors: int) -> bool:
    """Whether there is more than the module may leave, beside what was there."""
    return (
        threading.active_count() > threads + _THREADS or len(os.listdir("/proc/self/fd")) > descriptors + _DESCRIPTORS
    )


@pytest.fixture(autouse=True, scope="module")
def _nothing_left_behind() -> Iterator[None]:
    folder = tempfile.gettempdir()
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    mode = stat.S_IMODE(os.stat(folder).st_mode)
    yield
    found = stat.S_IMODE(os.stat(folder).st_mode)
    if found != mode and os.geteuid() == 0:
        os.chmod(folder, mode)  # the tests that follow are not to blame
    assert found == mode, f"{folder} has mode {found:o} now; it had {mode:o}"
    end = time.monotonic() + _PATIENCE
    while _more(threads, descriptors):
        gc.collect()
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    else:
        return
    left = [f"{each.name}: {getattr(each, '_target', None)}" for each in threading.enumerate()]
    names = [_link(number) for number in os.listdir("/proc/self/fd")]
    pytest.fail(f"{threads} threads before, left: {left}; {descriptors} descriptors before, left: {names}")


@pytest.fixture
def _closed(tmp_path: Path) -> Iterator[None]:
    """For tests of what keeps files open as long as its process lives: those below the test's folder are closed."""
    yield
    for number in os.listdir("/proc/self/fd"):
        if _link(number).startswith(f"{tmp_path}/"):
            os.close(int(number))


def _link(number: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        return "closed"
