"""Whether a local transport would find room for a message: service `mailbox_room`, for `verify = recipient/quota`."""

from __future__ import annotations

from eximia.base.errors import Defer, ExpansionError
from eximia.context import Context
from eximia.context.delivery import Address, Batch, Errno, Outcome, Result

from .engine import driver_of, variables_of
from .smtp.failure import Failure


def mailbox_room(ctx: Context, address: Address) -> Outcome | None:
    """None when there is room, or when the transport knows no quotas; else what a delivery would come to now.

    `address` has been routed. The size is that of the MAIL command, nothing when it gave none.
    """
    transport = address.transport
    if transport is None:
        return None
    look = getattr(driver_of(ctx, transport), "room", None)
    if look is None:
        return None
    batch = Batch(transport, [address])
    try:
        outcome: Outcome | None = look(ctx.for_address(variables_of(batch)), address)
    except Failure as failure:
        return Outcome(Result.DEFERRED, failure.message, failure.errno)
    except (ExpansionError, Defer) as error:
        return Outcome(Result.DEFERRED, error.message, Errno.UNKNOWN)
    return outcome
