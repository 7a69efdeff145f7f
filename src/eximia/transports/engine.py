"""Running one transport for a batch of addresses: what all transports have in common (manual 23, 24, 61).

`run` expands the generic options, calls the driver, runs the shadow transport and raises the events. Every address
of the batch has an `outcome` afterwards. Not here: making batches, retry and log lines (delivery), the drivers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from eximia.base.errors import Defer, ExpansionError, ForcedFailure
from eximia.context import AddressContext
from eximia.context.delivery import Batch, Errno, Host, Outcome, Result, SmtpFacts
from eximia.expand.numbers import strict_integer

from .catalogue import DRIVERS
from .smtp.failure import Failure
from .smtp.waiting import enter, leave
from .strings import expand, expand_number
from .tpda import tell

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Address


class Driver(Protocol):
    """What a transport driver is. One object for each transport of the configuration."""

    #: it delivers on this host, as a user
    local: bool

    def __init__(self, name: str, options: Any) -> None: ...

    def deliver(self, ctx: Context, batch: Batch) -> None:
        """Give every address of the batch an outcome. `ctx.address` holds the variables; `batch.return_path` is
        the envelope sender to use. May raise Failure, Defer or ExpansionError: then all are deferred."""


def driver_of(ctx: Context, transport: Any) -> Driver:
    """The driver object of a transport instance (`name`, `options`), made when first asked for."""
    made: dict[str, tuple[Any, Driver]] = ctx.process.caches.setdefault("transports.drivers", {})
    known = made.get(transport.name)
    if known is not None and known[0] is transport.options:
        return known[1]
    driver_class = DRIVERS.get(str(transport.options.driver))
    assert driver_class is not None, transport.options.driver
    driver: Driver = driver_class(transport.name, transport.options)
    made[transport.name] = (transport.options, driver)
    return driver


def is_local(transport: Any) -> bool:
    """True for transports that deliver on this host."""
    return str(transport.options.driver) != "smtp"


def run(ctx: Context, batch: Batch) -> None:
    """Deliver to the addresses of a batch. A shadow transport has no shadow itself."""
    transport = batch.transport
    options = transport.options
    ctx = ctx.for_address(variables_of(batch))
    if batch.first.pipe_variables:
        ctx.scope.numeric = batch.first.pipe_variables
    key = ""
    try:
        _new_return_path(ctx, options, batch)
        if options.message_size_limit is not None:
            _check_size(ctx, transport.name, options)
        if options.debug_print is not None and ctx.process.trace is not None:
            _debug_print(ctx, options)
        if options.max_parallel is not None and not batch.shadow:
            key = _enter_parallel(ctx, transport.name, options, batch.first)
        driver_of(ctx, transport).deliver(ctx, batch)
    except Failure as failure:
        if failure.announce and ctx.process.log is not None:
            ctx.process.log.panic(failure.message, ctx.message.id)
        _give(batch, _outcome(failure))
    except (ExpansionError, Defer) as error:
        _give(batch, Outcome(Result.DEFERRED, error.message, Errno.UNKNOWN))
    finally:
        if key:
            leave(ctx, key)
    for address in batch.addresses:
        _name_host(address)
        if address.outcome is None:
            address.outcome = Outcome(Result.DEFERRED, f"{transport.name} transport gave no result", Errno.UNKNOWN)
    if options.shadow_transport is not None and not batch.shadow:
        _run_shadow(ctx, batch, options)
    _events(ctx, batch, options)


def _name_host(address: Address) -> None:
    """A local delivery for an address with a host list is logged with the first host's name."""
    outcome = address.outcome
    if address.hosts and outcome is not None and outcome.result is Result.DELIVERED and outcome.smtp is None:
        outcome.smtp = SmtpFacts(host=Host(address.hosts[0].name))


def variables_of(batch: Batch) -> AddressContext:
    """The variables while a transport runs (manual 23.4): those of the address, when there is but one."""
    addresses = batch.addresses
    first = addresses[0]
    variables = AddressContext(
        return_path=batch.return_path,
        router_name=first.router.name if first.router is not None else "",
        transport_name=batch.transport.name,
        router_vars=first.variables,
        pipe_addresses=tuple(a.address for a in addresses),
        self_hostname=first.self_hostname,
    )
    if first.hosts:
        variables.host = first.hosts[0].name
        variables.host_address = first.hosts[0].address
    elif first.result_data:
        variables.host = first.result_data
    if len(addresses) == 1:
        _single(variables, first)
    else:
        domain = first.domain
        variables.address_data = first.address_data
        if all(a.domain == domain for a in addresses):
            variables.domain = domain
            variables.domain_data = first.domain_data
    return variables


def _single(variables: AddressContext, address: Address) -> None:
    """The variables of the one address."""
    source = address
    if address.is_special:
        # A pipe, file or reply: the local part is that of the address it was made from (manual 26.1, 29).
        while source.is_special and source.parent is not None:
            source = source.parent
        if address.kind.value == "pipe":
            variables.address_pipe = address.address
        elif address.kind.value in ("file", "directory"):
            variables.address_file = address.address
    variables.local_part = source.local_part
    variables.domain = source.domain
    variables.local_part_data = source.local_part_data
    variables.domain_data = source.domain_data
    variables.local_part_prefix = source.prefix
    variables.local_part_prefix_v = source.prefix_v
    variables.local_part_suffix = source.suffix
    variables.local_part_suffix_v = source.suffix_v
    variables.address_data = address.address_data
    top = address.top
    variables.original_local_part = top.full_local_part
    variables.original_domain = top.domain
    if address.parent is not None:
        variables.parent_local_part = address.parent.full_local_part
        variables.parent_domain = address.parent.domain


def _new_return_path(ctx: Context, options: Any, batch: Batch) -> None:
    """`return_path`: another envelope sender for this copy. Raises Failure."""
    template = options.return_path
    if template is None:
        return
    try:
        batch.return_path = expand(template, ctx)
    except ForcedFailure:
        return
    except ExpansionError as error:
        raise Failure(
            f'Failed to expand return path "{template.text}" in {batch.transport.name} transport: {error.message}',
            Errno.HOST_EXPAND_FAIL,
            announce=True,
        ) from error
    ctx.address.return_path = batch.return_path


def _check_size(ctx: Context, name: str, options: Any) -> None:
    """`message_size_limit`. A lookup that finds nothing must not mean that there is no limit. Raises Failure."""
    what = "failed to expand"
    try:
        text = expand(options.message_size_limit, ctx)
        what = "invalid"
        limit = strict_integer(text, positive=True)
    except ExpansionError as error:
        raise Failure(f"{what} message_size_limit in {name} transport: {error.message}", Errno.UNKNOWN) from error
    if 0 < limit < ctx.message.size:
        raise Failure(f"message is too big (transport limit = {limit})", Errno.NONE, permanent=True)


def _debug_print(ctx: Context, options: Any) -> None:
    trace = ctx.process.trace
    assert trace is not None
    try:
        text = expand(options.debug_print, ctx)
    except ExpansionError as error:
        text = f'failed to expand debug_output "{options.debug_print.text}": {error.message}'
    trace.debug("transport", text if text.endswith("\n") else text + "\n")


def _enter_parallel(ctx: Context, name: str, options: Any, address: Address) -> str:
    """Count this run; the key to leave with. Raises Failure when there are enough already."""
    try:
        limit = expand_number(options.max_parallel, ctx)
    except ExpansionError as error:
        log = ctx.process.log
        if log is not None:
            text = f"Failed to expand max_parallel option in {name} transport ({address.address}): {error.message}"
            log.panic(text, ctx.message.id)
        raise Failure(error.message, Errno.UNKNOWN) from error
    if limit <= 0:
        return ""
    key = f"tpt-serialize-{name}"
    if enter(ctx, key, limit):
        return key
    raise Failure("concurrency limit reached for transport", Errno.CONCURRENCY)


def _outcome(failure: Failure) -> Outcome:
    return Outcome(
        Result.FAILED if failure.permanent else Result.DEFERRED,
        failure.message,
        int(failure.errno),
        failure.more_errno,
        panic=failure.panic,
    )


def _give(batch: Batch, outcome: Outcome) -> None:
    """The same outcome for all that have none."""
    for address in batch.addresses:
        if address.outcome is None or address.outcome.result is Result.PENDING:
            address.outcome = outcome


def _run_shadow(ctx: Context, batch: Batch, options: Any) -> None:
    """`shadow_transport`: the same addresses once more, for those that were delivered."""
    delivered = [a for a in batch.addresses if a.outcome is not None and a.outcome.result is Result.DELIVERED]
    if not delivered:
        return
    name = str(options.shadow_transport)
    try:
        if options.shadow_condition is not None:
            wanted = expand(options.shadow_condition, ctx).strip()
            if wanted in ("", "0", "no", "false"):
                return
    except ForcedFailure:
        return
    except ExpansionError as error:
        log = ctx.process.log
        if log is not None:
            condition = f'condition "{options.shadow_condition.text}" for {batch.transport.name} transport'
            log.panic(f"failed to expand {condition}: {error.message}", ctx.message.id)
        return
    transport = find(ctx, name)
    if transport is None:
        if ctx.process.log is not None:
            ctx.process.log.panic(f'shadow transport "{name}" not found ', ctx.message.id)
        return
    outcomes = [a.outcome for a in delivered]
    retries = [list(a.retries) for a in delivered]
    for address in delivered:
        address.outcome = None
    run(ctx, Batch(transport, delivered, batch.return_path, shadow=True))
    for address, outcome, known in zip(delivered, outcomes, retries, strict=True):
        shadow = address.outcome
        address.outcome = outcome
        address.retries = known
        assert outcome is not None
        outcome.shadow = name
        if shadow is not None and shadow.result is not Result.DELIVERED:
            why = [os.strerror(shadow.errno)] if shadow.errno > 0 else []
            why += [shadow.message] if shadow.message else []
            outcome.shadow += f" ({': '.join(why) or f'error {shadow.errno}'})"


def find(ctx: Context, name: str) -> Any:
    """The transport called `name`, None when there is none."""
    for transport in _all(ctx):
        if transport.name == name:
            return transport
    return None


def _all(ctx: Context) -> Any:
    transports = ctx.process.config.transports
    return transports.values() if hasattr(transports, "values") else transports


def _events(ctx: Context, batch: Batch, options: Any) -> None:
    """The old `tpda_delivery_action`, after each successful delivery."""
    action = options.tpda_delivery_action
    if action is None:
        return
    for address in batch.addresses:
        outcome = address.outcome
        if outcome is None or outcome.result is not Result.DELIVERED:
            continue
        smtp = outcome.smtp
        here = ctx.for_address(variables_of(Batch(batch.transport, [address], batch.return_path)))
        host = smtp.host if smtp is not None else None
        confirmation = smtp.confirmation if smtp is not None else ""
        tell(here, action, "tpda_delivery_action", address, host, confirmation=confirmation)
