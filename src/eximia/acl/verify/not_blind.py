"""`verify = not_blind`: every envelope recipient is named in To: or Cc: (manual 44.26)."""

from __future__ import annotations

from eximia.acl.errors import AclError
from eximia.acl.run import Run
from eximia.message.address import AddressSyntaxError, parse_address

from .header_names import TOO_EARLY
from .header_syntax import address_fields
from .verifier import Request, Verifier


def _check(one: Run, request: Request) -> bool:
    for option in request.options:
        if option.lower() != "case_insensitive":
            raise AclError(f'unknown option "{option}" in ACL condition "verify {request.text}"')
    caseless = bool(request.options)
    named: set[str] = set()
    for _, plain, text in address_fields(one.ctx.message.headers):
        if plain in ("to", "cc"):
            try:
                named.add(_folded(parse_address(text).address, caseless=caseless))
            except AddressSyntaxError:
                continue
    for recipient in one.ctx.message.recipients:
        if _folded(recipient.address, caseless=caseless) not in named:
            one.log_message = "bcc recipient detected"
            if one.ctx.process.main.smtp_return_error_details:
                one.user_message = f"Rejected after DATA: {one.log_message}"
            return False
    return True


def _folded(address: str, *, caseless: bool) -> str:
    """Domains have no case; local parts have unless `caseless`."""
    if caseless:
        return address.lower()
    local_part, at, domain = address.rpartition("@")
    return f"{local_part}{at}{domain.lower()}"


NOT_BLIND = Verifier(_check, forbidden=TOO_EARLY, takes_options=True)
