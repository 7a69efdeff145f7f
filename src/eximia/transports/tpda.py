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
    variables = ctx.message.variables
    values = {
        "tpda_delivery_ip": host.address if host is not None else "",
        "tpda_delivery_port": str(host.port) if host is not None else "0",
        "tpda_delivery_fqdn": host.name if host is not None else "",
        "tpda_delivery_local_part": address.local_part,
        "tpda_delivery_domain": address.domain,
        "tpda_delivery_confirmation": confirmation,
        "tpda_defer_errstr": text,
    }
    variables.update(values)
    ctx.address.event_defer_errno = errno
    try:
        expand(action, ctx)
    except ExpansionError as error:
        log = ctx.process.log
        if log is not None:
            log.panic(f"failed to expand {option}: {error.message}", ctx.message.id)
    finally:
        ctx.address.event_defer_errno = 0
        for name in values:
            variables.pop(name, None)
