"""NTLM messages and responses (MS-NLMP), as values in and out.

Old cryptography, kept for old clients and servers only.
"""

from __future__ import annotations

import hmac
import os
import struct

from eximia.base.namedtuple import NamedTuple

SIGNATURE = b"NTLMSSP\0"
_UNICODE = 0x00000001
_OEM = 0x00000002
_TARGET_REQUESTED = 0x00000004
_NTLM = 0x00000200
_ALWAYS_SIGN = 0x00008000
_TARGET_INFO = 0x00800000
_CLIENT_FLAGS = _UNICODE | _OEM | _TARGET_REQUESTED | _NTLM | _ALWAYS_SIGN
_SERVER_FLAGS = _UNICODE | _NTLM | _ALWAYS_SIGN


class NtlmError(Exception):
    """A message that is malformed."""


class Challenge(NamedTuple):
    """The server's message."""

    nonce: bytes
    flags: int
    target_info: bytes


class Response(NamedTuple):
    """The client's last message."""

    user: str
    domain: str
    lm: bytes
    nt: bytes


def md4(data: bytes) -> bytes:
    """RFC 1320; OpenSSL does not offer it any more."""
    padded = data + b"\x80" + b"\0" * ((55 - len(data)) % 64) + struct.pack("<Q", len(data) * 8)
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    for start in range(0, len(padded), 64):
        words = struct.unpack("<16I", padded[start : start + 64])
        a, b, c, d = state
        for step in range(48):
            if step < 16:
                mixed = (b & c) | (~b & d)
                index, shift, add = step, (3, 7, 11, 19)[step % 4], 0
            elif step < 32:
                mixed = (b & c) | (b & d) | (c & d)
                index, shift, add = (step % 4) * 4 + (step - 16) // 4, (3, 5, 9, 13)[step % 4], 0x5A827999
            else:
                mixed = b ^ c ^ d
                index, shift, add = _THIRD[step - 32], (3, 9, 11, 15)[step % 4], 0x6ED9EBA1
            value = (a + mixed + words[index] + add) & 0xFFFFFFFF
            a, b, c, d = d, ((value << shift) | (value >> (32 - shift))) & 0xFFFFFFFF, b, c
        state = [(old + new) & 0xFFFFFFFF for old, new in zip(state, (a, b, c, d), strict=True)]
    return struct.pack("<4I", *state)


_THIRD = (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)


def _des(key: bytes, block: bytes) -> bytes:
    """One block of DES with a key of seven bytes."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    bits = int.from_bytes(key, "big")
    spread = bytes(((bits >> (49 - 7 * n)) & 0x7F) << 1 for n in range(8))
    encryptor = Cipher(TripleDES(spread * 3), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(block) + encryptor.finalize()


def _three_keys(digest: bytes, nonce: bytes) -> bytes:
    padded = digest.ljust(21, b"\0")
    return b"".join(_des(padded[start : start + 7], nonce) for start in (0, 7, 14))


def nt_hash(password: str) -> bytes:
    return md4(password.encode("utf-16-le"))


def lm_hash(password: str) -> bytes:
    padded = password.upper().encode("latin-1", "replace")[:14].ljust(14, b"\0")
    return _des(padded[:7], b"KGS!@#$%") + _des(padded[7:], b"KGS!@#$%")


def nt_response(password: str, nonce: bytes) -> bytes:
    """The response of version 1."""
    return _three_keys(nt_hash(password), nonce)


def _v2_key(user: str, domain: str, password: str) -> bytes:
    return hmac.new(nt_hash(password), (user.upper() + domain).encode("utf-16-le"), "md5").digest()


def verify(password: str, nonce: bytes, response: Response) -> bool:
    """Whether the client knows `password`; versions 1 and 2."""
    if len(response.nt) == 24:
        return hmac.compare_digest(response.nt, nt_response(password, nonce))
    if len(response.nt) > 24:
        proof, blob = response.nt[:16], response.nt[16:]
        key = _v2_key(response.user, response.domain, password)
        return hmac.compare_digest(proof, hmac.new(key, nonce + blob, "md5").digest())
    return len(response.lm) == 24 and hmac.compare_digest(response.lm, _three_keys(lm_hash(password), nonce))


def negotiate() -> bytes:
    """The client's first message."""
    return SIGNATURE + struct.pack("<II", 1, _CLIENT_FLAGS) + struct.pack("<HHI", 0, 0, 32) * 2


def challenge(nonce: bytes) -> bytes:
    """The server's message."""
    return (
        SIGNATURE
        + struct.pack("<I", 2)
        + struct.pack("<HHI", 0, 0, 40)
        + struct.pack("<I", _SERVER_FLAGS)
        + nonce
        + b"\0" * 16
    )


def read_challenge(data: bytes) -> Challenge:
    """Raises NtlmError."""
    if len(data) < 32 or data[:8] != SIGNATURE or data[8:12] != b"\2\0\0\0":
        raise NtlmError("no challenge")
    (flags,) = struct.unpack_from("<I", data, 20)
    info = b""
    if flags & _TARGET_INFO and len(data) >= 48:
        info = _field(data, 40)
    return Challenge(data[24:32], flags, info)


def read_response(data: bytes) -> Response:
    """Raises NtlmError."""
    if len(data) < 64 or data[:8] != SIGNATURE or data[8:12] != b"\3\0\0\0":
        raise NtlmError("no response")
    (flags,) = struct.unpack_from("<I", data, 60)
    wide = bool(flags & _UNICODE)
    domain, user = (_text(_field(data, at), wide=wide) for at in (28, 36))
    return Response(user, domain, _field(data, 12), _field(data, 20))


def respond(message: Challenge, user: str, domain: str, password: str, now: float) -> bytes:
    """The client's last message: version 2 when the server tells what it needs, else version 1."""
    if message.target_info:
        key = _v2_key(user, domain, password)
        ours = os.urandom(8)
        stamp = struct.pack("<Q", int((now + 11644473600) * 10_000_000))
        blob = b"\1\1\0\0\0\0\0\0" + stamp + ours + b"\0\0\0\0" + message.target_info + b"\0\0\0\0"
        nt = hmac.new(key, message.nonce + blob, "md5").digest() + blob
        lm = hmac.new(key, message.nonce + ours, "md5").digest() + ours
    else:
        nt = nt_response(password, message.nonce)
        lm = _three_keys(lm_hash(password), message.nonce)
    parts = [lm, nt, *(text.encode("utf-16-le") for text in (domain, user, "")), b""]
    header = SIGNATURE + struct.pack("<I", 3)
    at = 64
    for part in parts:
        header += struct.pack("<HHI", len(part), len(part), at)
        at += len(part)
    flags = _UNICODE | _NTLM | _ALWAYS_SIGN | (message.flags & _TARGET_INFO)
    return header + struct.pack("<I", flags) + b"".join(parts)


def _field(data: bytes, at: int) -> bytes:
    length, _, offset = struct.unpack_from("<HHI", data, at)
    if offset + length > len(data):
        raise NtlmError("field outside of the message")
    return data[offset : offset + length]


def _text(data: bytes, *, wide: bool) -> str:
    return data.decode("utf-16-le" if wide else "latin-1", "replace")
