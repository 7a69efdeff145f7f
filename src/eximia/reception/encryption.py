"""TLS for incoming connections: whom we ask for what, the handshake, and what the session learns from it (manual 43).

The library's side is `tls`; here are the options, the ACLs' facts and the log.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, ForcedFailure, NetworkError
from eximia.base.template import Template
from eximia.context.session import TlsFacts
from eximia.logs.lines import smtp as lines
from eximia.tls.binding import TlsUnavailable, is_built
from eximia.tls.contexts import ServerContext, contexts_of, options_of
from eximia.tls.engine import LABEL_SIZE, Chain, Engine, TlsError, Verify
from eximia.tls.facts import facts_of
from eximia.tls.reading import depends_on_name, read_file, read_files, read_protocols, read_staples
from eximia.tls.settings import ServerSettings, TlsConfigError
from eximia.tls.stream import TlsStream

from .ending import SessionOver

if TYPE_CHECKING:
    from .session import SmtpSession

#: options that are expanded for each client, and those that only matter when its certificate is asked for
_EXPANDED = (
    "tls_certificate",
    "tls_privatekey",
    "tls_require_ciphers",
    "tls_alpn",
    "tls_ocsp_file",
    "tls_dhparam",
    "tls_eccurve",
)
_ABOUT_CLIENTS = ("tls_verify_certificates", "tls_crl")


class Encryption:
    """`extensions.ServerTls`. Stateless; contexts belong to the process."""

    __slots__ = ()

    def available(self, session: SmtpSession) -> bool:
        """Whether TLS can be started on this session's stream."""
        return is_built()

    def start(self, session: SmtpSession, *, on_connect: bool, early: bytes = b"") -> bool:
        """See `extensions.ServerTls`."""
        start = _Start(session, on_connect=on_connect)
        try:
            context = start.context()
        except (TlsConfigError, TlsUnavailable) as error:
            start.note(start.told(error) if isinstance(error, TlsConfigError) else f"({error})")
            if on_connect:
                raise SessionOver("", rejected=True) from None
            session.reply("454", "TLS currently unavailable")
            return False
        if not on_connect:
            session.reply("220", "TLS go ahead")
            session.flush()
            # What was sent ahead is not under TLS's protection: nobody shall read it as if it were (RFC 3207 4.2).
            session.server.discard()
        return start.handshake(context, early)


class _Start:
    """One handshake with a client."""

    def __init__(self, session: SmtpSession, *, on_connect: bool) -> None:
        self.session = session
        self.on_connect = on_connect
        self.main = session.main
        self.facts = session.ctx.session
        self.verify = Verify.IGNORE
        if session.policy.host_in(session.ctx, "tls_verify_hosts"):
            self.verify = Verify.REQUIRE
        elif session.policy.host_in(session.ctx, "tls_try_verify_hosts"):
            self.verify = Verify.TRY
        self.resumes = session.policy.host_in(session.ctx, "tls_resumption_hosts")

    # The context

    def value(self, option: str, unset: str = "") -> str:
        """The expansion of an option; `unset` when it is not set or forced to fail. Raises TlsConfigError."""
        template: Template | None = getattr(self.main, option)
        if template is None:
            return unset
        try:
            return self.session.policy.expand(self.session.ctx, template)
        except ForcedFailure:
            return unset
        except ExpansionError as error:
            raise TlsConfigError.expansion(option, error.message) from error

    def settings(self) -> ServerSettings:
        """The options as they are for this client. Raises TlsConfigError."""
        asks = self.verify is not Verify.IGNORE
        fixed: dict[bool, ServerSettings | None] = self.session.process.caches.setdefault("tls.server", {})
        if asks not in fixed:
            named = (*_EXPANDED, *(_ABOUT_CLIENTS if asks else ()))
            alike = all(_is_constant(getattr(self.main, name)) for name in named)
            fixed[asks] = self._expanded(asks) if alike else None
        return fixed[asks] or self._expanded(asks)

    def _expanded(self, asks: bool, first: ServerSettings | None = None) -> ServerSettings:
        """The options expanded; after SNI those that may depend on it, the others as they were `first` (43.12)."""
        if first is None:
            first = ServerSettings(
                ciphers=str(self.value("tls_require_ciphers").strip()),
                alpn=read_protocols(self.value("tls_alpn")),
                options=options_of(self.session.process),
                self_signed=str(self.session.process.primary_hostname)[:64],
                dh=read_file(self.value("tls_dhparam"), "tls_dhparam"),
                dh_most_bits=self.main.tls_dh_max_bits,
                curves=str(self.value("tls_eccurve", "auto").strip()),
            )
        return ServerSettings(
            certificates=read_files(self.value("tls_certificate"), "tls_certificate"),
            keys=read_files(self.value("tls_privatekey"), "tls_privatekey"),
            ciphers=first.ciphers,
            trust=read_file(self.value("tls_verify_certificates"), "tls_verify_certificates") if asks else "",
            crl=read_file(self.value("tls_crl"), "tls_crl") if asks else "",
            alpn=first.alpn,
            options=first.options,
            self_signed=first.self_signed,
            staples=read_staples(self.value("tls_ocsp_file")),
            dh=first.dh,
            dh_most_bits=first.dh_most_bits,
            curves=first.curves,
        )

    def context(self) -> ServerContext:
        """Raises TlsConfigError."""
        return contexts_of(self.session.process).server(self.settings())

    def label(self, context: ServerContext) -> bytes:
        """What a session ticket is good for: these certificates, and the same questions about the client's."""
        label = context.labels.get(self.verify)
        if label is None:
            settings = context.settings
            rules = repr((settings.certificates, settings.trust, settings.crl, int(self.verify)))
            label = context.labels[self.verify] = hashlib.sha256(rules.encode("latin-1")).digest()[:LABEL_SIZE]
        return label

    # The handshake

    def handshake(self, context: ServerContext, early: bytes) -> bool:
        """Whether `early` went with it. Raises SessionOver when it fails."""
        session = self.session
        engine = Engine(context, verify=self.verify)
        if self.resumes:
            engine.tickets(True, self.label(context))
        if early and self.verify is not Verify.REQUIRE:
            engine.speak_early(early)
        stream = TlsStream(session.stream, engine)
        named = self.main.tls_certificate
        by_name = named is not None and not named.constant and depends_on_name(named.text)
        try:
            stream.handshake(session.timeout, at_hello=self.renamed if by_name else None)
        except TlsError as error:
            self.failed(engine, error.text)
        except TlsConfigError as error:
            self.failed(engine, self.told(error))
        except NetworkError as error:
            self.failed(engine, "timed out" if error.timed_out else error.message)
        stream.on_trouble = self.broken
        session.stream = session.encrypted = stream
        self.facts.tls_in = facts_of(engine, on_connect=self.on_connect)
        self.look(engine)
        self.authenticate()
        return bool(early) and engine.spoke_early

    def renamed(self, engine: Engine) -> None:
        """The client has said which server it wants. Raises TlsConfigError, TlsError."""
        name = engine.text("server_name")
        if not name:
            return
        self.facts.tls_in = TlsFacts(sni=name)
        first = engine.context.settings
        assert isinstance(first, ServerSettings)
        again = self._expanded(self.verify is not Verify.IGNORE, first)
        context = contexts_of(self.session.process).server(again)
        engine.use_context(context, verify=self.verify)
        engine.tickets(self.resumes, self.label(context))

    def look(self, engine: Engine) -> None:
        """Policy about the client's certificate and protocol. Raises SessionOver."""
        session = self.session
        facts = self.facts.tls_in
        if session.policy.host_in(session.ctx, "hosts_require_alpn") and not engine.alpn():
            self.failed(engine, "(handshake): ALPN required but not negotiated")
        if self.main.event_action is None or not facts.peer_certificate:
            return
        leaf = facts.peer_certificate
        try:
            for at in reversed(range(engine.chain_length(Chain.VERIFIED))):
                facts.peer_certificate = engine.certificate(Chain.VERIFIED, at)
                refusal = session.policy.event(session.ctx, "tls:cert", str(at))
                if refusal:
                    session.process.log.main(
                        f"[{self.facts.sender_host_address}] SSL verify denied by event-action: depth={at} "
                        f"cert={engine.subject(Chain.VERIFIED, at)}: {refusal}"
                    )
                    facts.certificate_verified = False
                    if self.verify is Verify.REQUIRE:
                        self.failed(engine, "certificate refused by event-action")
                    return
        finally:
            facts.peer_certificate = leaf

    def authenticate(self) -> None:
        """The tls authenticator, which looks at the certificate."""
        session = self.session
        for one in session.process.config.authenticators:
            if one.driver == "tls":
                break
        else:
            return
        from eximia.authenticators.server import authenticate_tls

        trouble = authenticate_tls(session.ctx)
        if trouble:
            session.process.log.main(f"tls authenticator deferred for {session.peer()}: {trouble}")
            raise SessionOver("tls-failed", reply=("435", "Unable to authenticate at present"))

    # What goes wrong

    def told(self, error: TlsConfigError) -> str:
        """What is to be noted of a setting, when its own line is written."""
        if error.fault:
            self.session.process.log.panic(error.fault, self.session.shown_id)
        return error.shown()

    def note(self, text: str) -> None:
        """The log line of a failure."""
        self.session.process.log.main(
            f"TLS error on connection from {self.session.peer()} {text}", self.session.shown_id
        )

    def verify_line(self, text: str) -> None:
        self.session.process.log.main(
            f"[{self.facts.sender_host_address}] SSL verify error: {text}", self.session.shown_id
        )

    def failed(self, engine: Engine, text: str) -> None:
        """Log, tell, and end the session. Raises SessionOver."""
        session = self.session
        process = session.process
        facts = self.facts.tls_in = TlsFacts(sni=engine.text("server_name"))
        facts.peerdn = engine.subject(Chain.SENT)
        facts.peer_certificate = engine.certificate(Chain.SENT)
        code, depth, why = engine.verify_error()
        if code and engine.chain_length(Chain.BAD):
            self.verify_line(f"depth={depth} error={why} cert={engine.subject(Chain.BAD)}")
        declined = engine.text("declined")
        if declined:
            process.log.main(f"TLS ALPN ({declined}) rejected", session.shown_id)
        text = text if text.startswith("(") else f"(SSL_accept): {text}"
        session.policy.event(session.ctx, "tls:fail:connect", text)
        self.note(text)
        if self.on_connect:
            raise SessionOver("", rejected=True)
        if process.log.selectors.smtp_connection and not self.facts.notes.get("connection_nolog"):
            process.log.main(lines.closed(self.facts, process.log.selectors, "closed by EOF"), session.shown_id)
        raise SessionOver("tls-failed")

    def broken(self, error: TlsError) -> None:
        """The encrypted connection broke later."""
        self.note(f"(SSL_read): {error.text}")


def _is_constant(template: Template | None) -> bool:
    return template is None or template.constant


ENCRYPTION = Encryption()
