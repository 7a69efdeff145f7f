"""`verify = sender`: the envelope sender, or `sender=address` (manual 44.26, 44.45, 44.50)."""

from __future__ import annotations

from eximia.acl.phases import DATA, DKIM, MAIL, NOT_SMTP, PREDATA, RCPT, all_but
from eximia.acl.run import Run
from eximia.base.errors import Defer
from eximia.rewrite import rewrite_envelope, rewrite_sender

from .address import Verdict, say_end, verify_address
from .failure import SenderFailure, note_sender_failure, unreachable
from .options import parse
from .verifier import Request, Verifier

_NOTE = "acl.verified_senders"


def _check(one: Run, request: Request) -> bool:
    ctx = one.ctx
    message = ctx.message
    options = parse("sender", request.options, request.text)
    if request.value is None:
        # It is rewritten now and stays so.
        rewrite_sender(ctx)
        address = message.sender_address
    else:
        address = rewrite_envelope(ctx, request.value, "F")
    if not address:
        return True
    message.sender_verify_failure = ""
    known: dict[str, tuple[Verdict, SenderFailure | None]] = message.notes.setdefault(_NOTE, {})
    found = known.get(address)
    if found is not None and (options.callout is None or found[0].called):
        if one.debug:
            one.say("using cached sender verify result")
        verdict, failure = found
        if verdict.result == "defer" and options.defer_ok:
            verdict = Verdict("ok", address_data=verdict.address_data)
    else:
        verdict = verify_address(one, address, "sender", options, rewrite=False)
        if one.debug:
            say_end(one, verdict)
        failure = None
        if verdict.result != "ok":
            told = "" if verdict.reticent else verdict.user
            failure = SenderFailure(address, verdict.log, told, verdict.kind, deferred=verdict.result == "defer")
        # What a callout refused is asked again: its own cache knows.
        if failure is None or options.callout is None:
            known[address] = (verdict, failure)
    ctx.address.sender_address_data = verdict.address_data
    note_sender_failure(message, failure if options.details and verdict.result != "ok" else None)
    if verdict.result == "ok":
        message.sender_verify_failure = verdict.kind
        return True
    message.sender_verify_failure = verdict.kind
    if verdict.result == "defer":
        called = verdict.log.startswith("Could not complete sender verify callout")
        log = "Could not complete sender verify callout" if called else "Could not complete sender verify"
        details = ctx.process.main.smtp_return_error_details
        raise Defer(log, unreachable("sender", address) if called and details else log if called or details else "")
    one.user_message = one.log_message = "Sender verify failed"
    ctx.session.acl_verify_message = one.user_message
    return False


SENDER = Verifier(
    _check,
    forbidden=all_but(MAIL, RCPT, PREDATA, DATA, DKIM, NOT_SMTP),
    takes_options=True,
    takes_value=True,
)
