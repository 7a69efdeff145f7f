"""`<=` and `(=`: a message was received (manual 53.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.logs.printing import printing, quoted
from eximia.message.dates import elapsed

from .hosts import full_host, identifier, interface
from .tls import tls_fields

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(slots=True)
class ArrivalExtras:
    """What an arrival line shows and the context does not carry."""

    #: the message id of a bounce's original message, for R=
    bounce_of: str = ""
    #: verified DKIM domain; results of SPF and DMARC; whether ARC passed
    dkim_domain: str = ""
    spf_result: str = ""
    dmarc_status: str = ""
    arc_passed: bool = False
    #: the content of Message-ID: between the angle brackets, and whether we made it
    header_id: str = ""
    header_id_created: bool = False
    #: the decoded subject; None: there is no such line
    subject: str | None = None
    #: sender and recipients as given, before rewriting
    raw_sender: str = ""
    raw_recipients: Sequence[str] = ()
    #: `print_topbitchars`
    topbit: bool = False


def arrival(ctx: Context, extras: ArrivalExtras) -> tuple[str, str]:
    """The lines for the main log (after the flag) and for the message log.

    The caller writes `"<= " + first` to the main log (or `"(= "` for a fake reject) and the second, which begins with
    "Received from", to the message log.
    """
    session = ctx.session
    message = ctx.message
    selectors = ctx.process.log.selectors
    text = ""
    if extras.bounce_of:
        text += f" R={extras.bounce_of}"
    if session.sender_host_address:
        if selectors.dnssec and session.sender_host_dnssec:
            text += " DS"
        text += f" H={full_host(session, selectors)}{interface(session, selectors)}"
    if session.sender_ident:
        text += f" U={session.sender_ident}"
    text += identifier(session, selectors)
    if message.received_protocol:
        named = selectors.tls_on_connect and session.tls_in.on_connect
        text += f" P={_on_connect(message.received_protocol) if named else message.received_protocol}"
    if selectors.pipelining and session.pipelining_advertised:
        text += " L"
        if session.early_pipe_advertised:
            text += "*" if session.early_pipe_used else "."
        if not session.pipelining_used:
            text += "-"
    tls = session.tls_in
    if tls.cipher or tls.peerdn:
        text += tls_fields(tls, selectors, sni=True)
    if session.sender_host_authenticated and (session.sender_host_address or not session.smtp_stdin):
        text += authenticated(
            session.sender_host_authenticated,
            session.authenticated_id,
            session.authenticated_sender if selectors.smtp_mailauth else "",
        )
    if session.prdr_requested:
        text += " PRDR"
    if selectors.proxy and session.proxy.session:
        text += f" PRX={session.proxy.local_address}"
    if message.by_chunks:
        text += " K"
    text += f" S={message.size}"
    if selectors.eightbitmime:
        text += f" M8S={message.body_type}"
    if selectors.spf and extras.spf_result:
        text += f" SPF={extras.spf_result}"
    if selectors.dkim and extras.dkim_domain:
        text += f" DKIM={extras.dkim_domain}"
    if selectors.dmarc and extras.dmarc_status:
        text += f" DMARC={extras.dmarc_status}"
    if selectors.dkim and extras.arc_passed:
        text += " ARC"
    if selectors.receive_time:
        text += f" RT={elapsed(message.received_took, millisec=selectors.millisec)}"
    if message.queue_name:
        text += f" Q={message.queue_name}"
    if extras.header_id and (selectors.msg_id_created if extras.header_id_created else selectors.msg_id):
        text += f" id{'*' if extras.header_id_created else ''}={printing(extras.header_id)}"
    if selectors.subject and extras.subject is not None:
        text += f" T={quoted(extras.subject, topbit=extras.topbit)}"
    sender = message.sender_address or "<>"
    main = f"{sender}{text}"
    if selectors.received_sender:
        main += f" from <{extras.raw_sender}>"
    if selectors.received_recipients and extras.raw_recipients:
        main += " for " + " ".join(extras.raw_recipients)
    return main, f"Received from {sender}{text}"


def authenticated(name: str, id_: str, sender: str) -> str:
    """` A=name[:id[:sender]]`."""
    text = f" A={name}"
    if id_:
        text += f":{printing(id_)}"
    if sender:
        text += f":{printing(sender)}" if id_ else f"::{printing(sender)}"
    return text


def _on_connect(protocol: str) -> str:
    """`essmtpa` for `esmtpsa`: TLS came before SMTP, not within it (the log selector `tls_on_connect`)."""
    before, _, after = protocol.partition("smtp")
    return f"{before}ssmtp{after.removeprefix('s')}"
