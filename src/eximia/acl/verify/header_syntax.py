"""`verify = header_syntax`: every address in the header can be read (manual 44.26)."""

from __future__ import annotations

from collections.abc import Iterator

from eximia.acl.run import Run
from eximia.message.address import AddressSyntaxError, Syntax, addresses_in, parse_address
from eximia.message.header import Header

from .header_names import TOO_EARLY
from .verifier import Request, Verifier

_SENDERS = frozenset({"from", "sender", "reply-to"})
_RECIPIENTS = frozenset({"to", "cc", "bcc"})
ADDRESS_HEADERS = _SENDERS | _RECIPIENTS


def address_fields(headers: list[Header]) -> Iterator[tuple[str, str, str]]:
    """(name as written, name lower case without `resent-`, one address) of all header lines with addresses."""
    for header in headers:
        if header.deleted:
            continue
        name, _, body = header.text.partition(":")
        name = name.rstrip()
        plain = name.lower().removeprefix("resent-")
        if plain not in ADDRESS_HEADERS:
            continue
        for start, end in addresses_in(body):
            text = body[start:end].strip()
            if text:
                yield name, plain, text


def may_be_unqualified(one: Run, *, sender: bool) -> bool:
    """Whether an address without a domain is allowed: locally, and from hosts of *_unqualified_hosts."""
    session, message = one.ctx.session, one.ctx.message
    if not session.sender_host_address:
        return True
    return message.allow_unqualified_sender if sender else message.allow_unqualified_recipient


def _check(one: Run, _request: Request) -> bool:
    main = one.ctx.process.main
    syntax = Syntax(
        # In a header a literal harms nobody: it is not delivered to.
        True,
        main.strip_trailing_dot,
        main.allow_utf8_domains or one.ctx.message.smtputf8,
        main.strip_excess_angle_brackets,
    )
    for name, plain, text in address_fields(one.ctx.message.headers):
        try:
            parsed = parse_address(text, syntax=syntax)
            if parsed.domain or may_be_unqualified(one, sender=plain in _SENDERS):
                continue
            why = "unqualified address not permitted"
        except AddressSyntaxError as error:
            why = str(error)
        one.log_message = f'{why}: failing address in "{name}:" header is: {text}'
        one.ctx.session.acl_verify_message = one.log_message
        if main.smtp_return_error_details:
            one.user_message = f"Rejected after DATA: {one.log_message}"
        return False
    return True


HEADER_SYNTAX = Verifier(_check, forbidden=TOO_EARLY)
