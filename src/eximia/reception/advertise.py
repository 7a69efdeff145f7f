"""What the answer to EHLO offers, in Exim's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.protocols.smtp.server.xclient import ATTRIBUTES

if TYPE_CHECKING:
    from .session import SmtpSession


def keywords(session: SmtpSession) -> list[str]:
    """The keyword lines, the last one being HELP."""
    ctx = session.ctx
    facts = ctx.session
    main = session.main
    policy = session.policy
    offered: list[str] = []
    if session.size_limit > 0:
        offered.append(f"SIZE {session.size_limit}")
    else:
        offered.append("SIZE")
    if policy.host_in(ctx, "limits_advertise_hosts"):
        offered.extend(_limits(session))
    if main.accept_8bitmime:
        offered.append("8BITMIME")
    if policy.host_in(ctx, "dsn_advertise_hosts"):
        offered.append("DSN")
    if policy.has_acl(ctx, "acl_smtp_etrn"):
        offered.append("ETRN")
    if policy.has_acl(ctx, "acl_smtp_atrn") and not facts.smtp_batched:
        offered.append("ATRN")
    if policy.has_acl(ctx, "acl_smtp_vrfy"):
        offered.append("VRFY")
    if policy.has_acl(ctx, "acl_smtp_expn"):
        offered.append("EXPN")
    if not facts.no_pipelining and policy.host_in(ctx, "pipelining_advertise_hosts"):
        offered.append("PIPELINING")
        if facts.early_pipe_advertised and not facts.early_pipe_over:
            offered.append("PIPECONNECT")
    auth = session.auth_offer()
    if auth:
        offered.append(f"AUTH {auth}")
    if policy.host_in(ctx, "chunking_advertise_hosts"):
        offered.append("CHUNKING")
    if session.tls_offered():
        offered.append("STARTTLS")
    if facts.proxy.xclient or (main.hosts_xclient is not None and policy.host_in(ctx, "hosts_xclient")):
        offered.append(f"XCLIENT {' '.join(ATTRIBUTES)}")
    if main.prdr_enable:
        offered.append("PRDR")
    if main.accept_8bitmime and policy.host_in(ctx, "smtputf8_advertise_hosts"):
        offered.append("SMTPUTF8")
    if (
        main.requiretls_advertise_hosts is not None
        and facts.tls_in.version
        and policy.host_in(ctx, "requiretls_advertise_hosts")
    ):
        offered.append("REQUIRETLS")
    if policy.host_in(ctx, "wellknown_advertise_hosts"):
        offered.append("WELLKNOWN")
    offered.append("HELP")
    return offered


def _limits(session: SmtpSession) -> list[str]:
    """RFC 9422: the limits that hold."""
    limits: list[str] = []
    if session.most_messages() > 0:
        limits.append(f"MAILMAX={session.most_messages()}")
    if session.recipients_max > 0:
        limits.append(f"RCPTMAX={session.recipients_max}")
    return [f"LIMITS {' '.join(limits)}"] if limits else []
