"""Running an Exim filter on the message of a context."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.context import FilterResult
from eximia.filters.errors import FilterError

from .parser import parse
from .run import Limits, Run, Stop

if TYPE_CHECKING:
    from eximia.context import Context


def interpret(
    ctx: Context,
    text: str,
    limits: Limits,
    say: Callable[[str], None] | None = None,
    comment: Callable[[str], None] | None = None,
) -> FilterResult:
    """What the filter comes to. A filter that cannot be read or obeyed has the verdict "error".

    $n0... count from zero; those of the system filter are $sn0... from then on.
    """
    message = ctx.message
    kept = message.filter_numbers
    message.filter_numbers = [0] * 10 + (kept[10:] if len(kept) >= 20 else [0] * 10)
    numeric = ctx.scope.numeric
    run = Run(ctx, limits, say=say, comment=comment)
    result = run.result
    try:
        for command in parse(text, limits):
            command.obey(run)
    except Stop:
        pass
    except FilterError as error:
        result.verdict = "error"
        result.message = error.message
    except ExpansionError as error:
        result.verdict = "error"
        result.message = error.message
    result.numbers = message.filter_numbers[:10]
    message.filter_numbers = [0] * 10 + result.numbers if limits.system else kept
    ctx.scope.numeric = numeric
    message.variables.pop("thisaddress", None)
    if not limits.system:
        message.notes.pop("headers_charset", None)
    if result.verdict == "ok" and run.delivered:
        result.verdict = "delivered"
    return result
