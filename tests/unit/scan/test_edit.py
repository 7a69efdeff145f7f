"""Changes of scanners to a message."""

from __future__ import annotations

from eximia.context import Message, Recipient
from eximia.message.header import Header
from eximia.scan import edit


def message() -> Message:
    one = Message()
    own = Header("Received: by us\n")
    one.headers = [
        own,
        *(Header(text) for text in ("Received: a\n", "Subject: s\n", "X-A: 1\n", "X-A: 2\n", "X-A: 3\n")),
    ]
    one.notes["received_header"] = own
    return one


def texts(one: Message) -> list[str]:
    return [header.text for header in one.headers if not header.deleted]


def test_positions_do_not_count_our_own_line() -> None:
    one = message()
    edit.add_header(one, "X-Top", "t", 0)
    edit.add_header(one, "X-Second", "t", 2)
    edit.add_header(one, "X-End", "e", 99)
    assert texts(one)[:4] == ["Received: by us\n", "X-Top: t\n", "Received: a\n", "X-Second: t\n"]
    assert texts(one)[-1] == "X-End: e\n"


def test_change_and_remove() -> None:
    one = message()
    edit.change_header(one, "x-a", 2, "two")
    edit.change_header(one, "X-A", 1, "")
    edit.change_header(one, "X-New", 1, "n")
    edit.change_header(one, "X-None", 1, "")
    assert texts(one)[3:] == ["x-a: two\n", "X-A: 3\n", "X-New: n\n"]
    edit.remove_header(one, "X-A", -1)
    assert texts(one)[3:] == ["x-a: two\n", "X-New: n\n"]
    edit.remove_header(one, "RECEIVED")
    assert texts(one)[:2] == ["Received: by us\n", "Subject: s\n"]


def test_values_cannot_make_lines_of_their_own() -> None:
    assert edit.header_text("X", "a\r\nBcc: b\n\n c\0\n") == "X: a\n\tBcc: b\n c\n"
    assert edit.header_text("X", " kept") == "X: kept\n"
    one = message()
    edit.add_header(one, "X: y\nBcc", "v")
    edit.add_header(one, "", "v")
    assert len(texts(one)) == 6


def test_envelope_and_body() -> None:
    one = message()
    one.recipients = [Recipient("a@x"), Recipient("B@x")]
    edit.add_recipient(one, "a@x")
    edit.add_recipient(one, "c@x")
    assert edit.remove_recipient(one, "b@x")
    assert not edit.remove_recipient(one, "z@x")
    assert [each.address for each in one.recipients] == ["a@x", "c@x"]
    edit.replace_body(one, b"new\nbody\n")
    assert one.body.read() == b"new\nbody\n"
    assert one.body_linecount == 2
