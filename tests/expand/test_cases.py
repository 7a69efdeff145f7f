"""Every `*.cases` file: what a string expands to, or how it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eximia.base.errors import ExpansionError
from eximia.expand import compile_text
from expand.world import context

#: 2026-11-22, for what depends on the day
NOW = 1_795_305_600.0


def cases() -> Iterator[tuple[str, str, str]]:
    for path in sorted(Path(__file__).parent.glob("*.cases")):
        text = ""
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.startswith("    ") and line[4:6] in ("= ", "! ", "=", "!"):
                expected = line[6:].encode("latin-1").decode("unicode_escape")
                yield text, line[4], expected
            elif not line.startswith("#"):
                text = line


@pytest.mark.parametrize(("text", "kind", "expected"), list(cases()))
def test_case(text: str, kind: str, expected: str) -> None:
    run = compile_text(text)
    if kind == "=":
        assert run(context(now=NOW)) == expected
    else:
        with pytest.raises(ExpansionError) as failure:
            run(context(now=NOW))
        assert failure.value.message == expected
