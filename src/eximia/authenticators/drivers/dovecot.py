"""dovecot: Dovecot's authentication service decides (manual chapter 37; Dovecot authentication protocol 1.2).

The service is reached by a Unix socket, or by `host port`.
"""

from __future__ import annotations

import os
from typing import Any

from eximia.authenticators.conditions import check_condition, decode_base64, encode_base64, set_variables
from eximia.authenticators.outcome import (
    FAIL,
    Ask,
    ClientResult,
    Dialogue,
    ServerResult,
    Verdict,
)
from eximia.base.errors import NetworkError
from eximia.base.ports import Stream
from eximia.context import Context
from eximia.dns.hosts import addresses_by_name

_TIMEOUT = 60.0
_LONGEST = 16384
_VERSION = "VERSION\t1\t2"


class _Trouble(Exception):
    """The service cannot be used."""


class _Link:
    """Lines to and from the service."""

    __slots__ = ("_buffer", "_stream")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._buffer = b""

    def send(self, line: str) -> None:
        self._stream.send(line.encode("latin-1") + b"\n")

    def line(self) -> list[str]:
        """The tab-separated words of the next line."""
        while b"\n" not in self._buffer:
            data = self._stream.recv(_TIMEOUT)
            if not data or len(self._buffer) > _LONGEST:
                raise _Trouble("authentication socket read error or premature eof")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode("latin-1").split("\t")

    def close(self) -> None:
        self._stream.close()


class Dovecot:
    """See the module's docstring."""

    def server(self, ctx: Context, options: Any, initial: bytes | None, ask: Ask) -> ServerResult:
        """Pass what the client and the service say to each other."""
        try:
            link = _Link(_connect(ctx, str(options.server_socket)))
        except _Trouble as error:
            return ServerResult(Verdict.DEFER, "", str(error))
        try:
            mechanism = str(options.public_name).upper()
            _shake_hands(link, mechanism)
            link.send(_request(ctx, mechanism, initial))
            while True:
                words = link.line()
                if len(words) < 2 or words[1] != "1":
                    raise _Trouble("authentication socket protocol error")
                if words[0] == "CONT":
                    challenge = decode_base64(words[2]) if len(words) > 2 else b""
                    link.send(f"CONT\t1\t{encode_base64(ask(challenge))}")
                elif words[0] in ("OK", "FAIL"):
                    return _ended(ctx, options, words)
                else:
                    raise _Trouble("authentication socket protocol error, unknown reply")
        except (NetworkError, _Trouble) as error:
            return ServerResult(Verdict.DEFER, "", str(error))
        finally:
            link.close()

    def client(self, ctx: Context, options: Any, dialogue: Dialogue) -> ClientResult:
        """It has no client's side."""
        return ClientResult(Verdict.FAIL)


def _connect(ctx: Context, where: str) -> Stream:
    """Raises _Trouble, in Exim's words for the log."""
    net = ctx.process.ports.net
    if where.startswith("/"):
        try:
            return net.connect_unix(where, timeout=_TIMEOUT)
        except NetworkError as error:
            raise _Trouble(f"unable to connect to UNIX socket ({where}): {_reason(error)}") from None
    host, _, port = where.partition(" ")
    if not port.strip().isdigit():
        raise _Trouble(f"invalid socket '{where}'")
    found = addresses_by_name(ctx, host)
    if not found.addresses:
        raise _Trouble(f"no IP address found for host {host}")
    why = ""
    for address in found.addresses:
        try:
            return net.connect(address, int(port), timeout=_TIMEOUT)
        except NetworkError as error:
            why = _reason(error)
    raise _Trouble(f"failed to connect to any address for {host}: {why}")


def _reason(error: NetworkError) -> str:
    if error.errno:
        return os.strerror(error.errno)
    return "Connection timed out" if error.timed_out else error.message


def _shake_hands(link: _Link, mechanism: str) -> None:
    """Exchange versions; the service names its mechanisms."""
    link.send(_VERSION)
    link.send(f"CPID\t{os.getpid()}")
    mechanisms: set[str] = set()
    while True:
        words = link.line()
        if words[0] == "VERSION" and words[1:2] != ["1"]:
            raise _Trouble("authentication socket protocol version mismatch")
        if words[0] == "MECH" and len(words) > 1:
            mechanisms.add(words[1].upper())
        if words[0] == "DONE":
            break
    if mechanism not in mechanisms:
        raise _Trouble(f'Dovecot did not advertise mechanism "{mechanism}" to us')


def _request(ctx: Context, mechanism: str, initial: bytes | None) -> str:
    session = ctx.session
    words = ["AUTH", "1", mechanism, "service=smtp"]
    if session.tls_in.active or session.sender_host_address == session.interface_address:
        words.append("secured")
    if session.tls_in.certificate_verified:
        words.append("valid-client-cert")
    words += [f"rip={session.sender_host_address}", f"lip={session.interface_address}", "nologin"]
    if initial is not None:
        words.append(f"resp={encode_base64(initial)}")
    return "\t".join(words)


def _ended(ctx: Context, options: Any, words: list[str]) -> ServerResult:
    fields = dict(word.partition("=")[::2] for word in words[2:])
    if "user" in fields:
        set_variables(ctx, [fields["user"]])
    if words[0] == "FAIL":
        if "temp" in fields:
            return ServerResult(Verdict.DEFER, "", fields.get("reason", "temporary internal failure"))
        return FAIL
    if "user" not in fields:
        raise _Trouble("authentication socket protocol error, username missing")
    return check_condition(ctx, options)


DOVECOT = Dovecot()
