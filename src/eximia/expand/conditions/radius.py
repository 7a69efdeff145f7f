"""`radius{user:password}`: a Radius server (RFC 2865), as the client library's configuration file names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.conditions.simple import OneString

if TYPE_CHECKING:
    from eximia.context import Context


def _radius(ctx: Context, text: str) -> bool:
    from eximia.expand.radius import authenticate

    user, _, password = text.partition(":")
    return authenticate(ctx, user, password)


RADIUS = OneString(_radius)
