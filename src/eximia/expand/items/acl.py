"""`${acl{name}{arg}...}`: the message of a named ACL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.expand.items.function import FunctionItem

if TYPE_CHECKING:
    from eximia.context import Context


def run_acl(ctx: Context, values: list[str]) -> tuple[bool, str]:
    """Whether the ACL accepts, and its message. Raises ForcedFailure when it defers, ExpansionError otherwise."""
    name = values[0]
    outcome, message = ctx.process.services.acl.run_named(ctx, name, values[1:])
    if outcome in ("accept", "discard"):
        return True, message
    if outcome == "deny":
        return False, message
    word = outcome.upper()
    kind = ForcedFailure if outcome == "defer" else ExpansionError
    raise kind(f'{word} from acl "{name.strip()}"')


def _acl(ctx: Context, name: str, values: list[str]) -> str:
    return run_acl(ctx, values)[1]


ACL = FunctionItem(1, 10, _acl, pure=False)
