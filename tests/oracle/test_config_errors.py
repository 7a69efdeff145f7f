"""Each configuration of `configurations.txt`, good or bad, is judged as Exim judges it, in the same words."""

from __future__ import annotations

from pathlib import Path

import pytest

from .config_oracle import exim_error, needs_exim, our_error

CASES = Path(__file__).with_name("configurations.txt").read_text(encoding="utf-8").rstrip("\n").split("\n=====\n")


@needs_exim
@pytest.mark.parametrize("text", CASES)
def test_the_same_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "exim.conf"
    path.write_text(text + "\n", encoding="utf-8")
    assert our_error(path) == exim_error(path)
