"""`ldapauth{query}`: can this user bind with this password?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.conditions.simple import OneString

if TYPE_CHECKING:
    from eximia.context import Context


def _ldapauth(ctx: Context, query: str) -> bool:
    # The lookup service knows the pseudo type: found means the bind succeeded.
    return ctx.process.services.lookups.find(ctx, "ldapauth", None, query) is not None


LDAPAUTH = OneString(_ldapauth)
