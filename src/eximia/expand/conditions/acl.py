"""`acl{{name}{arg}...}`: the outcome of a named ACL; its message is in `$value`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.conditions.wrapped import Strings
from eximia.expand.items.acl import run_acl

if TYPE_CHECKING:
    from eximia.context import Context


def _acl(ctx: Context, values: list[str]) -> bool:
    accepted, message = run_acl(ctx, values)
    ctx.scope.value = message
    return accepted


ACL = Strings(1, 10, _acl, sets=True)
