"""The events of one address: the variables are those of its transport run (manual 61)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.template import Template
from eximia.context import Address, Batch
from eximia.events import raise_event
from eximia.routers.engine import variables_of as routing_variables
from eximia.transports.engine import variables_of

if TYPE_CHECKING:
    from .attempt import Attempt


def address_event(
    attempt: Attempt, address: Address, name: str, data: str, action: Template, *, errno: int = 0
) -> None:
    """Raise an event about one address; its result is ignored."""
    if address.transport is None:
        variables = routing_variables(address)
        variables.router_name = address.router.name if address.router is not None else ""
    else:
        path = address.errors_address
        variables = variables_of(
            Batch(address.transport, [address], attempt.message.sender_address if path is None else path)
        )
        smtp = address.outcome.smtp if address.outcome is not None else None
        if smtp is not None and smtp.host is not None:
            variables.host = smtp.host.name
            variables.host_address = smtp.host.address
            variables.host_port = smtp.host.port
            variables.delivery_confirmation = smtp.confirmation
    raise_event(attempt.ctx.for_address(variables), name, data, action, errno=errno)
