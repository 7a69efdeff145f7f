"""What the answer to EHLO offers, in Exim's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.namedtuple import NamedTuple
from eximia.protocols.smtp.server.replies import keyword_lines
from eximia.protocols.smtp.server.xclient import ATTRIBUTES

if TYPE_CHECKING:
    from eximia.base.template import Template
    from eximia.context import Process

    from .session import SmtpSession


class Offer(NamedTuple):
    """What one client is offered."""

    #: the lines, the last one being HELP
    words: list[str]
    #: the keywords without what follows them
    names: frozenset[str]
    #: the lines as they stand in the answer, but for its first
    wire: bytes


#: lists that are the same for every client of most servers
_LISTS = (
    "limits_advertise_hosts",
    "dsn_advertise_hosts",
    "pipelining_advertise_hosts",
    "chunking_advertise_hosts",
    "hosts_xclient",
    "smtputf8_advertise_hosts",
    "requiretls_advertise_hosts",
    "wellknown_advertise_hosts",
)
_MOST_KEPT = 100


def offer(session: SmtpSession) -> Offer:
    """What this client is offered now. Where no list has to be asked, it is remembered by what else it depends on."""
    process = session.process
    kept = _kept(process)
    if kept is None or process.trace is not None:
        return _made(_keywords(session))
    facts = session.ctx.session
    # what authenticators are advertised may cost lookups and log lines: it is asked once
    auth = session.auth_offer()
    key = (
        auth,
        session.tls_offered(),
        session.size_limit,
        (session.recipients_max, session.most_messages()) if session.main.limits_advertise_hosts.text else None,
        bool(facts.tls_in.version),
        facts.smtp_batched,
        facts.no_pipelining,
        facts.early_pipe_advertised and not facts.early_pipe_over,
        facts.proxy.xclient,
    )
    found = kept.get(key)
    if found is None:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        found = kept[key] = _made(_keywords(session, auth))
    return found


def _made(words: list[str]) -> Offer:
    wire = keyword_lines("250", "", words).partition(b"\n")[2]
    return Offer(words, frozenset([word.partition(" ")[0] for word in words]), wire)


def _kept(process: Process) -> dict[tuple[object, ...], Offer] | None:
    """The offers made so far; None where they may differ from client to client."""
    caches = process.caches
    if "reception.offers" not in caches:
        settled = all(_is_settled(getattr(process.main, name)) for name in _LISTS)
        caches["reception.offers"] = {} if settled else None
    found: dict[tuple[object, ...], Offer] | None = caches["reception.offers"]
    return found


def _is_settled(hosts: Template | None) -> bool:
    return hosts is None or (hosts.constant and hosts.text in ("", "*"))


def _keywords(session: SmtpSession, auth: str | None = None) -> list[str]:
    """`auth`: the offer of AUTH, where it is known already."""
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
    if auth is None:
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
