"""Lists taken apart as the manual says."""

from __future__ import annotations

import pytest

from eximia.base.listtext import split_list
from eximia.base.text import Untainted, is_tainted


@pytest.mark.parametrize(
    "text, items",
    [
        ("", []),
        ("  ", []),
        ("a:b : c", ["a", "b", "c"]),
        ("a:b:", ["a", "b"]),
        (":", [""]),
        ("a: :b", ["a", "", "b"]),
        ("127.0.0.1 : ::::1 : x", ["127.0.0.1", "::1", "x"]),
        ("<; a:b ; c;;d", ["a:b", "c;d"]),
        ("<, a", ["a"]),
        (" <\n a\nb \n\nc", ["a", "b", "", "c"]),
        ("<x", ["<x"]),
    ],
)
def test_items(text, items):
    assert split_list(text) == items


def test_other_default():
    assert split_list("X: a\nY: b\n", "\n") == ["X: a", "Y: b"]


def test_taint_follows_the_list():
    assert is_tainted(split_list("a:b")[0])
    assert not is_tainted(split_list(Untainted("a:b"))[0])
