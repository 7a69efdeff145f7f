"""`headerwrap` and `xtextd`: what Exim 4.98.2 answers for the same strings."""

from __future__ import annotations

import pytest

from eximia.base.errors import ExpansionError
from eximia.expand import compile_text
from eximia.expand.operators.headerwrap import wrap
from expand.world import context

_WORDS = "one two three four five six seven eight nine ten"


@pytest.mark.parametrize(
    ("text", "columns", "limit", "expected"),
    [
        ("short", 80, 998, "short"),
        (_WORDS + " eleven twelve thirteen", 40, 998, "one two three four five six seven eight\n\tnine ten eleven twelve thirteen"),
        (_WORDS, 20, 40, "one two three four\n\tfive six sev\n\ten eig"),
        ("aaaa bbbbbbbbbbbbbbbb c", 19, 998, "aaaa bbbbbbbbbbbbbb\n\tbb c"),
        ("aaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbb", 30, 998, "aaaaaaaaaa bbbbbbbbbbbbbbbbbbb\n\tbbbbbbb"),
        ("aaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbb bbb", 30, 998, "aaaaaaaaaaa\n\tbbbbbbbbbbbbbbbbbbbbbb\n\tbbb"),
        ("abcdefghijklmnopqrs\t \ttuvwxyzabcdefg\n", 30, 998, "abcdefghijklmnopqrs\n\ttuvwxyzabcdefg"),
        ("abcdefghijklmnopqrstuvwxyzabcd    ", 30, 998, "abcdefghijklmnopqrstuvwxyzabcd"),
        ("abcdefghijklmnopqrstuvwxyzabcd efgh", 30, 31, "abcdefghijklmnopqrstuvwxyzabcd\n\tefgh"),
        ("abcdefghijklmnopqrstuvwxyzabcd efgh", 30, 30, "abcdefghijklmnopqrstuvwxyzabcd"),
        ("a: b\n\tc\n", 80, 998, "a: b\n\t\tc"),
        ("one two", 0, 998, "one two"),
    ],
)  # fmt: skip
def test_wrap(text: str, columns: int, limit: int, expected: str) -> None:
    assert wrap(text, columns, limit) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("a+2Bb+3Dc", "a+b=c"), ("plain", "plain"), ("", ""), ("x+0ay", "x\ny")]
)
def test_xtextd(text: str, expected: str) -> None:
    assert compile_text(f"${{xtextd:{text}}}")(context()) == expected


@pytest.mark.parametrize("text", ["a+", "a+2", "a+2g", "a+2b+"])
def test_malformed_xtext_fails(text: str) -> None:
    with pytest.raises(ExpansionError, match="malformed xtext"):
        compile_text(f"${{xtextd:{text}}}")(context())
