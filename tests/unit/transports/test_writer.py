"""The bulk writer against the obvious line-by-line one."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from eximia.context import Body
from eximia.transports.writer import body_blocks, ended, escaped, wire_blocks, wire_message, with_crlf

pieces = st.lists(st.sampled_from([b"\n", b".", b"..", b"From ", b"Fro", b"m ", b"x", b"\r\n", b"hello "]), max_size=30)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def by_line(data: bytes, check: bytes, escape: bytes) -> bytes:
    return b"".join(
        escape + line[len(check) :] if line.startswith(check) else line for line in data.splitlines(keepends=True)
    )


@given(pieces, st.integers(1, 9))
def test_escaped_is_what_line_by_line_gives(parts, size):
    data = b"".join(parts).replace(b"\r", b"")
    for check, escape in ((b".", b".."), (b"From ", b">From ")):
        assert b"".join(escaped(cut(data, size), check, escape)) == by_line(data, check, escape)


@given(pieces, st.integers(1, 9))
def test_crlf_in_any_blocks(parts, size):
    data = b"".join(parts)
    assert b"".join(with_crlf(cut(data, size))) == data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@given(pieces, st.integers(1, 9))
def test_wire_format_read_back(parts, size):
    kept = Body(b"".join(parts), wire=True)
    expected = kept.read().replace(b"\r\n", b"\n")
    assert b"".join(body_blocks(kept)) == kept.text() == expected
    fd = os.memfd_create("body")
    try:
        os.write(fd, kept.read())
        assert b"".join(Body(None, size=kept.size, fd=fd, wire=True).text_blocks(size)) == expected
    finally:
        os.close(fd)


@given(pieces, st.integers(1, 9), st.booleans())
def test_small_and_large_give_the_same_bytes(parts, size, stuffed):
    data = b"".join(parts).replace(b"\r", b"")
    header = "Subject: x\n\n"
    assert b"".join(wire_blocks(header, cut(data, size), stuffed=stuffed)) == wire_message(
        header, data, stuffed=stuffed
    )


def test_wire_message():
    assert wire_message("A: b\n\n", b".x\nlast", stuffed=True) == b"A: b\r\n\r\n..x\r\nlast\r\n.\r\n"
    assert wire_message("A: b\n\n", b".x\nlast", stuffed=False) == b"A: b\r\n\r\n.x\r\nlast\r\n"


def test_ended():
    assert b"".join(ended([b"a\n", b"b"])) == b"a\nb\n"
    assert list(ended([])) == []


def test_body_from_a_file(tmp_path):
    path = tmp_path / "D"
    path.write_bytes(b"id-D\nhello\nworld\n")
    body = Body(None, str(path), 5, 12)
    assert b"".join(body_blocks(body)) == b"hello\nworld\n"
    fd = os.open(path, os.O_RDONLY)
    assert b"".join(body_blocks(Body(None, str(path), 5, 6, fd))) == b"hello\n"
    os.close(fd)
