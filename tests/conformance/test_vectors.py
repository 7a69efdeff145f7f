"""The published suites, where they are there: `EXIMIA_VECTORS` names their folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.runner import run

_NAMED = [Path(os.environ["EXIMIA_VECTORS"])] if "EXIMIA_VECTORS" in os.environ else []
_BESIDE = [parent / "shared" / "corpora" for parent in Path(__file__).resolve().parents]
FOLDER = next((each for each in [*_NAMED, *_BESIDE] if each.is_dir()), None)
FILES = sorted(FOLDER.glob("*.jsonl")) if FOLDER is not None else []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_suite(path: Path) -> None:
    outcome = run([path])
    assert [(case.name, wrong) for case, wrong in outcome.failed] == []
    assert sum(outcome.total.values()) > 0


@pytest.mark.skipif(bool(FILES), reason="the vectors are there")
def test_vectors_are_there() -> None:
    pytest.skip("no folder with test vectors (EXIMIA_VECTORS)")
