"""`eximia check`: configurations with a mistake, and all that is said of them (checker.cases)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from eximia.config.files import Trust
from eximia.config.messages import checker_text
from eximia.config.site import Site
from eximia.daemon.checking import warnings
from eximia.daemon.loading import examine
from eximia.tls.binding import is_built

CASES = Path(__file__).with_name("checker.cases")


def cases() -> Iterator[tuple[str, str, list[str]]]:
    """Title, configuration, what must be said."""
    for block in re.split(r"(?m)^== ", CASES.read_text())[1:]:
        title, _, rest = block.partition("\n")
        lines = rest.splitlines()
        said = [line[3:] for line in lines if line.startswith("-> ")]
        yield title, "".join(f"{line}\n" for line in lines if not line.startswith("-> ")), said


@pytest.mark.parametrize(("title", "text", "expected"), list(cases()), ids=lambda value: str(value)[:40])
def test_case(tmp_path: Path, title: str, text: str, expected: list[str]) -> None:
    if ("tls_" in text or "openssl" in text) and not is_built():
        pytest.skip("the OpenSSL binding is not built")
    path = tmp_path / "conf"
    path.write_text(text)
    configuration = examine(Site(), paths=[str(path)], macros={}, trust=Trust(anybody=True))
    found = [f"error: {checker_text(error)}" for error in configuration.errors]
    found += [f"warning: {checker_text(doubt)}" for doubt in warnings(configuration)]
    assert [line.replace(f"{path}:", "") for line in found] == expected


def test_there_are_forty() -> None:
    assert len(list(cases())) >= 40
    assert all(expected for _, _, expected in cases())
