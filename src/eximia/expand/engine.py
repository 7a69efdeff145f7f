"""Compiling and evaluating: what the other layers call.

A template is compiled when it is first expanded and keeps its closure. Text that is known only at run time is
compiled through a bounded memo.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.template import Template
from eximia.base.text import Untainted

from .nodes import Run
from .numbers import lax_truth, seconds, strict_integer
from .tracing import traced

if TYPE_CHECKING:
    from eximia.context import Context

#: expansions within expansions (`${expand:...}`, ACLs called by strings)
MAX_NESTING = 50


@lru_cache(maxsize=4096)
def compile_text(text: str, locked: frozenset[str] = frozenset()) -> Run:
    """The closure of a string. Never raises: what is wrong fails when it is evaluated. `locked`: see `locks`."""
    from .parser import parse

    return parse(text, locked).compile()


def expand(template: Template | Untainted, ctx: Context) -> str:
    """The expansion of configuration text.

    Raises ForcedFailure when it says so itself, LookupDefer when something cannot be found out now, and
    ExpansionError with Exim's message otherwise.
    """
    if isinstance(template, Template):
        run = template.compiled
        if run is None:
            if template.constant:
                return template.text
            run = template.compiled = compile_text(template.text)
        trace = ctx.process.trace
        if trace is not None and "expand" in trace.categories:
            return traced(run, template.text, ctx, trace)
        result: str = run(ctx)
        return result
    return expand_text(template, ctx)


def expand_text(text: str, ctx: Context) -> str:
    """The expansion of text made at run time, which must not be tainted. Raises as `expand`, and TaintError."""
    if "$" not in text and "\\" not in text:
        return text
    if type(text) is not Untainted:
        from .sinks import refuse_tainted

        refuse_tainted(ctx, text, "expansion")
    scope = ctx.scope
    if scope.depth >= MAX_NESTING:
        raise ExpansionError("expansions are nested too deeply")
    scope.depth += 1
    try:
        run = compile_text(text, scope.locked)
        trace = ctx.process.trace
        if trace is not None and "expand" in trace.categories:
            return traced(run, text, ctx, trace)
        return run(ctx)
    finally:
        scope.depth -= 1


def check_condition(template: Template | Untainted, ctx: Context, what: str) -> bool:
    """The rule of `condition =` in routers and ACLs: false for an empty string, `0`, `no`, `false` and a forced
    failure, true for everything else. `what` names the place in messages."""
    try:
        return lax_truth(expand(template, ctx))
    except ForcedFailure:
        return False


def expand_bool(template: Template | Untainted, ctx: Context, name: str) -> bool:
    """An expanded boolean option: `true`, `yes`, `false`, `no` in any case. Raises ExpansionError for other words."""
    word = expand(template, ctx).lower()
    if word in ("true", "yes"):
        return True
    if word in ("false", "no"):
        return False
    raise ExpansionError(f'"{word}" is not a valid value for the "{name}" option')


def expand_int(template: Template | Untainted, ctx: Context) -> int:
    """An expanded number, with K, M or G."""
    return strict_integer(expand(template, ctx))


def expand_time(template: Template | Untainted, ctx: Context) -> int:
    """An expanded time interval in seconds."""
    text = expand(template, ctx)
    found = seconds(text)
    if found is None:
        raise ExpansionError(f'"{text}" is not a valid time interval')
    return found


def expand_octal(template: Template | Untainted, ctx: Context) -> int:
    """An expanded octal number."""
    text = expand(template, ctx).strip()
    try:
        return int(text, 8)
    except ValueError:
        raise ExpansionError(f'"{text}" is not an octal number') from None
