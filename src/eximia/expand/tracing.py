"""Debug text of expansions (`-d+expand`): what was expanded, and what came of it, in Exim's layout.

One frame a string; parts of a string are not shown one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, ForcedFailure

from .nodes import Run

if TYPE_CHECKING:
    from eximia.base.trace import Trace
    from eximia.context import Context


def _drawn(text: str) -> str:
    """Line drawing as UTF-8 bytes in our kind of text."""
    return text.encode("utf-8").decode("latin-1")


_OPEN = _drawn(" \u256dconsidering: ")
_EXPANDED = _drawn(" \u251c\u2500\u2500expanding: ")
_RESULT = _drawn(" \u2570\u2500\u2500\u2500\u2500\u2500result: ")
_FAILED = _drawn(" \u251cfailed to expand: ")
_MESSAGE = _drawn(" \u2570\u2500\u2500\u2500error message: ")
_FORCED = _drawn(" \u2570failure was forced")


def traced(run: Run, text: str, ctx: Context, trace: Trace) -> str:
    """Evaluate, and tell."""
    depth = " " * ctx.scope.depth
    trace.debug("expand", f"{depth}{_OPEN}{text}\n")
    try:
        result = run(ctx)
    except ExpansionError as failure:
        end = f"{depth}{_FORCED}\n" if isinstance(failure, ForcedFailure) else ""
        trace.debug("expand", f"{depth}{_FAILED}{text}\n{depth}{_MESSAGE}{failure.message}\n{end}")
        raise
    trace.debug("expand", f"{depth}{_EXPANDED}{text}\n{depth}{_RESULT}{result}\n")
    return result
