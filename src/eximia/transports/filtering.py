"""The transport filter: a command that the whole message goes through (manual chapter 24, `transport_filter`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.context.delivery import Errno

from .commands import CommandError, command_arguments
from .smtp.failure import Failure, Fault
from .strings import expand

if TYPE_CHECKING:
    from eximia.base.template import Template
    from eximia.context import Context
    from eximia.context.delivery import Address


class FilterLate(Failure):
    """The filter gave nothing for `transport_filter_timeout`."""


def filter_arguments(ctx: Context, options: Any, addresses: list[Address]) -> list[str]:
    """The filter's command, [] for none. Raises CommandError."""
    template = options.transport_filter
    if template is None:
        return []
    if not template.text.strip() or _is_empty(ctx, template):
        return []
    return command_arguments(
        ctx,
        template.text,
        what="transport filter",
        addresses=[address.address for address in addresses],
        allow_tainted_arguments=True,
    )


def _is_empty(ctx: Context, template: Template) -> bool:
    """The option expands to nothing as a whole: there is no filter. What is wrong in it the arguments will tell."""
    if template.constant or "$pipe_addresses" in template.text:
        return False
    try:
        return not expand(template, ctx).strip()
    except ExpansionError:
        return False


def filtered(ctx: Context, options: Any, addresses: list[Address], header: str, body: Iterable[bytes]) -> bytes | None:
    """The message after the filter, None when there is none. Raises Failure (deferring) when the filter failed."""
    try:
        arguments = filter_arguments(ctx, options, addresses)
    except CommandError as error:
        raise filter_failure(error.message) from error
    if not arguments:
        return None
    if not arguments[0].startswith("/"):
        raise filter_failure("transport filter process failed (127): unable to execute command")
    data = header.encode("latin-1") + b"".join(body)
    result = ctx.process.ports.helpers.run(
        arguments,
        stdin=data,
        timeout=options.transport_filter_timeout,
        max_output=1 << 31,
        merge_errors=True,
    )
    if result.timed_out:
        raise FilterLate("transport filter timeout", Errno.FILTER_FAIL, Fault.LOCAL, log=False, with_host=True)
    if result.failure:
        raise filter_failure("transport filter process failed (127): unable to execute command")
    if result.status:
        raise filter_failure(f"transport filter process failed ({status_number(result.status)})")
    return result.output


def status_number(status: int) -> int:
    """How a command's end is shown: its code, or the signal that ended it."""
    return status if status >= 0 else -status


def filter_failure(text: str) -> Failure:
    return Failure(text, Errno.FILTER_FAIL, Fault.LOCAL, log=False, with_host=True)
