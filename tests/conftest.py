"""For all tests: properties are judged by their results, not by the speed of a busy machine; what a test does to the
folder of temporary files is undone."""

from __future__ import annotations

import os
import stat
import tempfile

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("eximia", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("eximia")

_OPEN = 0o1777


@pytest.fixture(autouse=True)
def _temporary_folder_for_everybody() -> None:
    """Programs under test run as other users, and MBX locks are made in the folder of temporary files: a test that
    opens the folders above its own for them must not close this one for the tests after it."""
    folder = tempfile.gettempdir()
    if os.geteuid() == 0 and stat.S_IMODE(os.stat(folder).st_mode) == 0o755:
        os.chmod(folder, _OPEN)
