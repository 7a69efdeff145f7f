"""One TLS connection, without a socket: ciphertext in, plaintext out, and back.

The caller moves bytes. Where the handshake needs policy it pauses (`Step.HELLO`, `Step.VERIFY`), so that nothing waits
inside the library. What the connection turned out to be is in `facts`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from eximia.base.namedtuple import NamedTuple
from eximia.base.text import Untainted

from .binding import binding, last_error
from .contexts import BUFFER, Context, Suite


class Step(IntEnum):
    """How far a call came (`enum tls_step`)."""

    DONE = 0
    #: more input is needed
    WANT = 1
    #: the client's hello is here; `server_name` is known, another context may be chosen
    HELLO = 2
    #: the server's chain is good; somebody may look at it
    VERIFY = 3
    #: the peer has said that it has nothing more to say
    CLOSED = 4
    #: the connection ended without a word
    CUT = 5
    FAILED = 6


class Verify(IntEnum):
    """What becomes of a peer whose certificate cannot be verified (`enum tls_verify`)."""

    IGNORE = 0
    TRY = 1
    REQUIRE = 2


class Chain(IntEnum):
    """Which certificates (`enum tls_chain`)."""

    OURS = 0
    SENT = 1
    VERIFIED = 2
    #: the one that the first error is about
    BAD = 3


class Outcome(NamedTuple):
    """What a handshake came to."""

    suite: Suite
    verified: bool
    #: $tls_out_ocsp or $tls_in_ocsp
    ocsp: int
    #: the bits of $tls_out_resumption or $tls_in_resumption
    resumption: int
    #: the peer sent a certificate
    has_peer: bool
    #: the client said which server it wants
    named: bool
    #: the certificate that we sent, as DER
    ours: bytes


class TlsError(Exception):
    """The handshake or the connection failed; the text is the library's. `cut`: the peer just went away."""

    def __init__(self, text: str, *, cut: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.cut = cut


LABEL_SIZE = 16
#: what `verify_error` says of a certificate for another name or address (X509_V_ERR_HOSTNAME_MISMATCH, _IP_ADDRESS_)
NAME_MISMATCH = (62, 64)
_MOST_BYTES = 65536
_STEPS = tuple(Step)
#: as numbers, which are compared without a call
_DONE, _WANT = int(Step.DONE), int(Step.WANT)


class Engine:
    """See the module's docstring."""

    __slots__ = (
        "_buffer", "_contexts", "_counts", "_ffi", "_flight", "_lib", "_more", "_view", "answers", "closed", "context",
        "done", "handle", "taken", "unread",
    )  # fmt: skip

    def __init__(self, context: Context, *, verify: Verify = Verify.IGNORE) -> None:
        """Raises TlsError."""
        self._ffi, self._lib = binding()
        self.context = context
        self._contexts = [context]  # the library keeps pointers into them
        # Others use them too, between two calls of ours.
        self._buffer, self._view, self._counts = context.buffer, context.view, context.counts
        handle = self._lib.tls_connection_new(context.handle, int(verify))
        if handle == self._ffi.NULL:
            raise TlsError(last_error())
        self.handle = self._ffi.gc(handle, self._lib.tls_connection_free)
        #: what is to be sent and was taken from the library already, and whether the library has more
        self._flight = b""
        self._more = False
        #: the handshake is finished
        self.done = False
        #: something has come behind the end of the handshake, for `read`
        self.unread = False
        #: the peer has ended its direction properly
        self.closed = False
        #: `outgoing` has something, after a `handshake` or a `read`
        self.answers = False
        #: how far in its data the last `encrypt` came
        self.taken = 0

    # Before the handshake

    def pause(self, *, at_hello: bool = False, at_verify: bool = False) -> None:
        self._lib.tls_pause(self.handle, int(at_hello), int(at_verify))

    def tickets(self, wanted: bool, label: bytes = bytes(LABEL_SIZE)) -> None:
        """Make and take session tickets; those of a server serve only under the same label."""
        assert len(label) == LABEL_SIZE
        self._lib.tls_tickets(self.handle, int(wanted), label)

    def check_name(self, name: str) -> None:
        """The certificate must name one of the names given so. Raises TlsError for what is no name."""
        if "\0" in name or not self._lib.tls_check_name(self.handle, name.encode("latin-1")):
            raise TlsError(last_error() or f'"{name}" is no name for a certificate')

    def send_name(self, name: str) -> None:
        """SNI."""
        self._lib.tls_send_name(self.handle, name.encode("latin-1"))

    def use_dane(self, domain: str) -> None:
        """Verify by TLSA records, which follow by `add_tlsa`. Raises TlsError."""
        if not self._lib.tls_dane(self.handle, domain.encode("latin-1")):
            raise TlsError(last_error())

    def add_tlsa(self, usage: int, selector: int, matching: int, data: bytes) -> bool:
        """Whether the record can be used."""
        return bool(self._lib.tls_tlsa(self.handle, usage, selector, matching, data, len(data)))

    def ask_ocsp(self, *, required: bool, skew: int = 300) -> None:
        self._lib.tls_ask_ocsp(self.handle, int(required), skew)

    def resume(self, session: bytes) -> bool:
        """Offer a kept session; whether it could be read."""
        return bool(self._lib.tls_resume(self.handle, session, len(session)))

    # In its pauses

    def use_context(self, context: Context, *, verify: Verify) -> None:
        """After HELLO: go on with this context. Raises TlsError."""
        self._lib.tls_set_verify(self.handle, int(verify))
        if not self._lib.tls_switch(self.handle, context.handle):
            raise TlsError(last_error())
        self._contexts.append(context)
        self.context = context

    def refuse(self) -> None:
        """After VERIFY: the chain is not to be trusted after all."""
        self._lib.tls_refuse(self.handle)

    # Moving bytes

    def speak_early(self, text: bytes) -> None:
        """Before a server's handshake: send the text with our part of it, which only TLS 1.3 can do."""
        self._lib.tls_speak_early(self.handle, text, len(text))

    @property
    def spoke_early(self) -> bool:
        """Whether the text of `speak_early` has gone out."""
        return bool(self._lib.tls_spoke_early(self.handle))

    def handshake(self, data: bytes = b"") -> Step:
        """Go on with what has arrived: DONE, WANT, HELLO or VERIFY. Raises TlsError; there may be an alert to send."""
        counts = self._counts
        step: Step = _STEPS[self._lib.tls_handshake(self.handle, data, len(data), self._buffer, BUFFER, counts)]
        self._leave(counts[0], counts[2] > 0)
        if step is Step.DONE:
            self.done = True
            self.unread = counts[1] > 0
        elif step > Step.VERIFY:
            self._failed(step)
        return step

    def _leave(self, size: int, more: bool) -> None:
        """So many bytes in the buffer are for the peer, and there may be more."""
        if size:
            self._flight += self._view[:size]
        self._more = more
        self.answers = more or bool(self._flight)

    def read(self, data: bytes = b"") -> bytes:
        """The plaintext of what has arrived; may be empty. `closed` tells when it was the last, `answers` whether the
        library has something to send. Raises TlsError."""
        counts, view = self._counts, self._view
        code = self._lib.tls_read(self.handle, data, len(data), self._buffer, BUFFER, counts)
        text: bytes = view[: counts[0]]
        if counts[1]:
            self.answers = self._more = True
        if code == _WANT:
            return text
        parts = [text]
        while code == _DONE:
            code = self._lib.tls_read(self.handle, b"", 0, self._buffer, BUFFER, counts)
            if counts[1]:
                self.answers = self._more = True
            parts.append(view[: counts[0]])
        if code == Step.CLOSED:
            self.closed = True
        elif code != _WANT:
            # What came before the trouble is given first; the trouble comes again with the next call.
            if any(parts):
                return b"".join(parts)
            self._failed(_STEPS[code])
        return b"".join(parts)

    def encrypt(self, data: bytes, start: int = 0) -> bytes:
        """What is to be sent for the data from `start` on, after all that waits to be sent. `taken` tells how far it
        came: to the end, or for long data to where the next call has to start. Raises TlsError."""
        counts = self._counts
        code = self._lib.tls_write(self.handle, data, start, len(data), self._buffer, BUFFER, counts)
        if code != _DONE:
            self._failed(_STEPS[code])
        self.taken = counts[1]
        text: bytes = self._view[: counts[0]]
        if not self.answers:
            return text
        flight, self._flight = self._flight, b""
        self.answers = self._more = False
        return flight + text

    def outgoing(self) -> bytes:
        """What is to be sent to the peer now."""
        flight, self._flight = self._flight, b""
        self.answers = False
        if not self._more:
            return flight
        self._more = False
        buffer, view = self._buffer, self._view
        parts = [flight]
        while size := self._lib.tls_output(self.handle, buffer, BUFFER):
            parts.append(view[:size])
        return b"".join(parts)

    def end_of_input(self) -> None:
        """The peer's side of the connection is closed."""
        self._lib.tls_end_of_input(self.handle)

    def left_over(self) -> bytes:
        """After `closed`: what has come behind the peer's farewell, in clear."""
        parts = []
        while size := self._lib.tls_left_over(self.handle, self._buffer, BUFFER):
            parts.append(self._view[:size])
        return b"".join(parts)

    def close(self) -> None:
        """End our direction: `outgoing` then has the farewell."""
        counts = self._counts
        self._lib.tls_close(self.handle, self._buffer, BUFFER, counts)
        self._leave(counts[0], counts[1] > 0)

    def _failed(self, step: Step) -> None:
        text = last_error(of_tls=True)
        if step is Step.CUT or step is Step.CLOSED:
            raise TlsError(text or "the peer closed the connection", cut=True)
        raise TlsError(text or "unknown error")

    # What came of it

    def text(self, name: str) -> str:
        """A fact of the binding that is a text: `version`, `cipher`, `cipher_standard`, `group`, `server_name`..."""
        return str(self._ffi.string(getattr(self._lib, f"tls_{name}")(self.handle)).decode("latin-1"))

    def number(self, name: str) -> int:
        """A fact that is a number: `resumption_bits`, `verified`."""
        return int(getattr(self._lib, f"tls_{name}")(self.handle))

    def outcome(self) -> Outcome:
        """What the handshake came to."""
        context = self.context
        found = context.outcome
        self._lib.tls_summary(self.handle, found)
        kind = (found.version, found.cipher)
        suite = context.suites.get(kind)
        if suite is None:
            version = self.text("version").replace("TLSv", "TLS")
            version += "" if "." in version else ".0"
            cipher = f"{version}:{self.text('cipher')}:{found.bits}"
            standard = self.text("cipher_standard")
            suite = Suite(Untainted(version), Untainted(cipher), Untainted(standard), found.bits)
            context.suites[kind] = suite
        ours = b""
        if found.our_certificate:
            known = context.sent.get(found.our_certificate)
            ours = context.sent[found.our_certificate] = self.certificate(Chain.OURS) if known is None else known
        return Outcome(
            suite, bool(found.verified), found.ocsp, found.resumption, bool(found.has_peer), bool(found.named), ours
        )

    def alpn(self) -> str:
        """The protocol agreed on by ALPN."""
        space = self._ffi.new("unsigned char[256]")
        return bytes(self._ffi.buffer(space, self._lib.tls_alpn(self.handle, space, 256))).decode("latin-1")

    def verify_error(self) -> tuple[int, int, str]:
        """(code, depth, text) of the first thing wrong with the peer's chain; code 0: nothing."""
        depth = self._ffi.new("int *")
        code = self._lib.tls_verify_error(self.handle, depth)
        return int(code), int(depth[0]), str(self._ffi.string(self._lib.tls_verify_text(code)).decode("latin-1"))

    def dane_match(self) -> tuple[int, int, int, int] | None:
        """(depth, usage, selector, matching type) of the certificate that a TLSA record matched."""
        new: Any = self._ffi.new
        usage, selector, matching = new("int *"), new("int *"), new("int *")
        depth = self._lib.tls_dane_match(self.handle, usage, selector, matching)
        return None if depth < 0 else (int(depth), int(usage[0]), int(selector[0]), int(matching[0]))

    def ocsp(self) -> tuple[int, str]:
        """($tls_out_ocsp or $tls_in_ocsp, why)."""
        why = self._ffi.new("char[256]")
        state = self._lib.tls_ocsp_state(self.handle, why, 256)
        return int(state), str(self._ffi.string(why).decode("latin-1"))

    def chain_length(self, chain: Chain) -> int:
        return int(self._lib.tls_chain_length(self.handle, int(chain)))

    def certificate(self, chain: Chain, index: int = 0) -> bytes:
        """DER; empty when there is none."""
        space = self._ffi.new("unsigned char[]", 4096)
        size = self._lib.tls_certificate(self.handle, int(chain), index, space, 4096)
        if size > 4096:
            space = self._ffi.new("unsigned char[]", size)
            self._lib.tls_certificate(self.handle, int(chain), index, space, size)
        return bytes(self._ffi.buffer(space, size))

    def subject(self, chain: Chain, index: int = 0) -> str:
        """The distinguished name as `/C=UK/CN=mail.example.org`."""
        space = self._ffi.new("char[1024]")
        size = self._lib.tls_subject(self.handle, int(chain), index, space, 1024)
        return bytes(self._ffi.buffer(space, size)).decode("latin-1")

    def channel_binding(self) -> bytes:
        """tls-exporter (RFC 9266) with TLS 1.3, else tls-unique (RFC 5929)."""
        exporter = self.text("version") == "TLSv1.3"
        space = self._ffi.new("unsigned char[64]")
        size = self._lib.tls_channel_binding(self.handle, int(exporter), space, 64)
        return bytes(self._ffi.buffer(space, size))

    def sessions(self) -> list[tuple[bytes, int]]:
        """Client: sessions that came since the last call, as ASN.1, each with the time it is good until."""
        found: list[tuple[bytes, int]] = []
        expires = self._ffi.new("long *")
        space = self._ffi.new("unsigned char[]", _MOST_BYTES)
        while size := self._lib.tls_take_session(self.handle, space, _MOST_BYTES, expires):
            found.append((bytes(self._ffi.buffer(space, size)), int(expires[0])))
        return found
