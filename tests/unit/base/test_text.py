"""Taint is fail-safe: whatever Python does to a text, the mark Untainted can only be lost."""

from hypothesis import given
from hypothesis import strategies as st

from eximia.base.text import Quoted, Untainted, from_bytes, is_tainted, like, to_bytes


def test_string_methods_lose_the_mark() -> None:
    text = Untainted("/var/mail/Ann")
    derived = [text.lower(), text[1:], text + "x", "x" + text, f"{text}", text.replace("A", "B"), f"{text}{text}"]
    assert not is_tainted(text)
    assert all(is_tainted(each) for each in derived)


def test_like_needs_all_sources_untainted() -> None:
    assert not is_tainted(like("ab", Untainted("a"), Untainted("b")))
    assert is_tainted(like("ab", Untainted("a"), "b"))
    assert is_tainted(Quoted("a''b", "mysql"))


@given(st.binary())
def test_bytes_pass_through(data: bytes) -> None:
    assert to_bytes(from_bytes(data)) == data
