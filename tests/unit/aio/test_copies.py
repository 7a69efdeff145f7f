"""Running a function in a copy of the process that became another user."""

from __future__ import annotations

import os
import time

import pytest

from eximia.aio.copies import run_copy
from eximia.base.errors import Defer
from eximia.base.ports import Identity

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
NOBODY = Identity(65534, 65534)


def test_answer():
    assert run_copy(NOBODY, lambda: f"{os.getuid()} {os.getgid()} {os.getgroups()} \xff", 10) == (
        "65534 65534 [65534] \xff"
    )


def test_failure():
    with pytest.raises(Defer, match="uid 65534: ZeroDivisionError"):
        run_copy(NOBODY, lambda: str(1 // 0), 10)


def test_death():
    with pytest.raises(Defer, match="died"):
        run_copy(NOBODY, lambda: os._exit(3), 10)


def test_no_privileges_remain():
    with pytest.raises(Defer, match="PermissionError"):
        run_copy(NOBODY, lambda: str(os.setuid(0)), 10)


def test_timeout():
    with pytest.raises(Defer, match="timed out"):
        run_copy(NOBODY, lambda: str(time.sleep(60)), 0.2)
