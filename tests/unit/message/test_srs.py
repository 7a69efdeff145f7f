"""SRS of the string language; expected values are Exim's."""

from __future__ import annotations

import pytest

from eximia.message.srs import AddressSyntaxError, decode, encode

NOW = 1_795_300_000
DAY = 86400


def test_there_and_back() -> None:
    address = encode("secret", "Alice@Pass.ex", "f.ex", NOW)
    local_part, _, domain = address.rpartition("@")
    assert domain == "f.ex"
    assert local_part.startswith("SRS0=be68=")
    assert local_part.endswith("=Pass.ex=Alice")
    # Exim gives it in lower case, and only the secret's own hash counts.
    assert decode(local_part, "secret", NOW) == "alice@pass.ex"
    assert decode(local_part, "other", NOW) is None
    assert decode(local_part.replace("be68", "BE68"), "secret", NOW) is None
    assert decode(local_part.replace("be68", "0000"), "", NOW) == "alice@pass.ex"
    assert decode(local_part.replace("SRS0=", "SRS0+"), "", NOW) is None


@pytest.mark.parametrize(
    ("days", "good"), [(-1, False), (0, True), (10, True), (11, False), (1013, False), (1024, True)]
)
def test_age(days: int, good: bool) -> None:
    local_part = encode("s", "a@b.c", "f.ex", NOW - days * DAY).rpartition("@")[0]
    assert (decode(local_part, "s", NOW) is not None) == good


def test_odd_senders() -> None:
    assert encode("s", "", "f.ex", NOW) == ""
    assert encode("s", '"a b"@c.d', "f.ex", NOW).startswith('"SRS0=')
    # Quotes stay where they were, also where nothing asks for them.
    assert encode("s", '"a"@c.d', "f.ex", NOW).endswith('=c.d=a"@f.ex')
    assert encode("s", "a@[192.0.2.1]", "f.ex", NOW).endswith("=[192.0.2.1]=a@f.ex")
    with pytest.raises(AddressSyntaxError):
        encode("s", "a b@c.d", "f.ex", NOW)


@pytest.mark.parametrize("local_part", ["a.", ".a", "a..b", "user/x"])
def test_odd_local_parts_come_back(local_part: str) -> None:
    made = encode("s", f"{local_part}@c.d", "f.ex", NOW).rpartition("@")[0]
    assert decode(made, "s", NOW) == f"{local_part}@c.d"


def test_what_comes_back_is_quoted_where_it_must() -> None:
    assert decode("SRS0=abcd=2w=h.d=a b", "", NOW) == '"a b"@h.d'
    assert decode('SRS0=abcd=2w=h.d=a"b', "", NOW) == '"a\\"b"@h.d'
    assert decode("SRS0=abcd=2w=h.d=\xe9", "", NOW) == '"\xe9"@h.d'


def test_no_way_back_without_a_domain() -> None:
    made = encode("s", "abc", "f.ex", NOW).rpartition("@")[0]
    assert decode(made, "s", NOW) is None
