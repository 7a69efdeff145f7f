"""The Received: line we add (manual 48.13, option `received_header_text`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.message.dates import rfc5322
from eximia.message.header import Header

from .policy import Policy

if TYPE_CHECKING:
    from eximia.context import Context


class Unreceivable(Exception):
    """The line cannot be made, which the panic log has been told. Without it nobody would notice that a message goes
    round in a loop: it must not be taken."""


def make_received(ctx: Context, policy: Policy, when: float) -> Header | None:
    """The line with the time `when`; None when the option expands to nothing. Raises Unreceivable."""
    template = ctx.process.main.received_header_text
    message = ctx.message
    if len(message.recipients) == 1:
        only = message.recipients[0]
        message.variables["received_for"] = only.submitted or only.address
    try:
        text = policy.expand(ctx, template)
    except ForcedFailure:
        return None
    except ExpansionError as error:
        ctx.process.log.panic(
            f'Expansion of "{template.text}" (received_header_text) failed: {error.message}', ctx.message.id
        )
        raise Unreceivable from None
    finally:
        message.variables.pop("received_for", None)
    if not text:
        return None
    separator = " " if _empty(text) else "\n\t"
    return Header(f"{text};{separator}{rfc5322(when)}\n", "P")


def _empty(text: str) -> bool:
    return text.rstrip().endswith(":")


def set_time(header: Header, when: float) -> None:
    """Replace the time at the end by the time of acceptance."""
    before, semicolon, _ = header.text.rpartition(";")
    if semicolon:
        blank = " " if _empty(before) else "\n\t"
        header.text = f"{before};{blank}{rfc5322(when)}\n"
