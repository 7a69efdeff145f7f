"""One LDAP connection: bind and search over a stream (RFC 4511)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import NetworkError, RemoteProtocolError
from eximia.base.namedtuple import NamedTuple

from . import ber
from .query import Query
from .search_filter import encode_filter

if TYPE_CHECKING:
    from eximia.base.ports import Stream

_BIND, _BIND_DONE = 0x60, 0x61
_SEARCH, _ENTRY, _SEARCH_DONE, _REFERENCE = 0x63, 0x64, 0x65, 0x73
_EXTENDED, _EXTENDED_DONE = 0x77, 0x78
#: the URLs in a result (RFC 4511 section 4.1.10)
_REFERRAL = 0xA3
_START_TLS = b"1.3.6.1.4.1.1466.20037"

SUCCESS = 0
SIZE_EXCEEDED = 4
REFERRAL = 10
NO_SUCH_OBJECT = 32
INVALID_NAME = 34
INVALID_CREDENTIALS = 49
TIMEOUT = 30.0


class Result(NamedTuple):
    """How an operation ended, and where else to ask."""

    code: int
    message: str
    referrals: tuple[bytes, ...] = ()


class Entry(NamedTuple):
    """One entry that a search found."""

    name: bytes
    attributes: list[tuple[bytes, list[bytes]]]


class Connection:
    """See the module's docstring. Raises NetworkError and RemoteProtocolError."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._buffer = b""
        self._number = 0
        #: what the connection is bound as
        self.bound: tuple[bytes, bytes] | None = None

    def close(self) -> None:
        self.stream.abort()

    def _send(self, operation: bytes) -> None:
        self._number += 1
        self.stream.send(ber.element(ber.SEQUENCE, ber.integer(self._number) + operation))

    def _receive(self, timeout: float) -> tuple[int, bytes]:
        """(operation, content) of the next answer to our last request."""
        while True:
            found = ber.header(self._buffer, 0)
            if found is not None and found[2] <= len(self._buffer):
                content = self._buffer[found[1] : found[2]]
                self._buffer = self._buffer[found[2] :]
                parts = list(ber.elements(content))
                if found[0] != ber.SEQUENCE or len(parts) < 2 or parts[0][0] != ber.INTEGER:
                    raise RemoteProtocolError("bad LDAP message")
                if int.from_bytes(parts[0][1], "big") == self._number:
                    return parts[1]
                continue
            data = self.stream.recv(timeout)
            if not data:
                raise NetworkError("LDAP server closed the connection")
            self._buffer += data

    @staticmethod
    def _result(content: bytes) -> Result:
        parts = list(ber.elements(content))
        if len(parts) < 3 or parts[0][0] != ber.ENUMERATED:
            raise RemoteProtocolError("bad LDAP result")
        urls = tuple(value for tag, part in parts[3:] if tag == _REFERRAL for _, value in ber.elements(part))
        return Result(int.from_bytes(parts[0][1], "big"), parts[2][1].decode("latin-1"), urls)

    def _simple(self, operation: bytes, done: int, timeout: float) -> Result:
        self._send(operation)
        tag, content = self._receive(timeout)
        if tag != done:
            raise RemoteProtocolError("unexpected LDAP answer")
        return self._result(content)

    def bind(self, user: bytes, password: bytes, version: int = 3, timeout: float = TIMEOUT) -> Result:
        """A simple bind."""
        content = ber.integer(version) + ber.octets(user) + ber.octets(password, 0x80)
        result = self._simple(ber.element(_BIND, content), _BIND_DONE, timeout)
        self.bound = (user, password) if result.code == SUCCESS else None
        return result

    def start_tls(self, timeout: float = TIMEOUT) -> Result:
        """Ask for TLS; the caller does the handshake."""
        return self._simple(ber.element(_EXTENDED, ber.octets(_START_TLS, 0x80)), _EXTENDED_DONE, timeout)

    def search(self, query: Query, timeout: float) -> tuple[Result, list[Entry]]:
        """All entries, and in the result where else to ask. Raises ExpansionError for a bad filter."""
        attributes = b"".join(ber.octets(each) for each in query.attributes)
        content = (
            ber.octets(query.base)
            + ber.integer(query.scope, ber.ENUMERATED)
            + ber.integer(query.dereference, ber.ENUMERATED)
            + ber.integer(query.size_limit)
            + ber.integer(query.time_limit)
            + ber.element(ber.BOOLEAN, b"\0")
            + encode_filter(query.filter)
            + ber.element(ber.SEQUENCE, attributes)
        )
        self._send(ber.element(_SEARCH, content))
        entries: list[Entry] = []
        elsewhere: list[bytes] = []
        while True:
            tag, answer = self._receive(timeout)
            if tag == _ENTRY:
                entries.append(_entry(answer))
            elif tag == _SEARCH_DONE:
                result = self._result(answer)
                return result._replace(referrals=(*result.referrals, *elsewhere)), entries
            elif tag == _REFERENCE:
                elsewhere += [value for _, value in ber.elements(answer)][:1]
            else:
                raise RemoteProtocolError("unexpected LDAP answer")


def _entry(content: bytes) -> Entry:
    parts = list(ber.elements(content))
    if len(parts) != 2:
        raise RemoteProtocolError("bad LDAP entry")
    attributes = []
    for _, attribute in ber.elements(parts[1][1]):
        fields = list(ber.elements(attribute))
        if len(fields) != 2:
            raise RemoteProtocolError("bad LDAP attribute")
        attributes.append((fields[0][1], [value for _, value in ber.elements(fields[1][1])]))
    return Entry(parts[0][1], attributes)
