"""Answers of RFC 1413 servers."""

from __future__ import annotations

import pytest

from eximia.reception.ident import read_answer


@pytest.mark.parametrize(
    "text, ident",
    [
        ("1234, 25 : USERID : UNIX : jo\r\n", "jo"),
        ("1234,25:userid:OTHER,US-ASCII:a:b\n", "a:b"),
        ("1234 , 25 : ERROR : NO-USER\r\n", ""),
        ("1235 , 25 : USERID : UNIX : jo\r\n", ""),
        ("nonsense", ""),
        ("1234, 25 : USERID : UNIX : a\x01b c\r\n", "a?b?c"),
        ("1234, 25 : USERID : UNIX : " + "x" * 500, "x" * 127),
    ],
)
def test_answers(text: str, ident: str) -> None:
    assert read_answer(text, 1234, 25) == ident
