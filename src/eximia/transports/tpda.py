"""The oldest form of events: `tpda_delivery_action` and `tpda_host_defer_action` (features row 17).

Each is expanded once for what happened, with the `$tpda_*` variables set; the result is ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError

from .strings import expand

if TYPE_CHECKING:
    from eximia.base.template import Template
    from eximia.context import Context
    from eximia.context.delivery import Address, Host


def tell(
    ctx: Context,
    action: Template,
    option: str,
    address: Address,
    host: Host | None,
    *,
    confirmation: str = "",
    errno: int = 0,
    text: str = "",
) -> None:
    """Expand `action`. Trouble goes to the panic log and changes nothing."""
    here = ctx.address
    kept = [(name, getattr(here, name)) for name in _SHOWN]
    if host is not None:
        here.host, here.host_address, here.host_port = host.name, host.address, host.port
    here.local_part, here.domain = address.local_part, address.domain
    here.delivery_confirmation = confirmation
    here.event_data, here.event_defer_errno = text, errno
    try:
        expand(action, ctx)
    except ExpansionError as error:
        log = ctx.process.log
        if log is not None:
            log.panic(f"failed to expand {option}: {error.message}", ctx.message.id)
    finally:
        for name, value in kept:
            setattr(here, name, value)


#: where the `$tpda_*` variables come from
_SHOWN = (
    "host",
    "host_address",
    "host_port",
    "local_part",
    "domain",
    "delivery_confirmation",
    "event_data",
    "event_defer_errno",
)
