"""The TLS handshake with a server: settings, what is asked of the certificate, what came of it (manual 43.10).

When TLS is wanted, and what happens when it fails, is `encryption`'s part; TLSA records are `dane`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError, ForcedFailure, NetworkError
from eximia.base.template import Template
from eximia.context.session import TlsFacts
from eximia.tls.binding import TlsUnavailable
from eximia.tls.contexts import contexts_of, options_of
from eximia.tls.engine import NAME_MISMATCH, Chain, Engine, TlsError, Verify
from eximia.tls.facts import facts_of
from eximia.tls.reading import read_file, read_protocols
from eximia.tls.settings import ClientSettings, TlsConfigError
from eximia.tls.stream import TlsStream
from eximia.transports.strings import expand, host_matches

from .connection import raised
from .dane import Dane
from .sessions import Sessions, server_name
from .tls_report import result_of

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Host

    from .connection import Connection

#: `hosts_request_ocsp` as it is by default, and what that means with DANE (manual 43.18): a status is only of use
#: when an authority of the records issued the certificate
_ASK_ALWAYS = "*"
_ONLY_DANE_TA = 4
#: an option that the log names after its variable
_SHOWN_AS = {"tls_sni": "tls_out_sni"}
#: bit of $tls_out_resumption: we asked for a ticket
_TICKET_REQUESTED = 2


class HandshakeError(Exception):
    """TLS could not be started; `text` is for the log (`(SSL_connect): error:...`), `result` for TLS reports."""

    def __init__(self, text: str, result: str = "validation-failure") -> None:
        super().__init__(text)
        self.text = text
        self.result = result


class Handshake:
    """One attempt to start TLS on a connection."""

    def __init__(self, ctx: Context, connection: Connection, options: Any, dane: Dane | None) -> None:
        self.ctx = ctx
        self.connection = connection
        self.options = options
        self.host: Host = connection.host
        #: usable TLSA records, or proof that there are records of which none is usable
        self.dane = dane
        self.authenticates = dane is not None and bool(dane.records)
        #: `tls_verify_hosts` names the server: whoever has no authorities to trust cannot verify it
        self.insists = False
        self.verify = self._verify_mode()
        self.facts = TlsFacts()
        #: what TLS reports call the trouble with the certificate
        self.result = "validation-failure"

    # What the options say

    def matches(self, option: str) -> bool:
        """Is the server in a host list?"""
        return host_matches(self.ctx, getattr(self.options, option), self.host.name, self.host.address)

    def value(self, option: str) -> str:
        """The expansion of an option; empty when it is unset or forced to fail. Raises TlsConfigError."""
        template: Template | None = getattr(self.options, option)
        if template is None:
            return ""
        try:
            return expand(template, self.ctx)
        except ForcedFailure:
            return ""
        except ExpansionError as error:
            raise TlsConfigError.expansion(_SHOWN_AS.get(option, option), error.message) from error

    def _verify_mode(self) -> Verify:
        options = self.options
        if self.dane is not None:
            # No usable record: TLS all the same, without knowing to whom (RFC 7672 2.2).
            return Verify.REQUIRE if self.authenticates else Verify.IGNORE
        if self.connection.sts:
            return Verify.REQUIRE
        if _is_unset(options.tls_verify_hosts) and _is_unset(options.tls_try_verify_hosts):
            return Verify.REQUIRE
        if self.matches("tls_verify_hosts"):
            self.insists = True
            return Verify.REQUIRE
        return Verify.TRY if self.matches("tls_try_verify_hosts") else Verify.IGNORE

    def settings(self) -> ClientSettings:
        """Raises TlsConfigError."""
        certificate = read_file(self.value("tls_certificate"), "tls_certificate")
        key = read_file(self.value("tls_privatekey"), "tls_privatekey")
        ciphers = ""
        if self.dane is not None:
            ciphers = self.value("dane_require_tls_ciphers").strip()
        trusts = self.dane is None and self.verify is not Verify.IGNORE
        return ClientSettings(
            certificates=(certificate,) if certificate else (),
            keys=(key,) if certificate and key else (),
            ciphers=str(ciphers or self.value("tls_require_ciphers").strip()),
            trust=self._trust() if trusts else "",
            crl=read_file(self.value("tls_crl"), "tls_crl") if trusts else "",
            alpn=read_protocols(self.value("tls_alpn")),
            options=options_of(self.ctx.process),
        )

    def _trust(self) -> str:
        found = read_file(self.value("tls_verify_certificates"), "tls_verify_certificates")
        return found or ("system" if self.connection.sts else "")

    def ocsp(self) -> tuple[bool, bool]:
        """(a status is asked for, it is required)."""
        if self.matches("hosts_require_ocsp"):
            return True, True
        template: Template = self.options.hosts_request_ocsp
        if self.dane is not None and template.text == _ASK_ALWAYS:
            return self.dane.usages in (0, _ONLY_DANE_TA), False
        return self.matches("hosts_request_ocsp"), False

    # The handshake

    def run(self, *, on_connect: bool) -> None:
        """Put the encrypted stream into the connection, and its facts. Raises HandshakeError."""
        ctx = self.ctx
        ctx.address.tls_out = self.facts
        try:
            self._run(on_connect=on_connect)
        except TlsError as error:
            raise HandshakeError(f"(SSL_connect): {error.text}", self.result) from error
        except TlsConfigError as error:
            if error.fault and ctx.process.log is not None:
                ctx.process.log.panic(error.fault, ctx.message.id)
            raise HandshakeError(error.shown()) from error
        except TlsUnavailable as error:
            raise HandshakeError(f"({error})") from error
        except NetworkError as error:
            why = "timed out" if error.timed_out else error.message
            raise HandshakeError(f"(SSL_connect): {why}") from error

    def _run(self, *, on_connect: bool) -> None:
        ctx, facts = self.ctx, self.facts
        settings = self.settings()
        facts.resumption = 1
        if not settings.trust and self.dane is None and not self.insists:
            self.verify = Verify.IGNORE
        engine = Engine(contexts_of(ctx.process).client(settings), verify=self.verify)
        names = self._names(engine)
        if self.dane is not None:
            facts.sni = self.dane.base
            facts.tlsa_usage = self.dane.usages
        else:
            facts.sni = self.value("tls_sni").strip()
        if facts.sni:
            engine.send_name(facts.sni)
        asked, required = self.ocsp()
        if asked:
            facts.ocsp = 1
            engine.ask_ocsp(required=required)
        sessions = None
        if self.matches("tls_resumption_hosts") and not required:
            server = server_name(ctx, self.options, self.connection.helo_response)
            key = (settings, int(self.verify), names, facts.sni, asked, self.dane, server)
            sessions = Sessions(ctx, self.connection, key)
            sessions.offer(engine)
        stream = TlsStream(self.connection.stream, engine)
        looks = self.options.event_action is not None
        try:
            stream.handshake(self.connection.wait, at_verify=self._look if looks else None)
        except TlsError:
            facts.ocsp = engine.ocsp()[0]
            self._explain(engine)
            self.result = result_of(engine.verify_error()[0])
            raise
        done = facts_of(engine, on_connect=on_connect)
        done.sni, done.tlsa_usage = facts.sni, facts.tlsa_usage
        if sessions is not None:
            done.resumption |= _TICKET_REQUESTED
        if self.verify is Verify.IGNORE:
            done.certificate_verified = False
        if self.authenticates:
            done.dane = done.certificate_verified
        ctx.address.tls_out = self.connection.tls = done
        stream.on_trouble = self._broken
        self.connection.stream = self.connection.encrypted = stream
        self.connection.sessions = sessions
        if settings.alpn and self.matches("hosts_require_alpn") and not engine.alpn():
            raise TlsConfigError("(handshake): ALPN required but not negotiated")

    def _names(self, engine: Engine) -> tuple[str, ...]:
        """Tell the engine whom we expect; the names. Raises TlsError."""
        if self.dane is not None and self.authenticates:
            engine.use_dane(self.dane.base)
            for record in self.dane.records:
                engine.add_tlsa(record.usage, record.selector, record.matching, record.data)
            names = self.dane.names
            for name in names:
                engine.check_name(name)
            return names
        if not self.connection.sts and (self.verify is Verify.IGNORE or not self.matches("tls_verify_cert_hostnames")):
            return ()
        engine.check_name(self.host.name)
        return (self.host.name,)

    def _look(self, engine: Engine) -> None:
        """tls:cert for each certificate of the chain, the anchor first; a text refuses it."""
        facts = self.facts
        for at in reversed(range(engine.chain_length(Chain.VERIFIED))):
            facts.peer_certificate = engine.certificate(Chain.VERIFIED, at)
            refusal = raised(self.ctx, self.options, "tls:cert", str(at))
            if refusal:
                subject = engine.subject(Chain.VERIFIED, at)
                self._note(f"SSL verify denied by event-action: depth={at} cert={subject}: {refusal}")
                engine.refuse()
                return

    def _explain(self, engine: Engine) -> None:
        """The log line of a certificate that had to verify and did not."""
        code, depth, text = engine.verify_error()
        if self.verify is not Verify.REQUIRE or not code or not engine.chain_length(Chain.BAD):
            return
        subject = engine.subject(Chain.BAD)
        if code in NAME_MISMATCH:
            self._note(f'SSL verify error: certificate name mismatch: DN="{subject}" H="{self.host.name}"')
        else:
            self._note(f"SSL verify error: depth={depth} error={text} cert={subject}")

    def _note(self, text: str) -> None:
        log = self.ctx.process.log
        if log is not None and not self.options.disable_logging:
            log.main(f"[{self.host.address}] {text}", message_id=self.ctx.message.id)

    def _broken(self, error: TlsError) -> None:
        """The encrypted connection broke later."""
        log = self.ctx.process.log
        if log is not None and not self.options.disable_logging:
            where = f"H={self.host.name} [{self.host.address}]"
            log.main(f"{where} TLS error on connection (SSL_read): {error.text}", message_id=self.ctx.message.id)


def _is_unset(template: Template | None) -> bool:
    """An empty option is as good as none; a list that is only a colon is set, and nobody is in it."""
    return template is None or (template.constant and not template.text.strip())
