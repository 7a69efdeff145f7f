"""What a refusing ACL means for the peer and for the logs (manual 44.13, 44.21, 44.50)."""

from __future__ import annotations

from eximia.base.namedtuple import NamedTuple
from eximia.context import Context
from eximia.logs.lines.arrival import authenticated
from eximia.logs.lines.hosts import client
from eximia.logs.lines.tls import tls_fields

from .phases import (
    AUTH,
    CONNECT,
    DATA,
    DKIM,
    ETRN,
    MIME,
    NOT_SMTP,
    NOT_SMTP_MIME,
    PRDR,
    PREDATA,
    RCPT,
    VRFY,
    Phase,
    mask,
)
from .reply import compose, split_code
from .result import AclResult, Outcome
from .verify.failure import take_sender_failure

_CODES = {VRFY: "252", ETRN: "458", AUTH: "503"}
_ENVELOPE_KNOWN = mask(RCPT, DATA, MIME, PRDR, NOT_SMTP, NOT_SMTP_MIME)
_WHOLE_MESSAGE = mask(DATA, MIME, DKIM, NOT_SMTP, NOT_SMTP_MIME)
_BY_OWN_NAME = {
    CONNECT: 'connection in "connect" ACL',
    PREDATA: "DATA",
    DATA: "after DATA",
    MIME: "during MIME ACL checks",
    NOT_SMTP: "by non-SMTP ACL",
    NOT_SMTP_MIME: "by non-SMTP ACL",
}


class Refusal(NamedTuple):
    """`lines`: the whole reply, without line ends; `close`: the connection is to be closed after it.

    `text` is what is said in words, without codes, for clients that are not SMTP.
    """

    lines: list[str]
    text: str
    close: bool


def refuse(ctx: Context, phase: Phase, result: AclResult, argument: str = "") -> Refusal:
    """Log that `phase` was refused, and say what to answer.

    `argument` is what was refused, as the log shows it: `<a@b.example>` for MAIL and RCPT, the command's argument for
    other commands, nothing for DATA. A refused sender verification that caused it is logged and explained, once.
    """
    session, message, process = ctx.session, ctx.message, ctx.process
    selectors = process.log.selectors
    temporary = result.outcome in (Outcome.DEFER, Outcome.ERROR)
    peer = client(session, selectors) + tls_fields(session.tls_in, selectors)
    preface: tuple[str, ...] = ()
    failure = take_sender_failure(message)
    if failure is not None:
        if selectors.sender_verify_fail:
            process.log.reject(f"{peer} {failure.log_line()}", message.id)
        if not temporary or process.main.smtp_return_error_details:
            preface = failure.explanation()
    if temporary:
        code, usual = "451", "Temporary local problem - please try later"
    else:
        code, usual = _CODES.get(phase, "550"), "Administrative prohibition"
    text = result.user_message
    log_message = result.log_message
    lines = compose(ctx, code, text or usual, preface)
    if text and log_message == text and lines[-1][:3] != text[:3] and text[:3].isdigit() and text[3:4] == " ":
        # A code that may not be used was replaced: the log tells what was sent.
        log_message = f"{lines[-1][:3]} {split_code(ctx, text[:3], text)[2]}"
    _log(ctx, phase, result, peer, argument, log_message, temporary=temporary)
    return Refusal(lines, text or usual, result.outcome is Outcome.DROP)


def _log(
    ctx: Context, phase: Phase, result: AclResult, peer: str, argument: str, log_message: str, *, temporary: bool
) -> None:
    targets = result.log_targets
    if not targets:
        return
    message, log = ctx.message, ctx.process.log
    session = ctx.session
    sender = (
        f"F=<{message.sender_address_unrewritten or message.sender_address}> " if phase.bit & _ENVELOPE_KNOWN else ""
    )
    if sender and session.sender_host_authenticated:
        sender += authenticated(session.sender_host_authenticated, session.authenticated_id, "").lstrip() + " "
    what = _BY_OWN_NAME.get(phase) or f"{phase.log_name} {argument}"
    host = "" if phase in (NOT_SMTP, NOT_SMTP_MIME) else f"{peer} "
    if host and log.selectors.spf and "spf_result" in message.auth_results:
        host += f"SPF={message.auth_results['spf_result']} "
    text = f"{host}{sender}{'temporarily ' if temporary and host else ''}rejected {what}"
    first = log_message.partition("\n")[0]
    if log_message:
        text += f": {first}"
    if "panic" in targets:
        log.panic(text, message.id, main="main" in targets)
        if "reject" not in targets:
            return
    if "reject" in targets:
        main = "main" in targets and "panic" not in targets
        if phase.bit & _WHOLE_MESSAGE:
            log.reject(
                text,
                message.id,
                main=main,
                sender=message.sender_address,
                recipients=[recipient.address for recipient in message.recipients],
                headers=message.headers,
            )
        else:
            log.reject(text, message.id, main=main)
    elif "main" in targets:
        log.main(text, message.id)
