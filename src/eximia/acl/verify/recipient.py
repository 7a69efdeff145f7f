"""`verify = recipient`: the address of the RCPT command (manual 44.26, 44.45)."""

from __future__ import annotations

from eximia.acl.phases import RCPT, all_but
from eximia.acl.run import Run
from eximia.base.errors import Defer
from eximia.base.text import Untainted, lower

from .address import say_end, verify_address
from .options import parse
from .quota import verify_quota
from .verifier import Request, Verifier


def _check(one: Run, request: Request) -> bool:
    ctx = one.ctx
    message, here = ctx.message, ctx.address
    options = parse("recipient", request.options, request.text)
    message.recipient_verify_failure = ""
    local_part = here.original_local_part or here.local_part
    here.domain_data = here.local_part_data = here.sender_data = ""
    # Routing takes no notice of the case of the domain, but servers are told it as it was given.
    domain = here.original_domain or here.domain
    address = f"{local_part}@{domain}" if domain else local_part
    if options.quota is not None:
        verdict = verify_quota(one, address, options.quota)
    else:
        verdict = verify_address(one, address, "recipient", options)
        if one.debug:
            say_end(one, verdict)
    here.address_data = verdict.address_data
    message.recipient_verify_failure = verdict.kind
    if verdict.result == "ok":
        if verdict.accepted:
            # The next server has taken the address: these are its words (manual 44.46).
            here.local_part_data, here.domain_data = Untainted(lower(here.local_part)), Untainted(here.domain)
        return True
    ctx.session.acl_verify_message = verdict.user
    if verdict.result == "defer":
        quiet = verdict.reticent and not ctx.process.main.smtp_return_error_details
        raise Defer(verdict.log, "" if quiet else verdict.user)
    one.user_message, one.log_message = verdict.user, verdict.log
    return False


RECIPIENT = Verifier(_check, forbidden=all_but(RCPT), takes_options=True)
