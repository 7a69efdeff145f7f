"""MAIL (RFC 5321 section 4.1.1.2 and the extensions' parameters; manual 49.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.logs.lines.hosts import client
from eximia.logs.printing import printing
from eximia.message.address import AddressSyntaxError, Parsed, parse_address
from eximia.message.dsn import RET_HDRS
from eximia.protocols.smtp.server import BadParameter, Command, MailParameters
from eximia.protocols.smtp.server.parameters import SIZE_MAX, encode_xtext, read_mail
from eximia.reception.answers import Answer, accepted, own_code
from eximia.reception.protocol_name import protocol_name, syntax_options

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def mail(session: SmtpSession, command: Command) -> None:
    session.had_mail = True
    session.mail_rejected = True
    session.counters.mails += 1
    ctx = session.ctx
    if not session.helo_given and session.policy.host_in(ctx, "hosts_require_helo"):
        session.reply("503", "HELO or EHLO required")
        log = session.process.log
        log.reject(f"rejected MAIL from {session.peer()}: no HELO/EHLO given", session.shown_id)
        return
    if session.tx.open:
        session.mail_rejected = False
        session.protocol_error("503", "sender already given")
        return
    session.tx.forget_early_rcpts()
    if not command.argument:
        session.protocol_error("501", "MAIL must have an address operand")
        return
    if not _count_allows(session):
        return
    try:
        parameters = read_mail(command.argument, _known(session), _unchecked(session))
    except BadParameter as bad:
        session.syntax_error(bad.message)
        return
    if parameters.smtputf8 and "SMTPUTF8" not in session.offered and not ctx.session.smtp_batched:
        session.syntax_error("SMTPUTF8 used when not advertised")
        return
    if session.mail_throttle is not None and (delay := session.mail_throttle.next_delay()):
        session.sleep(delay)
    text = session.policy.rewrite_smtp(ctx, parameters.address)
    try:
        parsed = parse_address(text, allow_null=True, syntax=syntax_options(session.main, utf8=parameters.smtputf8))
    except AddressSyntaxError as error:
        _check_sync(session)
        session.syntax_error(f"{parameters.address}: {error.message}", error.message)
        return
    if not _size_fits(session, parameters, parsed.address) or not _space_allows(session, parameters):
        return
    sender = _qualified(session, parsed, parameters.address)
    if sender is None:
        return
    _begin(session, sender, parameters)
    if parsed.address and not parsed.domain and session.tx.raw_sender == sender:
        session.tx.raw_sender = parsed.address
    facts = session.ctx.session
    if facts.sender_host_address:
        facts.authenticated_sender = facts.notes.get("authenticated_sender_given", "")
    _check_sync(session)
    said = _auth_parameter(session, parameters.auth) if parameters.auth is not None else ""
    if said is None:
        session.reset()
        return
    _judge(session, command, parameters, said)


def _check_sync(session: SmtpSession) -> None:
    """Without PIPELINING the client has to wait for the answer."""
    if not session.ctx.session.pipelining_advertised:
        session.check_sync()


def _known(session: SmtpSession) -> frozenset[str]:
    """The parameters that make sense to this client."""
    if not session.ctx.session.esmtp:
        return _BATCHED if session.ctx.session.smtp_batched else frozenset()
    return _ALWAYS | {"REQUIRETLS"} if "REQUIRETLS" in session.offered else _ALWAYS


def _unchecked(session: SmtpSession) -> tuple[str, ...]:
    """The parameters that were not offered, so that nobody looks at their values."""
    dsn, body = session.ctx.session.dsn_advertised, session.main.accept_8bitmime
    return () if dsn and body else ("RET",) if body else ("BODY",) if dsn else ("RET", "BODY")


#: PRDR where it is not offered is taken and means nothing
_ALWAYS = frozenset(("SIZE", "BODY", "AUTH", "SMTPUTF8", "RET", "ENVID", "PRDR"))
_BATCHED = frozenset(("SIZE", "BODY"))


def _count_allows(session: SmtpSession) -> bool:
    """`smtp_accept_max_per_connection`."""
    if 0 < session.most_messages() < session.counters.mails:
        session.reply("421", "too many messages in this connection")
        log = session.process.log
        who = client(session.ctx.session, log.selectors)
        log.reject(f"rejected MAIL command {who}: too many messages in one connection", session.shown_id)
        return False
    return True


def _size_fits(session: SmtpSession, parameters: MailParameters, sender: str) -> bool:
    """SIZE= against `message_size_limit`."""
    limit = session.size_limit
    if limit <= 0 or parameters.size <= limit:
        return True
    log = session.process.log
    if log.selectors.size_reject:
        shown = f"size>={SIZE_MAX}" if parameters.size >= SIZE_MAX else f"size={parameters.size}"
        log.reject(
            f"rejected MAIL FROM:<{sender}> {client(session.ctx.session, log.selectors)}: message too big: {shown} "
            f"max={limit}",
            session.shown_id,
        )
    session.reply("552", "Message size exceeds maximum permitted")
    return False


def _space_allows(session: SmtpSession, parameters: MailParameters) -> bool:
    """`check_spool_space`, `check_spool_inodes`, and SIZE= when `smtp_check_spool_space` is set."""
    from eximia.reception.space import space_is_short

    size = parameters.size if session.main.smtp_check_spool_space and parameters.size > 0 else 0
    if not space_is_short(session.process, size):
        return True
    session.reply("452", "Space shortage, please try later")
    return False


def _qualified(session: SmtpSession, parsed: Parsed, given: str) -> str | None:
    """The sender with its domain, or None when it was refused."""
    sender = parsed.address
    if not sender or parsed.domain:
        return sender
    if session.unqualified[0]:
        return f"{sender}@{session.qualify_domain}"
    session.reply("501", f"{given}: sender address must contain a domain")
    log = session.process.log
    ident = client(session.ctx.session, log.selectors)
    log.reject(
        f"unqualified sender rejected: <{printing(sender)}> {ident}",
        session.shown_id,
        main=log.selectors.smtp_syntax_error,
    )
    return None


def _begin(session: SmtpSession, sender: str, parameters: MailParameters) -> None:
    """Start the transaction."""
    message = session.ctx.message
    tx = session.tx
    message.sender_address = session.trusted_sender(sender)
    message.body_type = parameters.body
    message.smtputf8 = parameters.smtputf8
    if parameters.smtputf8:
        message.received_protocol = protocol_name(session.ctx.session, utf8=True)
    message.requiretls = parameters.requiretls
    message.size = parameters.size
    # What must not travel in clear must not come back in clear either (RFC 8689 5).
    message.dsn_ret = RET_HDRS if parameters.requiretls else parameters.ret
    message.dsn_envid = parameters.envid
    message.allow_unqualified_sender, message.allow_unqualified_recipient = session.unqualified
    tx.open = True
    message.rcpt_count = 0
    tx.size = parameters.size
    tx.prdr = parameters.prdr and session.main.prdr_enable
    tx.raw_sender = message.sender_address
    session.ctx.session.prdr_requested = tx.prdr
    session.restart_rcpt_throttle()


def _auth_parameter(session: SmtpSession, value: str) -> str | None:
    """AUTH= of MAIL (manual 33.2): what acl_smtp_mailauth says, which is the answer to MAIL when no other ACL gives
    one; None when MAIL was refused because of it."""
    from eximia.acl.result import Outcome
    from eximia.authenticators.server import mail_auth_allowed

    ctx = session.ctx
    facts = ctx.session
    facts.authenticated_sender = ""
    if not value:
        return ""
    why = said = ""
    if session.policy.has_acl(ctx, "acl_smtp_mailauth"):
        facts.authenticated_sender = value
        result = session.policy.acl(ctx, "acl_smtp_mailauth")
        if result.outcome in (Outcome.DEFER, Outcome.ERROR):
            facts.authenticated_sender = ""
            session.refuse("acl_smtp_mailauth", result, f"<{printing(session.tx.raw_sender)}> AUTH={printing(value)}")
            return None
        said = result.user_message
        if result.outcome is not Outcome.ACCEPT:
            why = "rejected by ACL"
    elif not facts.sender_host_authenticated:
        why = "client not authenticated"
    if not why:
        facts.authenticated_sender = value
        if facts.sender_host_authenticated and not mail_auth_allowed(ctx):
            why = "server_mail_auth_condition failed"
            if facts.authenticated_id:
                why += f': authenticated ID="{facts.authenticated_id}"'
    if why:
        facts.authenticated_sender = ""
        log = session.process.log
        log.main(
            f"ignoring AUTH={printing(encode_xtext(value))} from {client(facts, log.selectors)} ({why})",
            session.shown_id,
        )
    return said


def _refused_by_milter(session: SmtpSession, command: Command) -> bool:
    from eximia.reception.milters import mail as ask

    refused = ask(session, command.argument)
    if refused is None:
        return False
    try:
        session.refuse("acl_smtp_mail", refused, f"<{printing(session.tx.raw_sender)}>")
    finally:
        session.reset()
    return True


def _judge(session: SmtpSession, command: Command, parameters: MailParameters, said: str) -> None:
    """acl_smtp_mail, and the answer; `said`: see `_auth_parameter`."""
    ctx = session.ctx
    usual = "OK, PRDR Requested" if session.tx.prdr else "OK"
    if session.policy.has_acl(ctx, "acl_smtp_mail"):
        from eximia.acl.result import Outcome

        result = session.judge("acl_smtp_mail", pipelined=ctx.session.pipelining_advertised)
        if not result.accepted:
            try:
                session.refuse("acl_smtp_mail", result, f"<{printing(session.tx.raw_sender)}>")
            finally:
                session.reset()
            return
        if result.outcome is Outcome.DISCARD:
            session.tx.discarded_by = "MAIL"
            session.tx.discard_log = result.log_message
        if session.milters is not None and _refused_by_milter(session, command):
            return
        session.answer(accepted(ctx, result, "250", usual))
    else:
        if session.milters is not None and _refused_by_milter(session, command):
            return
        session.answer(own_code(ctx, said, "250") if said else Answer("250", usual))
    session.mail_rejected = False
    if ctx.session.pipelining_advertised and session.server.waiting and not session.on_stdin:
        ctx.session.pipelining_used = True
