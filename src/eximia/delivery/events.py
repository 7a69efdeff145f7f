"""The events of one address: the variables are those of its transport run (manual 61)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.template import Template
from eximia.context import Address, Batch
from eximia.events import raise_event
from eximia.routers.engine import variables_of as routing_variables
from eximia.transports.engine import variables_of

if TYPE_CHECKING:
    from eximia.context import AddressContext

    from .attempt import Attempt


def address_event(
    attempt: Attempt, address: Address, name: str, data: str, action: Template, *, errno: int = 0
) -> None:
    """Raise an event about one address; its result is ignored."""
    raise_event(attempt.ctx.for_address(_variables(attempt, address)), name, data, action, errno=errno)


def complete_event(attempt: Attempt, action: Template) -> None:
    """`msg:complete`: the variables show the last remote delivery, without its drivers."""
    ctx = attempt.ctx
    batch = attempt.last_remote
    if batch is not None:
        variables = variables_of(batch)
        variables.router_name = variables.transport_name = ""
        _show_host(variables, batch.first)
        ctx = ctx.for_address(variables)
    raise_event(ctx, "msg:complete", "", action)


def _variables(attempt: Attempt, address: Address) -> AddressContext:
    if address.transport is None:
        variables = routing_variables(address)
        variables.router_name = address.router.name if address.router is not None else ""
    else:
        path = address.errors_address
        variables = variables_of(
            Batch(address.transport, [address], attempt.message.sender_address if path is None else path)
        )
        _show_host(variables, address)
    return variables


def _show_host(variables: AddressContext, address: Address) -> None:
    """The host that answered for an address; when none did, the last that was tried."""
    smtp = address.outcome.smtp if address.outcome is not None else None
    if smtp is None:
        for host in reversed(address.hosts):
            if host.tried:
                variables.host, variables.host_address, variables.host_port = host.name, host.address, host.port
                break
    elif smtp.host is not None:
        variables.host = smtp.host.name
        variables.host_address = smtp.host.address
        variables.host_port = smtp.host.port
        variables.delivery_confirmation = smtp.confirmation
        variables.host_dnssec = smtp.host.authenticated
        variables.sending_ip_address = smtp.local_address
        variables.sending_port = smtp.local_port
        if smtp.tls is not None:
            variables.tls_out = smtp.tls
