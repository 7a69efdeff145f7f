"""`pam{user:password:...}`: the system's authentication modules, service "exim"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.conditions.simple import OneString
from eximia.expand.listing import split_list

if TYPE_CHECKING:
    from eximia.context import Context


def _pam(ctx: Context, text: str) -> bool:
    from eximia.expand.pam import authenticate

    items = split_list(text)[1]
    user = items[0] if items else ""
    if not user:
        return False
    return ctx.process.ports.blocking(authenticate, user, items[1:])


PAM = OneString(_pam)
