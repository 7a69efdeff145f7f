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
    with pytest.raises(AddressSyntaxError):
        encode("s", "a b@c.d", "f.ex", NOW)
