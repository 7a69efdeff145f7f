"""Search filters: text (RFC 4515) to BER (RFC 4511 section 4.5.1.7)."""

from __future__ import annotations

import re

from eximia.base.errors import ExpansionError

from .ber import element, octets

_ITEM = re.compile(rb"([A-Za-z0-9][A-Za-z0-9;.-]*)(:dn)?(:[A-Za-z0-9.-]+)?(:=|~=|>=|<=|=)(.*)\Z", re.DOTALL)
_RULE_ONLY = re.compile(rb"(:dn)?:([A-Za-z0-9.-]+):=(.*)\Z", re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:([0-9A-Fa-f]{2})|([()*\\])|(.?))", re.DOTALL)
_TAGS = {b"=": 0xA3, b">=": 0xA5, b"<=": 0xA6, b"~=": 0xA8}
DEEPEST = 50


def _value(text: bytes) -> bytes:
    return _ESCAPE.sub(_meant, text) if b"\\" in text else text


def _meant(found: re.Match[bytes]) -> bytes:
    """What stands behind a backslash: two hexadecimal digits or, as LDAP version 2 had it, the character itself."""
    code, character, wrong = found.groups()
    if wrong is not None:
        raise _bad(found.string)
    return character if code is None else bytes((int(code, 16),))


def encode_filter(text: bytes) -> bytes:
    """Raises ExpansionError for a malformed filter."""
    text = text.strip()
    if not text.startswith(b"("):
        text = b"(" + text + b")"
    encoded, end = _read(text, 0, 0)
    if text[end:].strip():
        raise _bad(text)
    return encoded


def _bad(text: bytes) -> ExpansionError:
    return ExpansionError(f"bad search filter {text.decode('latin-1')}")


def _past_blanks(text: bytes, at: int) -> int:
    """OpenLDAP lets filters be laid out with blanks and line ends between their parts."""
    while text[at : at + 1] in (b" ", b"\t", b"\n"):
        at += 1
    return at


def _read(text: bytes, at: int, depth: int) -> tuple[bytes, int]:
    """The filter in brackets at `at`, and where it ends."""
    if depth > DEEPEST or text[at : at + 1] != b"(":
        raise _bad(text)
    at = _past_blanks(text, at + 1)
    kind = text[at : at + 1]
    if kind in (b"&", b"|", b"!"):
        at = _past_blanks(text, at + 1)
        parts: list[bytes] = []
        while text[at : at + 1] == b"(":
            part, at = _read(text, at, depth + 1)
            parts.append(part)
            if kind != b"!":
                at = _past_blanks(text, at)
        if text[at : at + 1] != b")" or (kind == b"!" and len(parts) != 1):
            raise _bad(text)
        tag = {b"&": 0xA0, b"|": 0xA1, b"!": 0xA2}[kind]
        return element(tag, b"".join(parts)), at + 1
    end = text.find(b")", at)
    if end < 0:
        raise _bad(text)
    return _item(text[at:end], text), end + 1


def _item(item: bytes, whole: bytes) -> bytes:
    only = _RULE_ONLY.match(item)
    if only is not None:
        return _extensible(only.group(2), b"", only.group(3), dn=only.group(1) is not None)
    found = _ITEM.match(item)
    if found is None:
        raise _bad(whole)
    name, dn, rule, operator, value = found.groups()
    if operator == b":=":
        return _extensible((rule or b":")[1:], name, value, dn=dn is not None)
    if dn or rule:
        raise _bad(whole)
    if operator == b"=" and value == b"*":
        return octets(name, 0x87)
    if operator == b"=" and b"*" in value:
        return _substrings(name, value)
    return element(_TAGS[operator], octets(name) + octets(_value(value)))


def _substrings(name: bytes, value: bytes) -> bytes:
    first, *middle, last = value.split(b"*")
    parts = octets(_value(first), 0x80) if first else b""
    parts += b"".join(octets(_value(each), 0x81) for each in middle if each)
    parts += octets(_value(last), 0x82) if last else b""
    return element(0xA4, octets(name) + element(0x30, parts))


def _extensible(rule: bytes, name: bytes, value: bytes, *, dn: bool) -> bytes:
    parts = (octets(rule, 0x81) if rule else b"") + (octets(name, 0x82) if name else b"")
    parts += octets(_value(value), 0x83) + (element(0x84, b"\xff") if dn else b"")
    return element(0xA9, parts)
