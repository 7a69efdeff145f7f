"""The argument of XCLIENT: what a trusted front end says of the client it speaks for (Postfix's XCLIENT_README).

Attributes are `NAME=value` with values in xtext; `[UNAVAILABLE]` and `[TEMPUNAVAIL]` mean that there is none.
"""

from __future__ import annotations

from typing import Final

from eximia.base.dataclass import dataclass

from .parameters import decode_xtext, valid_xtext

#: in the order in which EHLO offers them
ATTRIBUTES: Final = ("ADDR", "NAME", "PORT", "LOGIN", "DESTADDR", "DESTPORT")
_NONE: Final = frozenset(("[UNAVAILABLE]", "[TEMPUNAVAIL]"))


class BadXclient(ValueError):
    """The argument cannot be used; the text is for the reply."""


@dataclass(slots=True)
class ClientFacts:
    """What was said; None: nothing. Empty text: the front end does not know."""

    address: str | None = None
    name: str | None = None
    port: int | None = None
    login: str | None = None
    destination: str | None = None
    destination_port: int | None = None


def read_xclient(argument: str) -> ClientFacts:
    """Read the attributes. Raises BadXclient."""
    facts = ClientFacts()
    words = argument.split()
    if not words:
        raise BadXclient("XCLIENT must have at least one operand")
    for word in words:
        name, equals, value = word.partition("=")
        name = name.upper()
        if not equals or name not in ATTRIBUTES or not valid_xtext(value):
            raise BadXclient("unrecognised parameter or bad value for XCLIENT")
        text = "" if value.upper() in _NONE else decode_xtext(value)
        if name == "ADDR":
            facts.address = _address(text)
        elif name == "DESTADDR":
            facts.destination = _address(text)
        elif name == "PORT":
            facts.port = _port(text)
        elif name == "DESTPORT":
            facts.destination_port = _port(text)
        elif name == "NAME":
            facts.name = text
        else:
            facts.login = text
    return facts


def _address(text: str) -> str:
    return text[5:] if text[:5].upper() == "IPV6:" else text


def _port(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < 65536):
        raise BadXclient("bad port for XCLIENT")
    return int(text)
