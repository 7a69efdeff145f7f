"""`verify = header_sender`: one address in Sender:, Reply-To: or From: verifies as a sender (manual 44.26)."""

from __future__ import annotations

from eximia.acl.run import Run
from eximia.base.errors import Defer
from eximia.message.address import AddressSyntaxError, parse_address

from .address import verify_address
from .header_names import TOO_EARLY
from .header_syntax import address_fields
from .options import parse
from .verifier import Request, Verifier

_ORDER = ("sender", "reply-to", "from")


def _check(one: Run, request: Request) -> bool:
    options = parse("header_sender", request.options, request.text)
    fields = list(address_fields(one.ctx.message.headers))
    deferred = ""
    for wanted in _ORDER:
        for name, plain, text in fields:
            if plain != wanted:
                continue
            try:
                parsed = parse_address(text)
            except AddressSyntaxError as error:
                one.log_message = f"syntax error in '{name}:' header when scanning for sender: {error} in \"{text}\""
                if one.ctx.process.main.smtp_return_error_details:
                    one.user_message = f"Rejected after DATA: {one.log_message}"
                return False
            if one.debug:
                one.say(f"verifying {name}: header address {parsed.address}")
            verdict = verify_address(one, parsed.address, "sender", options)
            if verdict.result == "ok":
                return True
            if verdict.result == "defer":
                deferred = verdict.log
            elif one.ctx.process.main.smtp_return_error_details:
                one.user_message = (
                    f'Rejected after DATA: could not verify "{name}:" header address\n{parsed.address}: {verdict.user}'
                )
    if deferred:
        raise Defer("all attempts to verify a sender in a header line deferred")
    one.log_message = "there is no valid sender in any header line"
    return False


HEADER_SENDER = Verifier(_check, forbidden=TOO_EARLY, takes_options=True)
