"""Names in other scripts: as libidn2 converts them."""

from __future__ import annotations

import pytest

from eximia.message.idna import (
    IdnaError,
    domain_from_alabel,
    domain_to_alabel,
    localpart_from_alabel,
    localpart_to_alabel,
)


def utf8(text: str) -> str:
    return text.encode("utf-8").decode("latin-1")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.example", "xn--bcher-kva.example"),
        ("stra\u00dfe.de", "xn--strae-oqa.de"),
        ("\u03b5\u03bb\u03bb\u03ac\u03c2.gr", "xn--hxarsa0b.gr"),
        ("\u65e5\u672c\u8a9e.jp", "xn--wgv71a119e.jp"),
        ("\u4f8b\u3048\u3002\u30c6\u30b9\u30c8", "xn--r8jz45g.xn--zckzah"),
        ("\u05e2\u05d1\u05e8\u05d9\u05ea.il", "xn--5dbqzzl.il"),
        ("a_b.\u00fc", "a_b.xn--tda"),
        ("ABC.example", "ABC.example"),
    ],
)
def test_domain(name: str, expected: str) -> None:
    assert domain_to_alabel(utf8(name)) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("\u2603.net", "string contains a disallowed character"),
        ("-\u00fc.x", "string start/ends with forbidden hyphen"),
        ("a\u05e2b.il", "string has forbidden bi-directional properties"),
        ("\u0301a.x", "string starts with forbidden combining character"),
        ("\u00fc" * 60 + ".x", "punycode encoded data will be too large"),
    ],
)
def test_refused(name: str, message: str) -> None:
    with pytest.raises(IdnaError) as failure:
        domain_to_alabel(utf8(name))
    assert failure.value.message == message


def test_back() -> None:
    assert domain_from_alabel("xn--strae-oqa.de") == utf8("stra\u00dfe.de")
    assert domain_from_alabel("abc.XN--X") == "abc.XN--X"
    with pytest.raises(IdnaError, match="Invalid input"):
        domain_from_alabel("xn--zzzzzz.x")


def test_local_parts() -> None:
    assert localpart_to_alabel(utf8("b\u00fccher")) == "xn--bcher-kva"
    assert localpart_from_alabel("xn--bcher-kva") == utf8("b\u00fccher")
    with pytest.raises(IdnaError, match="bad alabel prefix"):
        localpart_from_alabel("abc")
