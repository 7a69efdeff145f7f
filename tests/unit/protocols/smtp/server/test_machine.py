"""Commands cut out of what a client sends."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from eximia.protocols.smtp.server import Command, Event, Server


def events(data: bytes, cuts: list[int] | None = None) -> list[Event]:
    server = Server()
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts or [])})
    out: list[Event] = []
    for start, end in pairwise(edges):
        server.feed(data[start:end])
        while (event := server.next_event()) is not None:
            out.append(event)
    return out


def verbs(data: bytes) -> list[tuple[str, str]]:
    return [(event.verb, event.argument) for event in events(data) if isinstance(event, Command)]


def test_commands() -> None:
    assert verbs(b"EHLO  foo \r\nmail from: <a@b> SIZE=3\r\nRCPT TO:<x@y>\r\nquit\n") == [
        ("EHLO", "foo"),
        ("MAIL", "<a@b> SIZE=3"),
        ("RCPT", "<x@y>"),
        ("QUIT", ""),
    ]


def test_what_is_no_command() -> None:
    for line in (
        b"EHLO\tfoo",
        b"MAIL  FROM:<a>",
        b"MAIL FROM :<a>",
        b"MAIL FROM<a>",
        b"HELOx",
        b"",
        b" NOOP",
        b"N\rNOOP",
    ):
        assert verbs(line + b"\r\n") == [("", "")], line


def test_nul_is_shown_and_refused() -> None:
    assert events(b"NOOP a\0b\r\n") == [Command("", "", "NOOP a?b", nul=True)]


def test_overlong_line_is_one_event_and_never_a_command() -> None:
    data = b"x" * 30000 + b"RCPT TO:<a@b>" + b"y" * 40000 + b"\r\nNOOP\r\n"
    out = events(data, list(range(0, len(data), 997)))
    assert [(event.verb, event.too_long) for event in out if isinstance(event, Command)] == [
        ("", True),
        ("NOOP", False),
    ]
    assert events(data)[1:] == [Command("NOOP", "", "NOOP")]


def test_what_was_sent_ahead_can_be_seen_and_dropped() -> None:
    server = Server()
    server.feed(b"STARTTLS\r\nMAIL FROM:<a>\r\n")
    assert isinstance(server.next_event(), Command)
    assert server.waiting == b"MAIL FROM:<a>\r\n"
    assert server.discard() == b"MAIL FROM:<a>\r\n"
    assert server.next_event() is None


@given(st.binary(max_size=300), st.lists(st.integers(0, 1000), max_size=8))
def test_chunking_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    assert events(data, cuts) == events(data)
