"""Variables of the connection and its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import EMPTY, Untainted
from eximia.expand.variables.getters import flag, number, session_note, text, trusted

if TYPE_CHECKING:
    from eximia.context import Context, Session
    from eximia.expand.nodes import Run


def _host_name(ctx: Context) -> str:
    """A reference to $sender_host_name looks the name up."""
    session = ctx.session
    if session.sender_host_address and not session.sender_host_name and session.host_name_known is not False:
        from eximia.dns.hosts import find_sender_host_name

        find_sender_host_name(ctx)
    return session.sender_host_name


def _lookup_failed(ctx: Context) -> str:
    session = ctx.session
    failed = session.host_name_known is False and not session.host_lookup_deferred
    return Untainted("1" if failed else "0")


def _shows_ports(ctx: Context) -> bool:
    log = ctx.process.log
    return log is not None and log.selectors.incoming_port


def _with_port(ctx: Context, address: str) -> str:
    port = ctx.session.sender_host_port
    return f"[{address}]:{port}" if port and _shows_ports(ctx) else f"[{address}]"


def _shown_helo(session: Session) -> str:
    """The HELO name, unless it is the host's name or its address as a literal."""
    from eximia.dns.hosts import normal_address
    from eximia.logs.lines.hosts import shown_name

    helo = session.sender_helo_name
    if helo.startswith("[") and helo.endswith("]"):
        if normal_address(helo[1:-1].removeprefix("IPv6:")) == normal_address(session.sender_host_address):
            return ""
    return "" if helo.lower() == shown_name(session).lower() else helo


def _fullhost(ctx: Context) -> str:
    from eximia.logs.lines.hosts import full_host
    from eximia.logs.selectors import Selectors

    log = ctx.process.log
    return full_host(ctx.session, log.selectors if log is not None else Selectors()) or EMPTY


def _rcvhost(ctx: Context) -> str:
    session = ctx.session
    if not session.sender_host_address:
        return EMPTY
    from eximia.logs.lines.hosts import shown_name

    details: list[str] = []
    name = shown_name(session)
    if name:
        first = name
        details.append(_with_port(ctx, session.sender_host_address))
    else:
        first = f"[{session.sender_host_address}]"
        if session.sender_host_port and _shows_ports(ctx):
            details.append(f"port={session.sender_host_port}")
    helo = _shown_helo(session)
    if helo:
        details.append(f"helo={helo}")
    if session.sender_ident:
        details.append(f"ident={session.sender_ident}")
    if not details:
        return first
    fold = "\n\t" if name and len(details) == 3 else " "
    return f"{first}{fold}({' '.join(details)})"


def _active_hostname(ctx: Context) -> str:
    return ctx.session.active_hostname or Untainted(ctx.process.primary_hostname)


def _history(ctx: Context) -> str:
    from eximia.logs.lines.smtp import HISTORY

    return ",".join(ctx.session.command_history[-HISTORY:]) or EMPTY


def _received_port(ctx: Context) -> str:
    session = ctx.session
    if session.interface_address:
        return Untainted(session.interface_port)
    # Not known: -1 while a message comes in, 0 for one that is delivered.
    address = ctx.address
    return Untainted("0" if address.router_name or address.transport_name else "-1")


def _proxy_port(ctx: Context) -> str:
    return Untainted(ctx.session.proxy.external_port)


_PROXY_LOCAL, _PROXY_LOCAL_PORT = text("session.proxy.local_address"), number("session.proxy.local_port")
_PROXY_EXTERNAL = text("session.proxy.external_address")


def _dnssec(ctx: Context) -> str:
    of_host = ctx.address.host_dnssec
    return Untainted(ctx.session.lookup_dnssec_authenticated if of_host is None else of_host)


VARIABLES: dict[str, Run] = {
    "acl_verify_message": text("session.acl_verify_message"),
    "atrn_host": session_note("atrn_host"),
    "atrn_mode": session_note("atrn_mode"),
    "authenticated_fail_id": text("session.authenticated_fail_id"),
    "authenticated_id": text("session.authenticated_id"),
    "authenticated_sender": text("session.authenticated_sender"),
    "authentication_failed": flag("session.authentication_failed"),
    "callout_address": session_note("callout_address"),
    "chunking_state": trusted("session.chunking_state"),
    "connection_id": trusted("session.connection_id"),
    "csa_status": trusted("session.csa_status"),
    "dnslist_domain": text("session.dnslist_domain"),
    "dnslist_matched": text("session.dnslist_matched"),
    "dnslist_text": text("session.dnslist_text"),
    "dnslist_value": text("session.dnslist_value"),
    "host_data": text("session.host_data"),
    "host_lookup_deferred": flag("session.host_lookup_deferred"),
    "host_lookup_failed": _lookup_failed,
    "interface_address": trusted("session.interface_address"),
    "interface_port": _received_port,
    "ldap_dn": session_note("ldap_dn"),
    "lookup_dnssec_authenticated": _dnssec,
    "prdr_requested": flag("session.prdr_requested", "yes", "no"),
    "proxy_external_address": _PROXY_EXTERNAL,
    "proxy_external_port": _proxy_port,
    "proxy_local_address": _PROXY_LOCAL,
    "proxy_local_port": _PROXY_LOCAL_PORT,
    "proxy_session": flag("session.proxy.session", "yes", "no"),
    "prvscheck_address": session_note("prvscheck_address"),
    "prvscheck_keynum": session_note("prvscheck_keynum"),
    "prvscheck_result": session_note("prvscheck_result"),
    "rcpt_count": number("message.rcpt_count"),
    "rcpt_defer_count": number("message.rcpt_defer_count"),
    "rcpt_fail_count": number("message.rcpt_fail_count"),
    "received_ip_address": trusted("session.interface_address"),
    "received_port": _received_port,
    "sender_fullhost": _fullhost,
    "sender_helo_dnssec": flag("session.helo_dnssec", "yes", "no"),
    "sender_helo_name": text("session.sender_helo_name"),
    "sender_helo_verified": flag("session.helo_verified", "yes", "no"),
    "sender_host_address": trusted("session.sender_host_address"),
    "sender_host_authenticated": trusted("session.sender_host_authenticated"),
    "sender_host_dnssec": flag("session.sender_host_dnssec", "yes", "no"),
    "sender_host_name": _host_name,
    "sender_host_port": number("session.sender_host_port"),
    "sender_ident": text("session.sender_ident"),
    "sender_rate": trusted("session.sender_rate"),
    "sender_rate_limit": trusted("session.sender_rate_limit"),
    "sender_rate_period": trusted("session.sender_rate_period"),
    "sender_rcvhost": _rcvhost,
    "smtp_active_hostname": _active_hostname,
    "smtp_command": text("session.smtp_command"),
    "smtp_command_argument": text("session.smtp_command_argument"),
    "smtp_command_history": _history,
    "smtp_count_at_connection_start": number("session.count_at_connection_start"),
    "smtp_notquit_reason": trusted("session.notquit_reason"),
    "srs_recipient": session_note("srs_recipient"),
}
