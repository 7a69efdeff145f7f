"""`ldapauth{query}`: can this user bind with this password?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import LookupDefer
from eximia.expand.conditions.simple import OneString

if TYPE_CHECKING:
    from eximia.context import Context


def _ldapauth(ctx: Context, query: str) -> bool:
    # The lookup service knows the pseudo type: found means the bind succeeded.
    try:
        return ctx.process.services.lookups.find(ctx, "ldapauth", None, query) is not None
    except LookupDefer as failure:
        # Only lookups name their query.
        raise LookupDefer(failure.cause) from failure


LDAPAUTH = OneString(_ldapauth)
