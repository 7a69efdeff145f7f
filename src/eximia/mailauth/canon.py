"""Canonicalisation of header fields and bodies (RFC 6376 section 3.4, RFC 4870 section 3.4), with the body in pieces.

Line ends may be LF or CRLF on the way in; what comes out has CRLF. Bodies of any size take no more memory than the
piece at hand: white space and empty lines that may turn out to be trailing are counted, not kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

#: the most bytes that a run of empty lines is written out in
_BLOCK: Final = 1 << 15
_RUN = re.compile(rb"[ \t]+")
_ODD = re.compile(rb"[\r\x0b\x0c]")

#: hash names to constructors
HASHES: Final[dict[str, Callable[..., Any]]] = {
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
}


def simple_header(field: bytes) -> bytes:
    """A whole field as it is, with CRLF line ends."""
    if b"\r\n" in field:
        field = field.replace(b"\r\n", b"\n")
    return field.replace(b"\n", b"\r\n")


def relaxed_header(field: bytes) -> bytes:
    """Name in lower case, folding undone, white space reduced; ends with CRLF."""
    name, _, value = field.partition(b":")
    if _ODD.search(value) is None:
        text = b" ".join(value.split())
    else:
        value = value.replace(b"\r\n", b"\n")
        if _ODD.search(value) is None:
            text = b" ".join(value.split())
        else:
            # bytes.split() would take these for white space too.
            text = _RUN.sub(b" ", value.replace(b"\n", b"")).strip(b" ")
    return name.rstrip(b" \t").lower() + b":" + text + b"\r\n"


def nofws_header(field: bytes) -> bytes:
    """DomainKeys' nofws: no white space at all; ends with CRLF."""
    return field.translate(None, b" \t\r\n") + b"\r\n"


class BodyCanon(Protocol):
    """A canonical form of the body, made piece by piece."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """More of the body; what is certain now."""

    def finish(self) -> Iterator[bytes]:
        """The rest."""


def _line_ends(count: int) -> Iterator[bytes]:
    while count > 0:
        some = min(count, _BLOCK)
        yield b"\r\n" * some
        count -= some


class _Lines:
    """Line ends of the canonical form: `_pending` of them are held back until something follows, so that those at the
    end go. `_some`: there was something."""

    __slots__ = ("_pending", "_some")

    def __init__(self, pending: int = 0) -> None:
        self._pending = pending
        self._some = False

    def _lines(self, data: bytes) -> Iterator[bytes]:
        kept = data.rstrip(b"\n")
        if kept:
            if self._pending:
                yield from _line_ends(self._pending)
            self._some = True
            self._pending = len(data) - len(kept)
            yield kept.replace(b"\n", b"\r\n")
        else:
            self._pending += len(data)


class Simple(_Lines):
    """Only empty lines at the end go. `empty`: what an empty body becomes. `pending`: line ends that come first if
    anything follows (DomainKeys counts the line between header and body among the trailing empty lines)."""

    __slots__ = ("_carry", "_empty")

    def __init__(self, *, empty: bytes = b"\r\n", pending: int = 0) -> None:
        super().__init__(pending)
        self._carry = b""
        self._empty = empty

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._carry:
            data = self._carry + data
            self._carry = b""
        if b"\r" in data:
            if data.endswith(b"\r"):
                self._carry = b"\r"
                data = data[:-1]
            data = data.replace(b"\r\n", b"\n")
        yield from self._lines(data)

    def finish(self) -> Iterator[bytes]:
        if self._carry:
            yield from self._lines(self._carry)
            self._carry = b""
        yield b"\r\n" if self._some else self._empty


class Relaxed(_Lines):
    """White space inside a line becomes one space, at its end nothing; empty lines at the end go."""

    __slots__ = ("_carry",)

    def __init__(self) -> None:
        super().__init__()
        self._carry = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._carry:
            data = self._carry + data
            self._carry = b""
        if b"\r" in data:
            if data.endswith(b"\r"):
                # White space before it may stand at the end of the line.
                stripped = data[:-1].rstrip(b" \t")
                self._carry = (b" " if len(stripped) < len(data) - 1 else b"") + b"\r"
                data = stripped
            data = data.replace(b"\r\n", b"\n")
        yield from self._put(data)

    def _put(self, data: bytes) -> Iterator[bytes]:
        if b"\t" in data:
            data = data.replace(b"\t", b" ")
        while b"  " in data:
            data = data.replace(b"  ", b" ")
        if b" \n" in data:
            data = data.replace(b" \n", b"\n")
        if data.endswith(b" "):
            # A carry is there only when the data ended with CR, and then not with a space.
            self._carry = b" "
            data = data[:-1]
        return self._lines(data)

    def finish(self) -> Iterator[bytes]:
        if self._carry.endswith(b"\r"):
            data, self._carry = self._carry, b""
            yield from self._put(data)
        if self._some:
            yield b"\r\n"


class NoFws(_Lines):
    """DomainKeys' nofws: no spaces, tabs and CRs; empty lines at the end go."""

    __slots__ = ()

    def __init__(self, *, pending: int = 0) -> None:
        super().__init__(pending)

    def feed(self, data: bytes) -> Iterator[bytes]:
        data = data.translate(None, b" \t\r")
        return self._lines(data)

    def finish(self) -> Iterator[bytes]:
        if self._some:
            yield b"\r\n"


def body_canon(name: str) -> BodyCanon:
    """DKIM's canonicalisation called `simple` or `relaxed`. Raises KeyError."""
    return _CANONS[name]()


_CANONS: Final[dict[str, Callable[[], BodyCanon]]] = {"simple": Simple, "relaxed": Relaxed}


class Digest:
    """A hash of a body's canonical form, or of its first `limit` bytes."""

    __slots__ = ("_hash", "_left", "length", "limit")

    def __init__(self, hash_name: str, limit: int | None) -> None:
        self._hash = HASHES[hash_name]()
        self.limit = limit
        self._left = limit
        #: bytes of the whole canonical form so far
        self.length = 0

    def update(self, data: bytes) -> None:
        self.length += len(data)
        left = self._left
        if left is None:
            self._hash.update(data)
        elif left:
            self._hash.update(data[:left])
            self._left = max(0, left - len(data))

    @property
    def short(self) -> bool:
        """The body has fewer bytes than the limit says."""
        return self.limit is not None and self.length < self.limit

    def matches(self, expected: bytes) -> bool:
        """Whether this is the hash, of all that was to be hashed. Ask when the body is complete."""
        return not self.short and self.value() == expected

    def value(self) -> bytes:
        """The hash. Ask when the body is complete."""
        digest: bytes = self._hash.digest()
        return digest


class BodyDigests:
    """All the hashes that are wanted of one body; each canonical form is made once."""

    __slots__ = ("_groups", "finished")

    def __init__(self) -> None:
        self._groups: dict[str, tuple[BodyCanon, dict[tuple[str, int | None], Digest]]] = {}
        self.finished = False

    def __bool__(self) -> bool:
        return bool(self._groups)

    def want(self, canon: str, hash_name: str, limit: int | None = None) -> Digest:
        """Ask for a hash, before the first piece of the body. Raises KeyError for an unknown name."""
        group = self._groups.get(canon)
        if group is None:
            group = self._groups[canon] = (body_canon(canon), {})
        digest = group[1].get((hash_name, limit))
        if digest is None:
            digest = group[1][(hash_name, limit)] = Digest(hash_name, limit)
        return digest

    def has(self, canon: str, hash_name: str, limit: int | None = None) -> bool:
        """Whether the hash was asked for."""
        group = self._groups.get(canon)
        return group is not None and (hash_name, limit) in group[1]

    def feed(self, data: bytes) -> None:
        """A piece of the body, cut anywhere."""
        for canon, digests in self._groups.values():
            for piece in canon.feed(data):
                for digest in digests.values():
                    digest.update(piece)

    def finish(self) -> None:
        """The body is complete; again does nothing."""
        if self.finished:
            return
        self.finished = True
        for canon, digests in self._groups.values():
            for piece in canon.finish():
                for digest in digests.values():
                    digest.update(piece)
