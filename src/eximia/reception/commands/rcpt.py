"""RCPT (RFC 5321 section 4.1.1.3; manual 49.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.context import Recipient
from eximia.logs.lines.hosts import client
from eximia.logs.printing import printing
from eximia.message.address import AddressSyntaxError, Parsed, Syntax, parse_address
from eximia.protocols.smtp.server import BadParameter, Command
from eximia.protocols.smtp.server.parameters import RcptParameters, read_rcpt, stray_word
from eximia.reception.answers import accepted
from eximia.reception.protocol_name import syntax_options
from eximia.reception.recipient_data import hide_recipient, show_recipient

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession


def rcpt(session: SmtpSession, command: Command) -> None:
    tx = session.tx
    ctx = session.ctx
    tx.rcpt_count += 1
    ctx.message.rcpt_count = tx.rcpt_count
    if not tx.open:
        _failed(session, "503 sender not yet given")
        if ctx.session.pipelining_advertised and session.mail_rejected:
            session.reply("503", "sender not yet given")
        else:
            session.protocol_error("503", "sender not yet given")
        return
    if not ctx.session.pipelining_advertised:
        session.check_sync()
    elif session.server.waiting and not session.on_stdin:
        ctx.session.pipelining_used = True
    if not command.argument:
        _failed(session, "501 RCPT must have an address operand")
        session.syntax_error("RCPT must have an address operand")
        return
    try:
        parameters = read_rcpt(command.argument, dsn=ctx.session.dsn_advertised)
    except BadParameter as bad:
        _failed(session, f"501 {bad.message}")
        session.syntax_error(bad.message)
        return
    text = session.policy.rewrite_smtp(ctx, parameters.address)
    syntax = syntax_options(session.main, utf8=ctx.message.smtputf8)
    try:
        parsed = parse_address(text, syntax=syntax)
        if ctx.session.esmtp and (stray := stray_word(parameters.address)):
            _look_at_stray(*stray, syntax)
    except AddressSyntaxError as error:
        _failed(session, f"501 {parameters.address}: {error.message}")
        session.syntax_error(f"{parameters.address}: {error.message}", error.message)
        return
    address = _qualified(session, parsed, parameters.address)
    if address is None or not _number_allows(session):
        return
    if session.rcpt_throttle is not None and (delay := session.rcpt_throttle.next_delay()):
        session.sleep(delay)
    _judge(session, address, parameters, command.argument)


def _look_at_stray(before: str, word: str, syntax: Syntax) -> None:
    """A word that stands for itself where only parameters may. Raises AddressSyntaxError.

    It may still be part of the address: of a phrase before it, or in quotes. That it does not end it, or stand behind
    it, shows when it cannot be left by itself.
    """
    try:
        parse_address(f"{before.rstrip()}={word}", syntax=syntax)
    except AddressSyntaxError:
        raise AddressSyntaxError(f"malformed address: {word} may not follow {before}") from None


def _failed(session: SmtpSession, reply: str) -> None:
    session.tx.rcpt_failed += 1
    session.ctx.message.rcpt_fail_count = session.tx.rcpt_failed
    session.tx.note_rcpt_error(reply)


def _qualified(session: SmtpSession, parsed: Parsed, given: str) -> str | None:
    """The recipient with its domain, or None when it was refused. The postmaster needs no domain."""
    address = parsed.address
    if parsed.domain:
        return address
    if session.unqualified[1] or address.lower() == "postmaster":
        return f"{address}@{session.qualify_recipient}"
    _failed(session, f"501 {given}: recipient address must contain a domain")
    session.reply("501", f"{given}: recipient address must contain a domain")
    log = session.process.log
    ident = client(session.ctx.session, log.selectors)
    main = log.selectors.smtp_syntax_error
    log.reject(f"unqualified recipient rejected: <{printing(address)}> {ident}", session.shown_id, main=main)
    return None


def _number_allows(session: SmtpSession) -> bool:
    """`recipients_max`, `recipients_max_reject`: the commands count, also those that were refused."""
    limit = session.recipients_max
    message = session.ctx.message
    tx = session.tx
    if limit <= 0 or tx.rcpt_count <= limit:
        return True
    log = session.process.log
    first = not tx.too_many
    tx.too_many = True
    what = "message rejected" if session.main.recipients_max_reject else "excess temporarily rejected"
    if session.main.recipients_max_reject:
        tx.rcpt_failed += 1
        session.reply("552", "too many recipients")
    else:
        tx.rcpt_deferred += 1
        session.reply("452", "too many recipients")
    message.rcpt_fail_count = tx.rcpt_failed
    message.rcpt_defer_count = tx.rcpt_deferred
    if first:
        ident = client(session.ctx.session, log.selectors)
        log.reject(f"too many recipients: {what}: sender=<{message.sender_address}> {ident}", session.shown_id)
    return False


def _judge(session: SmtpSession, address: str, parameters: RcptParameters, argument: str) -> None:
    """acl_smtp_rcpt, and the answer."""
    from eximia.acl.result import Outcome

    ctx = session.ctx
    tx = session.tx
    message = ctx.message
    where = f"F=<{message.sender_address_unrewritten or message.sender_address}>"
    if tx.discarded_by == "MAIL":
        session.reply("250", "Accepted")
        why = f": {tx.discard_log}" if tx.discard_log else ""
        _log_discarded(session, f"{where} RCPT <{printing(address)}>: discarded by MAIL ACL{why}")
        return
    show_recipient(ctx, address)
    recipient = message.judged = Recipient(address, dsn_flags=parameters.notify, orcpt=parameters.orcpt)
    result = session.judge("acl_smtp_rcpt", pipelined=ctx.session.pipelining_advertised)
    if message.cutthrough and result.outcome is Outcome.ACCEPT and not tx.prdr:
        from eximia.reception.cutthrough import after_rcpt

        result = after_rcpt(ctx, address) or result
    if session.milters is not None and result.outcome is Outcome.ACCEPT:
        from eximia.reception.milters import rcpt as ask

        result = ask(session, address, argument) or result
    message.judged = None
    hide_recipient(ctx)
    optin = message.notes.pop("bmi_optin", "")
    if result.outcome is Outcome.ACCEPT:
        message.recipients.append(recipient)
        tx.raw_recipients.append(address)
        if optin:
            message.recipients[-1].bmi_optin = optin
        session.answer(accepted(ctx, result, "250", "Accepted"))
        return
    if result.outcome is Outcome.DISCARD:
        tx.discarded_by = tx.discarded_by or "RCPT"
        session.answer(accepted(ctx, result, "250", "Accepted"))
        text = f"{where} RCPT <{printing(address)}>: discarded by RCPT ACL"
        if result.log_message:
            text += f": {result.log_message}"
        _log_discarded(session, text)
        return
    if result.outcome in (Outcome.DEFER, Outcome.ERROR):
        tx.rcpt_deferred += 1
    else:
        tx.rcpt_failed += 1
    message.rcpt_fail_count = tx.rcpt_failed
    message.rcpt_defer_count = tx.rcpt_deferred
    tx.note_rcpt_error(session.refuse("acl_smtp_rcpt", result, _shown(parameters.address)))


def _shown(given: str) -> str:
    """The address as the client wrote it, in angle brackets."""
    text = given.strip()
    return printing(text) if text.startswith("<") and text.endswith(">") else f"<{printing(text)}>"


def _log_discarded(session: SmtpSession, text: str) -> None:
    log = session.process.log
    log.reject(f"{client(session.ctx.session, log.selectors)} {text}", session.shown_id)
