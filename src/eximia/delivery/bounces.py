"""Bounce messages: who gets one, and its text (manual 3.16, 3.17, 50.1; RFC 3462, 3464)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import Defer, ExpansionError, NotTaken
from eximia.base.listtext import split_list
from eximia.base.template import Template, one_item
from eximia.base.text import to_bytes
from eximia.context import Address, Kind
from eximia.expand import expand
from eximia.lists import match_address
from eximia.message.dsn import NOTIFY_FAILURE

from .report_parts import (
    boundary,
    error_text,
    from_line,
    person_text,
    references,
    report_headers,
    requests,
    returned_message,
    status_fields,
    status_part,
    template_items,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .attempt import Attempt

_MADE = "This message was created automatically by mail delivery software.\n"


def send_bounces(attempt: Attempt) -> None:
    """Deal with every failed address: ignore it, freeze the message, or put it into a bounce. Addresses with the same
    recipient for their errors share one."""
    left = list(reversed(attempt.failed))
    while left:
        first = left.pop(0)
        recipient = _errors_to(attempt, first)
        if _ignored(attempt, first, recipient):
            continue
        if not recipient:
            _freeze_bounce(attempt, first, left)
            return
        same = [first]
        rest = []
        for address in left:
            if _errors_to(attempt, address) == recipient and not _quiet(attempt, address):
                same.append(address)
            else:
                rest.append(address)
        left = rest
        try:
            _send(attempt, recipient, same)
        except NotTaken:
            _freeze_untold(attempt, recipient, same)
            continue
        except Defer as error:
            _keep_for_later(attempt, same, error)
            continue
        for address in _last_first(same):
            attempt.progress.done(address)


def _errors_to(attempt: Attempt, address: Address) -> str:
    path = address.errors_address
    return attempt.message.sender_address if path is None else path


def _quiet(attempt: Attempt, address: Address) -> bool:
    """True when nobody is to be told: `noerror`, errors_to empty, or the sender's NOTIFY."""
    return bool(
        address.ignore_error
        or (address.errors_address == "" and attempt.message.sender_address)
        or _not_wanted(address)
    )


def _not_wanted(address: Address) -> bool:
    flags = requests(address)
    return bool(flags) and not flags & NOTIFY_FAILURE


def _ignored(attempt: Attempt, address: Address, recipient: str) -> bool:
    """Errors that are dropped, with a line in the log."""
    message = attempt.message
    why = ""
    if _quiet(attempt, address):
        if _not_wanted(address) and not address.ignore_error and recipient:
            why = ": RFC 3461 DSN, failure notify not requested"
    elif not recipient:
        age = attempt.process.ports.clock.time() - message.received_time
        limit = attempt.process.main.ignore_bounce_errors_after
        timed_out = address.outcome is not None and address.outcome.message == "retry timeout exceeded"
        if age < limit and not timed_out:
            return False
    else:
        return False
    top = address.top
    generated = f" <{top.address}>" if top is not address and top.address != address.address else ""
    mark = ">" if address.kind is Kind.REPLY else ""
    attempt.log.main(f"{mark}{address.address}{generated}: error ignored{why}", message.id)
    attempt.progress.done(address)
    return True


def _freeze_bounce(attempt: Attempt, first: Address, left: list[Address]) -> None:
    """A bounce that cannot be delivered stays in the queue, frozen; its failed addresses are not done."""
    attempt.wanted_freeze = True
    attempt.freeze_reason = " (delivery error message)"
    attempt.deferred += [first, *left]


def _freeze_untold(attempt: Attempt, recipient: str, addresses: list[Address]) -> None:
    """An ACL does not let the bounce in: the message stays, frozen, so that somebody sees it."""
    message = attempt.message
    attempt.log.main(f"Process failed (1) when writing error message to {recipient} (frozen)", message.id)
    message.frozen = True
    message.frozen_at = attempt.process.ports.clock.time()
    message.manually_thawed = False
    attempt.progress.changed = True
    attempt.deferred += addresses


def _keep_for_later(attempt: Attempt, addresses: list[Address], error: Defer) -> None:
    """The bounce could not be handed in: the addresses stay, so that it is tried again."""
    attempt.log.main(f"failed to submit bounce message: {error.message}", attempt.message.id)
    attempt.deferred += addresses


def _send(attempt: Attempt, recipient: str, addresses: list[Address]) -> None:
    """Write one bounce and hand it in."""
    process = attempt.process
    variables = attempt.ctx.address
    variables.bounce_recipient = recipient
    try:
        text = bounce_text(attempt, recipient, addresses)
    finally:
        variables.bounce_recipient = ""
    recipients = [recipient, *_copies(attempt, recipient)]
    process.services.submit(
        process,
        to_bytes(text),
        recipients,
        reference=attempt.message.id,
        authenticated_sender=str(process.main.bounce_sender_authentication or ""),
        requiretls=attempt.message.requiretls,
    )


#: what the log calls the items of bounce_message_file that are expanded
_ITEMS = ("header", "intro", "generated text", "copy")


def bounce_text(attempt: Attempt, recipient: str, addresses: list[Address]) -> str:
    """The whole bounce, header lines first."""
    main = attempt.process.main
    outputs = [address for address in addresses if address.outcome is not None and address.outcome.output]
    items = template_items(attempt, "bounce_message_file", _ITEMS) or [""] * 4
    mark = boundary(attempt)
    failed = [_failed_name(address) for address in addresses if not address.hide_child]
    text = f"X-Failed-Recipients: {(',' + chr(10) + '  ').join(failed)}\n" if failed else ""
    if main.errors_reply_to:
        text += f"Reply-To: {main.errors_reply_to}\n"
    text += f"Auto-Submitted: auto-replied\nFrom: {from_line(attempt)}\nTo: {recipient}\n"
    text += references(attempt) + report_headers(attempt, mark)
    to_sender = recipient == attempt.message.sender_address
    text += items[0] or f"Subject: Mail delivery failed{': returning message to sender' if to_sender else ''}\n"
    text += f"\n--{mark}\nContent-type: text/plain; charset=us-ascii\n\n"
    text += items[1] or _introduction(attempt, to_sender=to_sender)
    text += "\n" + "".join(_paragraph(address) for address in addresses)
    text += _outputs(items[2], outputs) if outputs else ""
    text += status_part(attempt, mark)
    for address in _last_first(addresses):
        status = (address.outcome.status if address.outcome is not None else "") or "5.0.0"
        text += "\n" + status_fields(attempt, address, "failed", status)
    if main.bounce_return_message:
        kind, returned = returned_message(attempt, headers_only=False)
        text += f"\n--{mark}\nContent-type: {kind}\n\n{returned}"
    return f"{text}\n--{mark}--\n"


def _last_first(addresses: list[Address]) -> list[Address]:
    """The order of the machine-readable part: those whose output was shown, then the others, each the last first."""
    outputs = [address for address in addresses if address.outcome is not None and address.outcome.output]
    plain = [address for address in addresses if address not in outputs]
    return [*reversed(outputs), *reversed(plain)]


def _failed_name(address: Address) -> str:
    """The address that X-Failed-Recipients shows: of a pipe or file, the one it was made from."""
    here = address
    while here.is_special and here.parent is not None:
        here = here.parent
    return here.address


def _introduction(attempt: Attempt, *, to_sender: bool) -> str:
    extra = attempt.process.main.bounce_message_text
    text = f"{_MADE}{extra or ''}\n"
    if to_sender:
        return (
            f"{text}A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n"
        )
    return (
        f"{text}A message sent by\n\n  <{attempt.message.sender_address}>\n\n"
        "could not be delivered to one or more of its recipients. The following\naddress(es) failed:\n"
    )


def _paragraph(address: Address) -> str:
    lines = [f"  {line}" for line in person_text(address)] + [f"    {line}" for line in error_text(address)]
    return "\n".join(lines) + "\n"


def _outputs(introduction: str, addresses: list[Address]) -> str:
    """What pipes wrote."""
    many = "s" if len(addresses) > 1 else ""
    text = "\n" + (introduction or f"The following text was generated during the delivery attempt{many}:\n")
    for address in addresses:
        assert address.outcome is not None
        lines = person_text(address)
        text += "\n------ " + "\n       ".join(line.strip() for line in lines) + " ------\n\n"
        written = address.outcome.output.decode("latin-1")
        text += written if written.endswith("\n") else written + "\n"
    return text


def _copies(attempt: Attempt, recipient: str) -> list[str]:
    """The addresses that `errors_copy` adds."""
    template = attempt.process.main.errors_copy
    if template is None:
        return []
    from eximia.message.address import split_address

    for item in split_list(template.text):
        pattern, rest = _pattern(item)
        ctx = attempt.ctx
        numbers: list[str] = []
        try:
            if match_address(one_item(pattern, template.span), recipient, ctx, numbers=numbers) is None:
                continue
        except Defer as error:
            if error.message:
                attempt.log.panic(error.message, attempt.message.id)
            return []
        kept = (ctx.address.local_part, ctx.address.domain, ctx.scope.numeric)
        ctx.address.local_part, ctx.address.domain = split_address(recipient)
        ctx.scope.numeric = (recipient, *numbers)
        try:
            text = expand(Template(rest.strip(), template.span), ctx)
        except ExpansionError as error:
            attempt.log.panic(
                f"Failed to expand {rest.strip()} when processing errors_copy: {error.message}", attempt.message.id
            )
            return []
        finally:
            ctx.address.local_part, ctx.address.domain, ctx.scope.numeric = kept
        return list(_addresses(attempt, text))
    return []


def _addresses(attempt: Attempt, text: str) -> Iterator[str]:
    """The addresses of a list; those without a domain get one. What is no address is told of in the log."""
    from eximia.message.address import AddressSyntaxError, addresses_in, parse_address, qualify

    for start, end in addresses_in(text):
        try:
            yield qualify(parse_address(text[start:end]).address, attempt.process.main.qualify_recipient)
        except AddressSyntaxError as error:
            attempt.log.panic(f"errors_copy: {text[start:end].strip()}: {error}", attempt.message.id)


def _pattern(item: str) -> tuple[str, str]:
    """The pattern of an item of errors_copy, perhaps in quotes, and the rest."""
    from eximia.routers.manual_list import next_word

    return next_word(item)
