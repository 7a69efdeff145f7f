"""Asking DNS servers: `base.ports.Resolver` over UDP and TCP, for the loop and for the command line.

A stub resolver: recursion is the servers' work. Messages and what they mean are `dns`'s part; here is who is asked,
how long, and how often. A new socket a question gives each its own source port (RFC 5452).
"""

from __future__ import annotations

import errno
import os
import secrets
import socket
import time
from typing import TYPE_CHECKING

from eximia.base.errors import NetworkError
from eximia.base.readiness import READABLE, wait_for
from eximia.dns.answer import CNAME_LOOP, Answer, Status, again, judge, nonexistent
from eximia.dns.cache import AnswerCache
from eximia.dns.names import BadName, MalformedMessage
from eximia.dns.records import Type
from eximia.dns.resolv_conf import ResolverSettings
from eximia.dns.wire import EDNS_SIZE, decode_response, encode_query, matches_query

if TYPE_CHECKING:
    from eximia.aio.bridge import Bridge, Waiter
    from eximia.aio.streams import LoopNetwork

_MOST_CHAINED = 8
_PORT = 53


class StubResolver:
    """What both resolvers share."""

    def __init__(
        self,
        settings: ResolverSettings,
        cache: AnswerCache | None = None,
        *,
        retrans: float = 0,
        retry: int = 0,
        edns: bool = True,
        dnssec: bool = False,
    ) -> None:
        self.settings = settings
        self.cache = cache if cache is not None else AnswerCache()
        self._next_server = 0
        self.configure(retrans=retrans, retry=retry, edns=edns, dnssec=dnssec)

    def configure(
        self,
        *,
        retrans: float = 0,
        retry: int = 0,
        edns: bool = True,
        dnssec: bool = False,
        cname_loops: int = _MOST_CHAINED,
    ) -> None:
        """Set the main options `dns_retrans` (seconds) and `dns_retry` (0: the system's), `dns_use_edns0` (!= 0),
        `dns_dnssec_ok` (> 0) and `dns_cname_loops`."""
        self.timeout = retrans or self.settings.timeout
        self.attempts = retry or self.settings.attempts
        self._edns_size = EDNS_SIZE if edns else 0
        self._dnssec = dnssec
        self._cname_loops = cname_loops

    def query(self, name: str, rtype: str, *, timeout: float = 0, attempts: int = 0) -> Answer:
        """See `base.ports.Resolver.query`."""
        now = time.monotonic()
        kept = self.cache.get(name, rtype, now)
        if kept is not None:
            return kept
        answer = self._ask(name, rtype, timeout or self.timeout, attempts or self.attempts)
        self.cache.put(name, rtype, answer, now)
        return answer

    def _ask(self, name: str, rtype: str, timeout: float, attempts: int) -> Answer:
        try:
            type_ = Type[rtype.upper()]
        except KeyError:
            return Answer(Status.FAIL, name=name, why=f"unknown DNS type {rtype}")
        current, seen, secure = name, 0, True
        while True:
            try:
                answer, unfinished = self._exchange(current, type_, seen, timeout, attempts)
            except BadName:
                return nonexistent(name)
            secure = secure and answer.secure
            if not unfinished:
                break
            seen += 1
            if seen > self._cname_loops:
                return again(name, CNAME_LOOP)
            current = unfinished
        if answer.secure and not secure:
            answer = Answer(answer.status, answer.records, answer.name, False, answer.ttl, answer.why, answer.authority)
        return answer

    def _exchange(self, name: str, type_: int, seen: int, timeout: float, attempts: int) -> tuple[Answer, str]:
        """One question, to each server in turn, `attempts` times round."""
        edns_size = self._edns_size
        why = "no DNS server answered"
        servers = self.settings.servers
        first = self._next_server if self.settings.rotate else 0
        if self.settings.rotate:
            self._next_server = (first + 1) % len(servers)
        for _ in range(attempts):
            for offset in range(len(servers)):
                server = servers[(first + offset) % len(servers)]
                query = encode_query(
                    name, type_, secrets.randbelow(0x10000), edns_size=edns_size, dnssec=self._dnssec and edns_size > 0
                )
                try:
                    data = b"" if self.settings.use_tcp else self._udp(server, query, timeout)
                    truncated = not data or bool(data[2] & 2)
                    if truncated:
                        data = self._tcp(server, query, timeout)
                    response = decode_response(data)
                except NetworkError as error:
                    why = f"DNS server {server}: {error.message}"
                    continue
                except MalformedMessage as error:
                    why = f"DNS server {server}: {error.message}"
                    continue
                answer, unfinished = judge(response, name, type_, seen=seen)
                if answer.status is Status.AGAIN:
                    why = f"DNS server {server}: {answer.why}"
                    if response.rcode == 1 and edns_size:
                        edns_size = 0  # FORMERR: a server that knows no EDNS
                    continue
                return answer, unfinished
        return again(name, why), ""

    def _udp(self, server: str, query: bytes, timeout: float) -> bytes:
        raise NotImplementedError

    def _tcp(self, server: str, query: bytes, timeout: float) -> bytes:
        raise NotImplementedError


def _server_address(server: str) -> tuple[str, int]:
    """resolv.conf has addresses only; `[address]:port` lets tests and special set-ups name a port."""
    if server.startswith("["):
        address, _, port = server[1:].partition("]:")
        return address, int(port)
    return server, _PORT


def _udp_socket(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    except OSError as error:
        raise _failure(error) from None
    try:
        sock.connect(address)
    except OSError as error:
        sock.close()
        raise _failure(error) from None
    return sock


def _failure(error: OSError) -> NetworkError:
    code = error.errno or errno.EIO
    return NetworkError(os.strerror(code), code)


def _timed_out() -> NetworkError:
    return NetworkError(os.strerror(errno.ETIMEDOUT), errno.ETIMEDOUT, timed_out=True)


class DirectResolver(StubResolver):
    """Blocks. For the command line."""

    def _udp(self, server: str, query: bytes, timeout: float) -> bytes:
        with _udp_socket(_server_address(server)) as sock:
            deadline = time.monotonic() + timeout
            try:
                sock.send(query)
                while (left := deadline - time.monotonic()) > 0:
                    if not wait_for(sock.fileno(), READABLE, left):
                        break
                    data = sock.recv(65535)
                    if matches_query(query, data):
                        return data
            except OSError as error:
                raise _failure(error) from None
        raise _timed_out()

    def _tcp(self, server: str, query: bytes, timeout: float) -> bytes:
        try:
            with socket.create_connection(_server_address(server), timeout) as sock:
                sock.sendall(len(query).to_bytes(2, "big") + query)
                data = b""
                while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
                    more = sock.recv(65537)
                    if not more:
                        raise NetworkError("connection closed by the DNS server", errno.ECONNRESET)
                    data += more
        except TimeoutError:
            raise _timed_out() from None
        except OSError as error:
            raise _failure(error) from None
        return data[2:]


class LoopResolver(StubResolver):
    """Waits on the loop. Sessions that ask the same at the same time share one question."""

    def __init__(
        self,
        bridge: Bridge,
        net: LoopNetwork,
        settings: ResolverSettings,
        cache: AnswerCache | None = None,
        *,
        retrans: float = 0,
        retry: int = 0,
        edns: bool = True,
        dnssec: bool = False,
    ) -> None:
        super().__init__(settings, cache, retrans=retrans, retry=retry, edns=edns, dnssec=dnssec)
        self._bridge = bridge
        self._net = net
        self._asking: dict[tuple[str, str], list[Waiter]] = {}

    def _ask(self, name: str, rtype: str, timeout: float, attempts: int) -> Answer:
        if (timeout, attempts) != (self.timeout, self.attempts):
            # Whoever has a time of his own asks alone.
            return super()._ask(name, rtype, timeout, attempts)
        key = (name.lower(), rtype)
        others = self._asking.get(key)
        if others is not None:
            waiter = self._bridge.waiter()
            others.append(waiter)
            shared: Answer = waiter.wait()
            return shared
        waiting = self._asking[key] = []
        answer = again(name, "interrupted")
        try:
            answer = super()._ask(name, rtype, timeout, attempts)
        finally:
            del self._asking[key]
            for waiter in waiting:
                waiter.set(answer)
        return answer

    def _udp(self, server: str, query: bytes, timeout: float) -> bytes:
        loop = self._bridge.loop
        sock = _udp_socket(_server_address(server))
        waiter = self._bridge.waiter()
        descriptor = sock.fileno()

        # The loop's record of what is polled is changed in the hub only: while policy runs, the part of the C stack
        # on which libuv keeps its own state may be put aside.
        def begin() -> None:
            if waiter.ready:
                return
            loop.add_reader(descriptor, readable)
            try:
                sock.send(query)
            except OSError as error:
                end(_failure(error))

        def readable() -> None:
            try:
                data = sock.recv(65535)
            except BlockingIOError:
                return
            except OSError as error:
                end(_failure(error))
                return
            if matches_query(query, data):
                end(data)

        def end(result: bytes | Exception) -> None:
            if waiter.ready:
                return
            timer.cancel()
            loop.remove_reader(descriptor)
            sock.close()
            if isinstance(result, bytes):
                waiter.set(result)
            else:
                waiter.fail(result)

        timer = loop.call_later(timeout, end, _timed_out())
        loop.call_soon(begin)
        answer: bytes = waiter.wait()
        return answer

    def _tcp(self, server: str, query: bytes, timeout: float) -> bytes:
        address, port = _server_address(server)
        stream = self._net.connect(address, port, timeout=timeout)
        try:
            stream.send(len(query).to_bytes(2, "big") + query)
            data = b""
            while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
                more = stream.recv(timeout)
                if not more:
                    raise NetworkError("connection closed by the DNS server", errno.ECONNRESET)
                data += more
        finally:
            stream.close()
        return data[2:]
