"""The program under its own name: its commands, Exim's utilities, and words that are neither."""

from __future__ import annotations

import pytest

from eximia.cli.main import COMMANDS, main


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"]])
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["/usr/bin/eximia", *words]) == 0
    told = capsys.readouterr().out
    assert all(f"eximia {name} " in told for name in (*COMMANDS, "exipick"))


@pytest.mark.parametrize(
    ("word", "meant"), [("explian", "explain"), ("tls_check", "tls-check"), ("exipik", "exipick"), ("xyz", "")]
)
def test_no_such_command(word: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Taken as a recipient, a slip would wait for a message."""
    assert main(["eximia", word]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert f"no command '{word}'" in told.err
    assert (f"did you mean '{meant}'?" in told.err) is bool(meant)
