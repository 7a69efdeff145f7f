"""`Services.acl`: ACLs as expansions run them, `${acl {name}{argument}...}` and the condition `acl`."""

from __future__ import annotations

from collections.abc import Sequence

from eximia.base.span import NOWHERE
from eximia.base.template import Template
from eximia.context import Context, Process

from .engine import current_phase, run_text
from .result import Outcome
from .run import Run


class AclService:
    """See `base.ports.AclService`."""

    __slots__ = ()

    def __init__(self, process: Process) -> None:
        """One for each process; it keeps nothing of its own."""

    def run_named(self, ctx: Context, name: str, args: Sequence[str]) -> tuple[str, str]:
        """Run the ACL `name` with `args` in the phase that is going on. ("accept", "deny", "defer"..., message)."""
        result = run_text(Run(ctx, current_phase(ctx)), name, Template("", NOWHERE), args)
        outcome = Outcome.DENY if result.outcome is Outcome.DROP else result.outcome
        return outcome.value.lower(), result.user_message
