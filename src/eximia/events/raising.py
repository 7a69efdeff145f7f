"""Raising an event: its action is expanded, its result forces something or is ignored (manual 61, features row 17)."""

from __future__ import annotations

from eximia.base.errors import ExpansionError
from eximia.base.template import Template
from eximia.context import Context


def raise_event(ctx: Context, name: str, data: str, action: Template | None, *, errno: int = 0) -> str | None:
    """Expand `action` with `$event_name`, `$event_data` and `$event_defer_errno` set; the variables keep their old
    values afterwards. The result, None when there is no action or it failed."""
    if action is None:
        return None
    address = ctx.address
    kept = (address.event_name, address.event_data, address.event_defer_errno)
    address.event_name, address.event_data, address.event_defer_errno = name, data, errno
    trace = ctx.process.trace
    try:
        result = ctx.process.services.expand(action.text, ctx)
    except ExpansionError as error:
        where = address.transport_name or "main"
        ctx.process.log.panic(f"failed to expand event_action {name} in {where}: {error.message}", ctx.message.id)
        return None
    finally:
        address.event_name, address.event_data, address.event_defer_errno = kept
    if trace is not None:
        trace.step("event", action.span, name, "forced" if result else "done", data)
    return result
