"""Canonical forms: the examples of RFC 6376 section 3.4, and pieces cut anywhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eximia.mailauth.canon import BodyDigests, NoFws, Relaxed, Simple, nofws_header, relaxed_header, simple_header


def _whole(canon, data: bytes, *cuts: int) -> bytes:
    pieces = []
    start = 0
    for cut in [*sorted(cuts), len(data)]:
        pieces += canon.feed(data[start:cut])
        start = cut
    return b"".join([*pieces, *canon.finish()])


def _relaxed_by_the_book(data: bytes) -> bytes:
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def _simple_by_the_book(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").rstrip(b"\n").replace(b"\n", b"\r\n") + b"\r\n"


def test_examples_of_the_standard() -> None:
    body = b" C \r\nD \t E\r\n\r\n\r\n"
    assert _whole(Relaxed(), body) == b" C\r\nD E\r\n"
    assert _whole(Simple(), body) == b" C \r\nD \t E\r\n"
    assert _whole(Relaxed(), b"") == b""
    assert _whole(Simple(), b"") == b"\r\n"
    assert relaxed_header(b"A: X\r\n") == b"a:X\r\n"
    assert relaxed_header(b"B : Y\t\r\n\tZ  \r\n") == b"b:Y Z\r\n"
    assert simple_header(b"B : Y\t\n\tZ  \n") == b"B : Y\t\r\n\tZ  \r\n"
    assert relaxed_header(b"A: X\x0b Y\rZ\r\n") == b"a:X\x0b Y\rZ\r\n"
    assert nofws_header(b"B : Y\t\r\n\tZ  \r\n") == b"B:YZ\r\n"


_BODY = st.lists(st.sampled_from([b"\r\n", b"\n", b" ", b"\t", b"a", b"bc", b"\r", b"  ", b"."]), max_size=30).map(
    b"".join
)


@given(_BODY, st.lists(st.integers(0, 60), max_size=5))
def test_pieces_make_no_difference(body: bytes, cuts: list[int]) -> None:
    assert _whole(Relaxed(), body, *cuts) == _relaxed_by_the_book(body)
    assert _whole(Simple(), body, *cuts) == _simple_by_the_book(body)
    nofws = body.translate(None, b" \t\r").rstrip(b"\n").replace(b"\n", b"\r\n")
    assert _whole(NoFws(), body, *cuts) == (nofws + b"\r\n" if nofws else b"")


def test_empty_lines_take_no_memory() -> None:
    canon = Relaxed()
    for _ in range(1000):
        assert list(canon.feed(b" \n" * 1000)) == []
    assert sum(len(piece) for piece in canon.feed(b"x")) == 2_000_001


def test_one_form_serves_all_digests() -> None:
    bodies = BodyDigests()
    whole, part = bodies.want("relaxed", "sha256"), bodies.want("relaxed", "sha256", 3)
    assert bodies.want("relaxed", "sha256", 3) is part
    bodies.feed(b"ab  cd\n\n")
    bodies.finish()
    bodies.finish()
    assert whole.length == part.length == 7
    assert not part.short
    import hashlib

    assert part.value() == hashlib.sha256(b"ab ").digest()
    assert bodies.want("relaxed", "sha256").value() == hashlib.sha256(b"ab cd\r\n").digest()
    with pytest.raises(KeyError):
        bodies.want("nofws", "sha256")
