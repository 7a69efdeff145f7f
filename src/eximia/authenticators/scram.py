"""SCRAM, both sides, as values in and out (RFC 5802, 7677; channel binding RFC 5929, 9266)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os

#: mechanism -> name of the hash
HASHES = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}


class ScramError(Exception):
    """The other side does not follow the protocol, or does not know the secret."""


def salted_password(name: str, password: str, salt: bytes, iterations: int) -> bytes:
    """Hi() of the RFC."""
    return hashlib.pbkdf2_hmac(name, password.encode("latin-1"), salt, iterations)


def _mac(name: str, key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, name).digest()


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def stored_and_server_key(name: str, salted: bytes) -> tuple[bytes, bytes]:
    """(StoredKey, ServerKey)."""
    stored = hashlib.new(name, _mac(name, salted, b"Client Key")).digest()
    return stored, _mac(name, salted, b"Server Key")


def _nonce() -> str:
    return base64.b64encode(os.urandom(18)).decode("ascii")


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(","):
        if len(part) < 2 or part[1] != "=":
            raise ScramError(f"malformed attribute {part!r}")
        found.setdefault(part[0], part[2:])
    return found


def _decode(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise ScramError("malformed base64") from error


def _name_in(text: str) -> str:
    """A saslname: `=2C` and `=3D` are the comma and the equals sign."""
    if any(text[at + 1 : at + 3] not in ("2C", "3D") for at, char in enumerate(text) if char == "="):
        raise ScramError("malformed name")
    return text.replace("=2C", ",").replace("=3D", "=")


def _name_out(text: str) -> str:
    return text.replace("=", "=3D").replace(",", "=2C")


class ServerScram:
    """The server's side: `first`, then `challenge` with the user's data, then `final`.

    `binding`: the channel's bytes when the -PLUS mechanism was chosen, else None; `binding_names` are the types that
    the bytes may be called; `plus_offered`: -PLUS was advertised (a client that could have used it was attacked).
    """

    def __init__(self, name: str, *, binding: bytes | None = None, plus_offered: bool = False, nonce: str = "") -> None:
        self._hash = name
        self._binding = binding
        self._plus_offered = plus_offered
        self._own_nonce = nonce or _nonce()
        self._client_first = ""
        self._header = ""
        self._server_first = ""
        self._nonce = ""
        self._stored = b""
        self._server_key = b""
        self.user = ""
        self.authorization = ""

    def first(self, data: bytes) -> None:
        """The client's first message: `user` and `authorization` are then known. Raises ScramError."""
        text = data.decode("latin-1")
        parts = text.split(",", 2)
        if len(parts) != 3:
            raise ScramError("malformed first message")
        flag, authorization, bare = parts
        if flag.startswith("p="):
            if self._binding is None:
                raise ScramError("channel binding not supported")
        elif flag == "y":
            if self._plus_offered:
                raise ScramError("the client was not shown our channel binding")
        elif flag != "n":
            raise ScramError("malformed channel binding flag")
        if self._binding is not None and not flag.startswith("p="):
            raise ScramError("channel binding is required")
        if authorization:
            if not authorization.startswith("a="):
                raise ScramError("malformed authorization identity")
            self.authorization = _name_in(authorization[2:])
        attributes = _attributes(bare)
        if "m" in attributes or "n" not in attributes or "r" not in attributes:
            raise ScramError("malformed first message")
        self.user = _name_in(attributes["n"])
        self._header = f"{flag},{authorization},"
        self._client_first = bare
        self._nonce = attributes["r"] + self._own_nonce

    def challenge(self, salt: bytes, iterations: int, stored: bytes, server_key: bytes) -> bytes:
        """Our first message, made with the user's keys."""
        self._stored = stored
        self._server_key = server_key
        encoded = base64.b64encode(salt).decode("ascii")
        self._server_first = f"r={self._nonce},s={encoded},i={iterations}"
        return self._server_first.encode("latin-1")

    def final(self, data: bytes) -> bytes:
        """Check the client's final message; our final one. Raises ScramError when the proof is wrong."""
        text = data.decode("latin-1")
        without_proof, found, proof = text.rpartition(",p=")
        if not found:
            raise ScramError("no proof")
        attributes = _attributes(without_proof)
        expected = self._header.encode("latin-1") + (self._binding or b"")
        if _decode(attributes.get("c", "")) != expected or attributes.get("r") != self._nonce:
            raise ScramError("channel binding or nonce differ")
        message = f"{self._client_first},{self._server_first},{without_proof}".encode("latin-1")
        signature = _mac(self._hash, self._stored, message)
        given = _decode(proof)
        if len(given) != len(signature):
            raise ScramError("malformed proof")
        if not hmac.compare_digest(hashlib.new(self._hash, _xor(given, signature)).digest(), self._stored):
            raise ScramError("wrong proof")
        return b"v=" + base64.b64encode(_mac(self._hash, self._server_key, message))


class ClientScram:
    """The client's side: `first`, `read`, `final`, `verify`.

    `flag` is the channel binding flag: `n`, `y`, or `p=<type>` with the channel's bytes in `binding`.
    """

    def __init__(
        self, name: str, user: str, *, authorization: str = "", flag: str = "n", binding: bytes = b"", nonce: str = ""
    ) -> None:
        self._hash = name
        self._binding = binding
        self._own_nonce = nonce or _nonce()
        identity = f"a={_name_out(authorization)}" if authorization else ""
        self._header = f"{flag},{identity},"
        self._bare = f"n={_name_out(user)},r={self._own_nonce}"
        self._server_first = ""
        self._signature = b""
        self._nonce = ""
        self.salt = b""
        self.salt_text = ""
        self.iterations = 0

    def first(self) -> bytes:
        """Our first message."""
        return (self._header + self._bare).encode("latin-1")

    def read(self, data: bytes) -> None:
        """The server's first message: `salt` and `iterations` are then known. Raises ScramError."""
        self._server_first = data.decode("latin-1")
        attributes = _attributes(self._server_first)
        nonce, iterations = attributes.get("r", ""), attributes.get("i", "")
        if "m" in attributes or not nonce.startswith(self._own_nonce) or len(nonce) <= len(self._own_nonce):
            raise ScramError("malformed challenge")
        if not iterations.isdigit() or not 0 < int(iterations) <= 10_000_000:
            raise ScramError("malformed iteration count")
        self._nonce = nonce
        self.salt_text = attributes.get("s", "")
        self.salt = _decode(self.salt_text)
        self.iterations = int(iterations)

    def final(self, salted: bytes) -> bytes:
        """Our proof."""
        bound = base64.b64encode(self._header.encode("latin-1") + self._binding).decode("ascii")
        without_proof = f"c={bound},r={self._nonce}"
        message = f"{self._bare},{self._server_first},{without_proof}".encode("latin-1")
        client_key = _mac(self._hash, salted, b"Client Key")
        stored, server_key = stored_and_server_key(self._hash, salted)
        proof = _xor(client_key, _mac(self._hash, stored, message))
        self._signature = _mac(self._hash, server_key, message)
        return f"{without_proof},p={base64.b64encode(proof).decode('ascii')}".encode("latin-1")

    def verify(self, data: bytes) -> None:
        """The server's final message. Raises ScramError when it does not know the secret."""
        attributes = _attributes(data.decode("latin-1"))
        if not hmac.compare_digest(_decode(attributes.get("v", "")), self._signature):
            raise ScramError("the server does not know the password")
