"""`${lookup{sender}spf{address}}`: what SPF says of a sender's address and a client's (manual 58.4).

The check itself is above lookups; it is reached as a service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .types import Options, SingleKey

if TYPE_CHECKING:
    from eximia.context import Context


class Spf(SingleKey):
    """`path` is the client's address."""

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        return ctx.process.services.spf(ctx, key, path) if key else None


SPF = Spf()
