from pathlib import Path

import pytest

from eximia.message.dates import use_timezone

from .house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    use_timezone("UTC")
    return House(tmp_path)
