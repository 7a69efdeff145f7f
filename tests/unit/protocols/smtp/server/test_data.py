"""Framing, dots and line ends of a message: the same for every chunking."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eximia.protocols.smtp.server import BodyChunk, Command, DataEnd, Event, Header, Server
from eximia.protocols.smtp.server.data import StreamReader

CRLF_HEADER = b"Subject: x\r\n"


def play(data: bytes, cuts: list[int] | None = None) -> list[Event]:
    """All events of a message after DATA and what follows it, body chunks joined."""
    server = Server()
    server.begin_data()
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts or [])})
    events: list[Event] = []
    body = b""
    for start, end in pairwise(edges):
        server.feed(data[start:end])
        while (event := server.next_event()) is not None:
            if isinstance(event, BodyChunk):
                body += event.data
                continue
            if isinstance(event, DataEnd):
                events.append(BodyChunk(body))
            events.append(event)
    return events


def message(raw: bytes) -> tuple[list[str], bytes]:
    events = play(raw + b"\r\n.\r\n")
    assert isinstance(events[0], Header)
    assert isinstance(events[1], BodyChunk)
    assert events[2] == DataEnd(last=True)
    return events[0].fields, events[1].data


@pytest.mark.parametrize(
    "raw, fields, body",
    [
        # (after CRLF_HEADER) raw, further fields, body
        (b"\r\na\n.\nb", [], b"a . b\n"),
        (b"\r\na\n.\r\nb", [], b"a .\nb\n"),
        (b"\r\na\r\n.\nb", [], b"a\n b\n"),
        (b"\r\na\r.\rb", [], b"a\n.\nb\n"),
        (b"\r\na\r.\r\nb", [], b"a\n.\nb\n"),
        (b"\r\na\r\n.\rb", [], b"a\n\nb\n"),
        (b"\r\na\r\n.\r\r\nb", [], b"a\n\n\nb\n"),
        (b"\r\na\nb\r\nc", [], b"a b\nc\n"),
        (b"\r\na\rb\r\nc\r\r\nd", [], b"a\nb\nc\n\nd\n"),
        (b"\r\n..a\r\n.b\r\n..\r\n...\r\na.b\r\n. \r\nc", [], b".a\nb\n.\n..\na.b\n \nc\n"),
        (b"\r\nx\n..a\nx\n.b\r..c\r.d", [], b"x ..a x .b\n..c\n.d\n"),
        (b"\r\n..foo\r\n.bar", [], b".foo\nbar\n"),
        (b"\r\na\x00b", [], b"a\x00b\n"),
        (b"X: a\nY: b\r\nZ: c\r\n\r\na", ["X: a\n Y: b\n", "Z: c\n"], b"a\n"),
        (b"X: a\rY: b\r\nZ: c\r\n\r\na", ["X: a\n Y: b\n", "Z: c\n"], b"a\n"),
        (b"X: a\r\r\nY: b\r\n\r\nbody", ["X: a\n", "Y: b\n"], b"body\n"),
        (b"X: a\r\rY: b\r\n\r\nx", ["X: a\n \n Y: b\n"], b"x\n"),
        (b"X: a\n\nb\nc", ["X: a\n \n b\n c\n"], b""),
        (b"X: a\n.\nY: b\r\n\r\nx", ["X: a\n .\n Y: b\n"], b"x\n"),
        (b"X: a\r.\rY: b\r\n\r\nx", ["X: a\n .\n Y: b\n"], b"x\n"),
        (b"X: a\r\n.\rY: b\r\n\r\nx", ["X: a\n"], b"\n Y: b\n\nx\n"),
        (b"X: a\r\n\rbody\r\nfoo", ["X: a\n"], b"\n body\nfoo\n"),
        (b"X: a\r\n\nbody\r\nfoo", ["X: a\n"], b" body\nfoo\n"),
        (b"..Foo: a\r\n.Bar: b\r\n\r\n.x", [".Foo: a\n", "Bar: b\n"], b"x\n"),
        (b" foo\r\n\tbar\r\n   \r\nX: y\r\n\r\nbody", ["*Subject: x\n foo\n\tbar\n", "X: y\n"], b"body\n"),
        (b"X: a\r\n \t \r\n y\r\n  \r\n \r\nZ: b\r\n\r\nb", ["X: a\n \t \n y\n", "Z: b\n"], b"b\n"),
        (b"X: a \t \r\n\r\nb", ["X: a \t \n"], b"b\n"),
        (b"X: a\x00b\r\n\r\nb", ["X: a?b\n"], b"b\n"),
        (b"hello world\r\nmore", [], b"hello world\nmore\n"),
        (b"X\r\n y\r\nZ: b\r\n\r\nb", [], b"X\n y\nZ: b\n\nb\n"),
        (b"X\x01Y: a\r\nZ: b\r\n\r\nb", [], b"X\x01Y: a\nZ: b\n\nb\n"),
        (b"X\xe9Y : a\r\n: z\r\n\r\nb", ["X\xe9Y : a\n", ": z\n"], b"b\n"),
    ],
)
def test_lines_end_with_crlf(raw: bytes, fields: list[str], body: bytes) -> None:
    got, text = message(CRLF_HEADER + raw)
    expected = [fields[0][1:], *fields[1:]] if fields and fields[0][0] == "*" else ["Subject: x\n", *fields]
    assert (got, text) == (expected, body)


@pytest.mark.parametrize(
    "raw, fields, body, rest",
    [
        (b"\na\n.\nb", [], b"a\n", b"b"),
        (b"\na\n.\r\nb", [], b"a\n", b"b"),
        (b"\na\r\n.\nb", [], b"a\n", b"b"),
        (b"\na\nb\r\nc\rd\r\re\r\n\rf", [], b"a\nb\nc\nd\n\ne\n\nf\n", None),
        (b"\nx\n..a\nx\n.b\r..c\r.d\r\n..e", [], b"x\n.a\nx\nb\n..c\n.d\n.e\n", None),
        (b"X: a\r\nY: b\nZ: c\r\n\r\nbody\nx", ["X: a\n", "Y: b\n", "Z: c\n"], b"body\nx\n", None),
        (b"X: a\rY: b\nZ: c\r\n\r\na", ["X: a\n Y: b\n", "Z: c\n"], b"a\n", None),
    ],
)
def test_lines_end_with_lf(raw: bytes, fields: list[str], body: bytes, rest: bytes | None) -> None:
    events = play(b"Subject: x\n" + raw + b"\r\n.\r\n")
    assert isinstance(events[0], Header)
    assert events[0].fields == ["Subject: x\n", *fields]
    assert events[1] == BodyChunk(body)
    following = events[3:]
    if rest is None:
        assert not following
    else:
        assert next(event.line for event in following if isinstance(event, Command)) == rest.decode()


@pytest.mark.parametrize("raw, body", [(b".\r\n", b""), (b"\r\n.\r\n", b""), (b"\r\nx\r\n.\r\n", b"x\n")])
def test_messages_without_header(raw: bytes, body: bytes) -> None:
    header, *others = play(raw)
    assert isinstance(header, Header)
    assert header.fields == []
    assert others == [BodyChunk(body), DataEnd(last=True)]


def test_dot_may_follow_the_header_directly() -> None:
    assert play(b"A: b\r\n.\r\nNOOP\r\n")[:3] == [Header(["A: b\n"], crlf=True), BodyChunk(b""), DataEnd(last=True)]


@given(
    st.lists(
        st.sampled_from([b"\r\n", b"\n", b"\r", b".", b"a", b"X: y", b" ", b"\r\n.\r\n", b"\x00", b"\r\n\r\n"]),
        max_size=30,
    ),
    st.lists(st.integers(0, 10000), max_size=10),
    st.sampled_from([b"S: x\r\n", b"S: x\n", b""]),
)
def test_chunking_makes_no_difference(pieces: list[bytes], cuts: list[int], start: bytes) -> None:
    data = start + b"".join(pieces) + b"\r\n.\r\nNOOP\r\n"
    assert play(data, cuts) == play(data)
    assert play(data, list(range(len(data)))) == play(data)


def test_counts() -> None:
    server = Server()
    server.begin_data()
    server.feed(b"Subject: x\r\n\r\nab\r\n\x00cdefghijklmnop\r\nz\r\n.\r\n")
    while server.next_event() is not None:
        pass
    reader = server.data
    assert reader is not None
    assert (reader.body_lines, reader.body_size, reader.body_zeros, reader.max_line) == (3, 21, 1, 15)


def test_long_message_without_header_is_not_kept() -> None:
    server = Server()
    server.begin_data()
    total = 0
    for _ in range(200):
        server.feed(b"no header at all, just text\r\n" * 200)
        while (event := server.next_event()) is not None:
            if isinstance(event, BodyChunk):
                total += len(event.data)
    assert total > 200 * 199 * 28


def test_header_that_turns_into_body_late() -> None:
    fields = b"".join(b"X-%d: value\r\n" % number for number in range(3000))
    events = play(fields + b"this is body\r\n" * 3000 + b".\r\n", list(range(0, 60000, 1000)))
    assert isinstance(events[0], Header)
    assert len(events[0].fields) == 3000
    assert events[1] == BodyChunk(b"this is body\n" * 3000)


def test_stream_reader_takes_all() -> None:
    reader = StreamReader()
    body = reader.feed(b"Subject: x\n\nfoo\n.\nbar")
    body += reader.end()
    assert reader.header.fields == ["Subject: x\n"]
    assert body == b"foo\n.\nbar\n"


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_from_lines_are_offered_until_one_is_not_taken(size: int) -> None:
    seen: list[bytes] = []

    def first(line: bytes) -> bool:
        seen.append(line)
        return line.startswith(b"From ")

    reader = StreamReader(first)
    text = b"From a b\r\nFrom c d\nX: y\nFrom e f\n\nbody\n"
    body = b"".join(reader.feed(text[at : at + size]) for at in range(0, len(text), size))
    body += reader.end()
    assert seen == [b"From a b", b"From c d", b"X: y"]
    assert reader.header.fields == ["X: y\n"]
    assert body == b"From e f\n\nbody\n"


def test_nothing_but_from_lines() -> None:
    reader = StreamReader(lambda line: line.startswith(b"From "))
    body = reader.feed(b"From a b\nFrom c d")
    assert body + reader.end() == b""
    assert reader.header.fields == []


@pytest.mark.parametrize(
    "chunks, fields, body",
    [
        ([b"Subject: x\r\n\r\nbo", b"dy\r\n"], ["Subject: x\n"], b"body\n"),
        ([b"Subject: x\r\n\r\nbody"], ["Subject: x\n"], b"body\n"),
        ([b"Subject: x"], ["Subject: x\n"], b""),
        ([b""], [], b""),
        ([b"Subject: x\r\n\r\na\nb\rc\r\n.\r\n..d\r\n.e\n.\nx\r\n"], ["Subject: x\n"], b"a\nb\nc\n.\n..d\n.e\n.\nx\n"),
        ([b"Subject: x\r", b"\n\r\na\r", b"\nb\r\n"], ["Subject: x\n"], b"a\nb\n"),
        ([b"Subject: x\r\n\r\na\r"], ["Subject: x\n"], b"a\n"),
        ([b"Subject: x\r\n.X: a\r\n..Y: b\r\n\r\n.\r\na\r\n"], ["Subject: x\n", ".X: a\n", "..Y: b\n"], b".\na\n"),
    ],
)
def test_chunks(chunks: list[bytes], fields: list[str], body: bytes) -> None:
    server = Server()
    got: list[str] = []
    text = b""
    for number, chunk in enumerate(chunks, 1):
        last = number == len(chunks)
        server.begin_chunk(len(chunk), last=last)
        server.feed(chunk + b"NOOP\r\n")
        ended = False
        while (event := server.next_event()) is not None and not isinstance(event, Command):
            if isinstance(event, Header):
                got = event.fields
            elif isinstance(event, BodyChunk):
                text += event.data
            else:
                assert event.last is last
                ended = True
        assert ended
        assert event == Command("NOOP", "", "NOOP")
    assert (got, text) == (fields, body)
