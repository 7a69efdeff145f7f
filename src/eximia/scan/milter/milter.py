"""One filter in one session: the conversation with it, and what it decides.

A filter that fails is out for the rest of the session; what becomes of the mail says its setting `default`.
"""

from __future__ import annotations

from collections.abc import Sequence

from eximia.base.errors import NetworkError, RemoteProtocolError
from eximia.base.namedtuple import NamedTuple
from eximia.base.ports import Stream
from eximia.context import Context
from eximia.message.header import Header
from eximia.protocols import milter as wire
from eximia.scan.edit import visible
from eximia.scan.servers import ScanError, connect

from .changes import apply
from .macros import values_for
from .settings import MilterSettings


class Decision(NamedTuple):
    """What ends a command or a message. `kind`: "reject", "tempfail", "discard" or "shutdown"; `text`: the reply, empty
    for the usual one; `who`: the filter."""

    kind: str
    code: str = ""
    text: str = ""
    who: str = ""


_DECISIONS = {b"r": "reject", b"t": "tempfail", b"d": "discard", b"4": "shutdown", b"f": "tempfail"}


class Milter:
    """See the module's docstring. The methods ask for one step; None: go on."""

    __slots__ = (
        "_accepted", "_agreed", "_done", "_in_message", "_reader", "_skipped", "_stream", "failed", "settings",
    )  # fmt: skip

    def __init__(self, settings: MilterSettings) -> None:
        self.settings = settings
        self._stream: Stream | None = None
        self._reader = wire.PacketReader()
        self._agreed = wire.Negotiated(0, 0, 0)
        #: it wants to hear no more of the connection
        self._done = False
        #: it wants to hear no more of the message
        self._accepted = False
        self._in_message = False
        #: it wants no more of the body
        self._skipped = False
        self.failed = False

    # The steps of a session

    def connect(self, ctx: Context, name: bytes, address: bytes, port: int) -> Decision | None:
        try:
            self._stream = connect(ctx, self.settings.server, self.settings.connect)
            self._stream.send(wire.offer())
            self._agreed = wire.read_negotiation(self._next())
        except (ScanError, NetworkError, RemoteProtocolError) as error:
            return self._fail(ctx, error)
        return self._step(ctx, wire.CONNECT, wire.connection(name, address, port))

    def helo(self, ctx: Context, name: bytes) -> Decision | None:
        return self._step(ctx, wire.HELO, wire.strings(name))

    def mail(self, ctx: Context, sender: bytes, parameters: Sequence[bytes]) -> Decision | None:
        self._in_message, self._accepted = True, False
        return self._step(ctx, wire.MAIL, wire.strings(b"<%s>" % sender, *parameters))

    def rcpt(self, ctx: Context, recipient: bytes, parameters: Sequence[bytes]) -> Decision | None:
        return self._step(ctx, wire.RCPT, wire.strings(b"<%s>" % recipient, *parameters))

    def data(self, ctx: Context) -> Decision | None:
        return self._step(ctx, wire.DATA, b"")

    def unknown(self, ctx: Context, command: bytes) -> Decision | None:
        return self._step(ctx, wire.UNKNOWN, wire.strings(command))

    def message(self, ctx: Context) -> Decision | None:
        """Header, body and end of the message; the changes are made."""
        decision = self._content(ctx)
        self._in_message = False
        return decision

    def abort(self) -> None:
        """The message comes to nothing."""
        if self._in_message and self._stream is not None:
            self._in_message = False
            try:
                self._stream.send(wire.packet(wire.ABORT))
            except NetworkError:
                self._drop()

    def quit(self) -> None:
        if self._stream is not None:
            try:
                self._stream.send(wire.packet(wire.QUIT))
                self._stream.close()
            except NetworkError:
                self._stream.abort()
            self._stream = None

    # How they are done

    def _content(self, ctx: Context) -> Decision | None:
        message = ctx.message
        steps = [(wire.HEADER, self._header(header)) for header in visible(message)]
        for letter, data in [*steps, (wire.EOH, b"")]:
            decision = self._step(ctx, letter, data)
            if decision is not None or self._silent:
                return decision
        if self._agreed.wants(wire.BODY):
            body = message.body.text().replace(b"\n", b"\r\n")
            for start in range(0, len(body), wire.CHUNK):
                decision = self._step(ctx, wire.BODY, body[start : start + wire.CHUNK])
                if decision is not None or self._silent:
                    return decision
                if self._skipped:
                    break
        return self._step(ctx, wire.END, b"")

    def _header(self, header: Header) -> bytes:
        value = header.body.rstrip("\n")
        if not self._agreed.steps & wire.LEADING_SPACE:
            value = value.removeprefix(" ")
        name = header.text.partition(":")[0].rstrip(" \t")
        return wire.strings(name.encode("latin-1"), value.encode("latin-1"))

    @property
    def _silent(self) -> bool:
        return self._done or self._accepted or self._stream is None

    def _step(self, ctx: Context, letter: bytes, data: bytes) -> Decision | None:
        """Send a command with its macros and take the answer."""
        stream = self._stream
        if stream is None or self._silent or (letter != wire.END and not self._agreed.wants(letter)):
            return None
        self._skipped = False
        try:
            stream.send(wire.macros(letter, values_for(ctx, letter, self._agreed)) + wire.packet(letter, data))
            if letter != wire.END and not self._agreed.answers(letter):
                return None
            return self._answer(ctx, letter)
        except (NetworkError, RemoteProtocolError) as error:
            return self._fail(ctx, error)

    def _answer(self, ctx: Context, letter: bytes) -> Decision | None:
        """Raises NetworkError, RemoteProtocolError."""
        changes: list[wire.Change] = []
        while True:
            said = self._next()
            kind = said.letter
            if kind == b"p":
                continue
            change = wire.read_change(said, self._agreed.actions) if letter == wire.END else None
            if change is not None:
                changes.append(change)
                continue
            break
        if kind == b"a":
            self._done = self._done or letter in (wire.CONNECT, wire.HELO)
            self._accepted = True
        elif kind == b"s" and letter == wire.BODY:
            self._skipped = True
        elif kind == b"y":
            code, text = wire.read_reply_code(said.data)
            return Decision("reject" if code[0] == "5" else "tempfail", code, text, self.settings.name)
        elif kind in _DECISIONS:
            return Decision(_DECISIONS[kind], who=self.settings.name)
        elif kind not in (b"c", b"s"):
            raise RemoteProtocolError(f"unknown answer {kind!r}")
        apply(ctx, changes, self.settings.name)
        return None

    def _next(self) -> wire.Packet:
        """Raises NetworkError, RemoteProtocolError."""
        assert self._stream is not None
        while (found := self._reader.next()) is None:
            data = self._stream.recv(self.settings.timeout)
            if not data:
                raise NetworkError("connection closed")
            self._reader.feed(data)
        return found

    def _fail(self, ctx: Context, error: ScanError | NetworkError | RemoteProtocolError) -> Decision | None:
        name, default = self.settings.name, self.settings.default
        ctx.process.log.main(f"milter {name}: {error.message} (default: {default})", ctx.message.id)
        self.failed = True
        self._drop()
        return None if default == "accept" else Decision(default, who=name)

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.abort()
            self._stream = None
