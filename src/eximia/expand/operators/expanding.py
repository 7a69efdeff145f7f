"""`expand`: the operand is expanded a second time; it must not be tainted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.expand.operation import Operator
from eximia.expand.sinks import refuse_tainted

if TYPE_CHECKING:
    from eximia.context import Context


def _expand(ctx: Context, subject: str, argument: str | None) -> str:
    from eximia.expand.engine import expand_text

    try:
        refuse_tainted(ctx, subject, "expansion")
        return expand_text(subject, ctx)
    except ForcedFailure as failure:
        raise ForcedFailure(f'internal expansion of "{subject}" failed: {failure.message}') from failure
    except ExpansionError as failure:
        raise type(failure)(f'internal expansion of "{subject}" failed: {failure.message}') from failure


EXPAND = Operator(_expand, pure=False)
