"""Connections: base.ports.Stream over the loop's transports."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from typing import Any, Protocol, cast

from eximia.aio.bridge import Bridge, Waiter
from eximia.base.errors import NetworkError
from eximia.base.text import to_bytes

#: waits shorter than this get a timer of their own; longer ones are looked at once a second
PRECISE_TIMEOUT = 5.0
#: seconds between attempts to reach a Unix socket whose queue of connections is full: no descriptor tells of its end
FULL_QUEUE_PAUSE = 0.01
#: seconds that what was sent has to go out in after `close`, when the peer does not read
LINGER = 60.0
#: stop reading from a peer that sends more than this before policy takes it
READ_HIGH = 256 * 1024


class Waits(Protocol):
    """What waits until `deadline`, a time of the loop."""

    deadline: float

    def timed_out(self) -> None:
        """The deadline is over. It takes itself out of the ticker."""


class IdleTicker:
    """One timer for all long waits: a reply timer a connection and command would cost more than the reply."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: set[Waits] = set()
        self._running = False

    def add(self, stream: Waits) -> None:
        self._waiting.add(stream)
        if not self._running:
            self._running = True
            self._loop.call_later(1.0, self._tick)

    def remove(self, stream: Waits) -> None:
        self._waiting.discard(stream)

    def _tick(self) -> None:
        now = self._loop.time()
        for stream in [each for each in self._waiting if each.deadline <= now]:
            stream.timed_out()
        if self._waiting:
            self._loop.call_later(1.0, self._tick)
        else:
            self._running = False


class LoopStream(asyncio.Protocol):
    """One connection. Policy calls the methods of Stream, the loop those of Protocol."""

    def __init__(self, bridge: Bridge, ticker: IdleTicker) -> None:
        self._bridge = bridge
        self._ticker = ticker
        self._transport: asyncio.Transport | None = None
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._eof = False
        self._lost: NetworkError | None = None
        self._reader: Waiter | None = None
        self._writer: Waiter | None = None
        self._write_paused = False
        self._read_paused = False
        self._send_timeout = 300.0
        self.deadline = 0.0
        self.interrupted = False
        #: set by policy while it waits for something that it could do without, as a next command
        self.idle = False
        self.peer: tuple[str, int] = ("", 0)
        self.local: tuple[str, int] = ("", 0)

    # The loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.peer = _address(transport.get_extra_info("peername"))
        self.local = _address(transport.get_extra_info("sockname"))

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if reader is not None:
            self._reader = None
            self._ticker.remove(self)
            reader.set(data)
            return
        self._chunks.append(data)
        self._buffered += len(data)
        if self._buffered > READ_HIGH and not self._read_paused and self._transport is not None:
            self._read_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        self._eof = True
        self._end_read(b"")
        return True  # our direction stays open until policy closes it

    def connection_lost(self, exc: Exception | None) -> None:
        self._eof = True
        if exc is not None:
            code = getattr(exc, "errno", None) or errno.ECONNRESET
            self._lost = NetworkError(os.strerror(code), code)
        else:
            self._lost = NetworkError(os.strerror(errno.EPIPE), errno.EPIPE)
        self._transport = None
        writer, self._writer = self._writer, None
        if exc is not None and self._reader is not None:
            reader, self._reader = self._reader, None
            self._ticker.remove(self)
            reader.fail(self._lost)
        else:
            self._end_read(b"")
        if writer is not None:
            writer.fail(self._lost)

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.set()

    def timed_out(self) -> None:
        """The wait for input took too long."""
        reader, self._reader = self._reader, None
        self._ticker.remove(self)
        if reader is not None:
            reader.fail(NetworkError(os.strerror(errno.ETIMEDOUT), errno.ETIMEDOUT, timed_out=True))

    def _end_read(self, data: bytes) -> None:
        reader, self._reader = self._reader, None
        self._ticker.remove(self)
        if reader is not None:
            reader.set(data)

    # Policy's side

    def send(self, data: bytes) -> None:
        transport = self._transport
        if transport is None:
            raise self._lost or NetworkError(os.strerror(errno.EPIPE), errno.EPIPE)
        transport.write(data)
        if self._write_paused:
            waiter = self._writer = self._bridge.waiter()
            timer = self._bridge.loop.call_later(self._send_timeout or 86400.0, self._send_timed_out, waiter)
            try:
                waiter.wait()
            except NetworkError:
                # What a peer does not read would keep the connection open for as long as the peer likes.
                self.abort()
                raise
            finally:
                timer.cancel()
                self._writer = None

    @staticmethod
    def _send_timed_out(waiter: Waiter) -> None:
        waiter.fail(NetworkError(os.strerror(errno.ETIMEDOUT), errno.ETIMEDOUT, timed_out=True))

    def recv(self, timeout: float) -> bytes:
        chunks = self._chunks
        if chunks:
            data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            chunks.clear()
            self._buffered = 0
            if self._read_paused and self._transport is not None:
                self._read_paused = False
                self._transport.resume_reading()
            return data
        if self._eof:
            if self._lost is not None and self._lost.errno != errno.EPIPE:
                raise self._lost
            return b""
        if self.interrupted and self.idle:
            raise NetworkError(os.strerror(errno.ESHUTDOWN), errno.ESHUTDOWN)
        waiter = self._reader = self._bridge.waiter()
        if timeout <= 0:
            return cast("bytes", waiter.wait())
        if timeout >= PRECISE_TIMEOUT:
            self.deadline = self._bridge.loop.time() + timeout
            self._ticker.add(self)
            return cast("bytes", waiter.wait())
        timer = self._bridge.loop.call_later(timeout, self._precise_timeout, waiter)
        try:
            return cast("bytes", waiter.wait())
        finally:
            timer.cancel()

    def _precise_timeout(self, waiter: Waiter) -> None:
        if self._reader is waiter:
            self.timed_out()

    def pending(self) -> bool:
        return bool(self._chunks) or self._eof

    def unread(self, data: bytes) -> None:
        if data:
            self._chunks.insert(0, data)
            self._buffered += len(data)

    def interrupt(self) -> None:
        """The server is closing down: a wait for the peer's next command, now or later, ends by NetworkError with
        ESHUTDOWN. What is under way (`idle` is False) goes on."""
        self.interrupted = True
        if not self.idle:
            return
        reader, self._reader = self._reader, None
        self._ticker.remove(self)
        if reader is not None:
            reader.fail(NetworkError(os.strerror(errno.ESHUTDOWN), errno.ESHUTDOWN))

    def set_send_timeout(self, seconds: float) -> None:
        self._send_timeout = seconds

    def shutdown(self) -> None:
        if self._transport is not None and self._transport.can_write_eof():
            self._transport.write_eof()

    def close(self) -> None:
        transport = self._transport
        if transport is not None:
            transport.close()
            if transport.get_write_buffer_size():
                self._bridge.loop.call_later(LINGER, transport.abort)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def hand_over(self) -> asyncio.Transport | None:
        """The transport, for another protocol, and the stream is of no use any more; None when something has arrived
        already."""
        if self.pending():
            return None
        transport, self._transport = self._transport, None
        return transport

    def fileno(self) -> int:
        if self._transport is None:
            return -1
        sock = self._transport.get_extra_info("socket")
        return -1 if sock is None else cast("int", sock.fileno())

    @property
    def closed(self) -> bool:
        return self._transport is None


def _address(name: Any) -> tuple[str, int]:
    """(address, port) of a socket name; an IPv4 client on an IPv6 socket is shown as IPv4."""
    if isinstance(name, tuple):
        host = name[0]
        if host.startswith("::ffff:") and "." in host:
            host = host[7:]
        return host.partition("%")[0], name[1]
    if isinstance(name, bytes):
        return name.decode("latin-1"), 0
    return name or "", 0


class LoopNetwork:
    """base.ports.Network over the loop."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self.ticker = IdleTicker(bridge.loop)

    def new_stream(self) -> LoopStream:
        """The protocol object for a connection that a listener accepts."""
        return LoopStream(self._bridge, self.ticker)

    def connect(self, address: str, port: int, *, timeout: float, interface: str = "") -> LoopStream:
        sock = _new_socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            if interface:
                sock.bind((interface, 0))
            return self._connected(sock, (address, port), timeout)
        except OSError as error:
            sock.close()
            raise _network_error(error) from None
        except NetworkError:
            sock.close()
            raise

    def connect_unix(self, path: str, *, timeout: float) -> LoopStream:
        sock = _new_socket(socket.AF_UNIX)
        try:
            stream = self._connected(sock, to_bytes(path), timeout)
        except OSError as error:
            sock.close()
            raise _network_error(error) from None
        except NetworkError:
            sock.close()
            raise
        stream.peer = (path, 0)
        return stream

    def _connected(self, sock: socket.socket, target: Any, timeout: float) -> LoopStream:
        loop = self._bridge.loop
        waiter = self._bridge.waiter()
        code = sock.connect_ex(target)
        if code == errno.EAGAIN and sock.family == socket.AF_UNIX:
            ends = loop.time() + timeout if timeout > 0 else float("inf")
            while code == errno.EAGAIN:
                if loop.time() >= ends:
                    raise NetworkError(os.strerror(errno.ETIMEDOUT), errno.ETIMEDOUT, timed_out=True)
                self._bridge.sleep(FULL_QUEUE_PAUSE)
                code = sock.connect_ex(target)
        if code in (errno.EINPROGRESS, errno.EAGAIN):
            descriptor = sock.fileno()

            # The loop's record of what is polled is changed in the hub only: while policy runs, the part of the C
            # stack on which libuv keeps its own state may be put aside.
            def begin() -> None:
                if not waiter.ready:
                    loop.add_writer(descriptor, end, True)

            def end(writable: bool) -> None:
                if waiter.ready:
                    return
                if timer is not None:
                    timer.cancel()
                loop.remove_writer(descriptor)
                waiter.set(writable)

            timer = loop.call_later(timeout, end, False) if timeout > 0 else None
            loop.call_soon(begin)
            if not waiter.wait():
                raise NetworkError(os.strerror(errno.ETIMEDOUT), errno.ETIMEDOUT, timed_out=True)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise NetworkError(os.strerror(code), code)
        return self.adopt(sock)

    def adopt(self, sock: socket.socket) -> LoopStream:
        """A Stream over a connected non-blocking socket; it owns the socket from now on."""
        made = self._bridge.waiter()
        stream = self.new_stream()

        async def attach() -> None:
            try:
                if sock.family == socket.AF_UNIX:
                    await self._bridge.loop.create_unix_connection(lambda: stream, sock=sock)
                else:
                    await self._bridge.loop.create_connection(lambda: stream, sock=sock)
            except BaseException as error:  # noqa: BLE001  (raised in the policy that waits)
                made.fail(error)
            else:
                made.set()

        task = self._bridge.loop.create_task(attach())
        made.wait()
        del task
        return stream

    def send_udp(self, address: str, port: int, data: bytes) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sock:
            try:
                sock.sendto(data, (address, port))
            except OSError as error:
                raise _network_error(error) from None


def _new_socket(family: int) -> socket.socket:
    """Raises NetworkError: many sessions may have all descriptors."""
    try:
        return socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    except OSError as error:
        raise _network_error(error) from None


def _network_error(error: OSError) -> NetworkError:
    code = error.errno or errno.EIO
    return NetworkError(os.strerror(code), code, timed_out=code == errno.ETIMEDOUT)
