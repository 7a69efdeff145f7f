"""DIGEST-MD5, both sides, as values in and out (RFC 2831, with `qop=auth` only; RFC 6331 tells why it is history)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re

from eximia.base.pattern import pattern

_DIRECTIVE = pattern(rb'[ \t]*([A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))[ \t]*(?:,|\Z)')
_FIRST = b"00000001"


class DigestError(Exception):
    """The other side does not follow the protocol, or does not know the secret."""


def directives(data: bytes) -> dict[str, bytes]:
    """The parts of a challenge or an answer; of a name that repeats the first. Raises DigestError."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        match = _DIRECTIVE.match(data, at)
        if match is None:
            if data[at:].strip(b" \t,"):
                raise DigestError("malformed directives")
            break
        value = match[3] if match[2] is None else re.sub(rb"\\(.)", rb"\1", match[2], flags=re.DOTALL)
        found.setdefault(match[1].decode("ascii").lower(), value)
        at = match.end()
    return found


def quoted(value: bytes) -> bytes:
    """As a quoted string."""
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def nonce() -> bytes:
    return base64.b64encode(os.urandom(18))


def _hex(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).hexdigest().encode("ascii")


def proof(password: bytes, said: dict[str, bytes], start: bytes) -> bytes:
    """The digest over what the client `said`; `start` is "AUTHENTICATE" for its own, empty for the server's."""
    secret = b"%b:%b:%b" % (said["username"], said.get("realm", b""), password)
    first = hashlib.md5(secret, usedforsecurity=False).digest() + b":%b:%b" % (said["nonce"], said["cnonce"])
    if said.get("authzid"):
        first += b":" + said["authzid"]
    second = b"%b:%b" % (start, said["digest-uri"])
    middle = b"%b:%b:%b:auth" % (said["nonce"], said["nc"], said["cnonce"])
    return _hex(b"%b:%b:%b" % (_hex(first), middle, _hex(second)))


class ServerDigest:
    """One exchange as the server."""

    def __init__(self, realm: bytes) -> None:
        self._realm = realm
        self._nonce = nonce()
        self._said: dict[str, bytes] = {}

    def challenge(self) -> bytes:
        realm = b"realm=%b, " % quoted(self._realm) if self._realm else b""
        return b'%bnonce=%b, qop="auth", charset=utf-8, algorithm=md5-sess' % (realm, quoted(self._nonce))

    def answer(self, data: bytes) -> tuple[bytes, bytes, bytes]:
        """(user, authorization identity, realm) of the client's answer. Raises DigestError."""
        said = self._said = directives(data)
        if any(name not in said for name in ("username", "nonce", "cnonce", "nc", "digest-uri", "response")):
            raise DigestError("directives are missing")
        if said["nonce"] != self._nonce or said["nc"] != _FIRST or said.get("qop", b"auth") != b"auth":
            raise DigestError("not an answer to this challenge")
        if said.get("realm", b"") != self._realm or not said["digest-uri"].lower().startswith(b"smtp/"):
            raise DigestError("for another service")
        return said["username"], said.get("authzid", b""), said.get("realm", b"")

    def final(self, password: bytes) -> bytes:
        """What proves that we know the password too. Raises DigestError when the client does not."""
        if not hmac.compare_digest(proof(password, self._said, b"AUTHENTICATE"), self._said["response"].lower()):
            raise DigestError("wrong password")
        return b"rspauth=" + proof(password, self._said, b"")


class ClientDigest:
    """One exchange as the client."""

    def __init__(self, user: bytes, password: bytes, authorization: bytes, host: bytes) -> None:
        self._password = password
        self._said = {"username": user, "digest-uri": b"smtp/" + host, "nc": _FIRST}
        if authorization:
            self._said["authzid"] = authorization

    def answer(self, challenge: bytes) -> bytes:
        """The answer to the challenge. Raises DigestError."""
        found, said = directives(challenge), self._said
        offered = [each.strip() for each in found.get("qop", b"auth").split(b",")]
        if not found.get("nonce") or b"auth" not in offered or found.get("algorithm") != b"md5-sess":
            raise DigestError("the challenge cannot be answered")
        said.update(nonce=found["nonce"], cnonce=nonce(), realm=found.get("realm", b""))
        shown = [b"charset=utf-8"] if found.get("charset") == b"utf-8" else []
        shown += [b"%b=%b" % (name.encode(), quoted(said[name])) for name in ("username", "realm", "nonce", "cnonce")]
        shown += [b"nc=" + _FIRST, b"qop=auth", b"digest-uri=" + quoted(said["digest-uri"])]
        if "authzid" in said:
            shown.append(b"authzid=" + quoted(said["authzid"]))
        shown.append(b"response=" + proof(self._password, said, b"AUTHENTICATE"))
        return b",".join(shown)

    def verify(self, data: bytes) -> None:
        """Does the server know the password? Raises DigestError."""
        if not hmac.compare_digest(directives(data).get("rspauth", b""), proof(self._password, self._said, b"")):
            raise DigestError("the server does not know the password")
