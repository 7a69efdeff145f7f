"""What -bh and -d+lists say of list matching: `subject in "list"? yes (matched "item")`.

Used only while somebody reads: the items are tested one after another, where `Compiled` tests neighbours together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.template import ONE_ITEM, Template

from .kind import ListKind, expanded, items_of, sign
from .match import PLAIN, Compiled, Match, Outcome

if TYPE_CHECKING:
    from eximia.context import Context

S = TypeVar("S")

#: what makes a pattern of a route_list a list of one item


def wanted(ctx: Context) -> bool:
    """Whether somebody reads what is said here."""
    trace = ctx.process.trace
    return trace is not None and "lists" in trace.categories


def say(ctx: Context, text: str) -> None:
    """A line of it."""
    trace = ctx.process.trace
    if trace is not None:
        trace.debug("lists", text)


def explain(
    kind: ListKind[S],
    source: Template | str,
    subject: S,
    ctx: Context,
    numbers: list[str],
    *,
    caseful: bool = False,
    label: str = "",
) -> Match | None:
    """Match `subject` in the list `source`, and say how it went. `label` is said instead of the list, for options."""
    text = _text(source, ctx)
    if text is None:
        return None
    # What is wrong with the list as a whole is told by compiling it.
    kind.ready(source, ctx, caseful=caseful)
    shown = _shown(subject)
    question = f"{shown} in {label}?" if label else f'{shown} in "{text.removeprefix(ONE_ITEM)}"?'
    positive = True
    for item in items_of(text):
        if (item.startswith("+") and "_unknown" in item) or item in ("+caseful", "+ignore_defer", "+include_defer"):
            # These change what follows: leave the list as a whole to the usual way.
            found = kind.ready(source, ctx, caseful=caseful).match(subject, ctx, numbers)
            say(ctx, f"{question} {'no (end of list)' if found is None else 'yes'}")
            return found
        plain, positive = sign(item)
        inner = _inside(kind, plain, subject, ctx)
        outcome = _outcome(kind.compile([item], ctx, caseful=caseful), subject, ctx, numbers)
        if inner:
            named = plain.rpartition("@")[2]
            say(ctx, f"{inner} no (end of list)" if outcome is None else f'{inner} yes (matched "{named}")')
        if outcome is not None:
            say(ctx, f'{question} {"no" if outcome is False else "yes"} (matched "{item}")')
            return None if outcome is False else outcome
    say(ctx, f"{question} {'no' if positive else 'yes'} (end of list)")
    return None if positive else PLAIN


def _outcome(compiled: Compiled[S], subject: S, ctx: Context, numbers: list[str]) -> Outcome:
    """What one item says; "no" may also mean that the list ends here, because a host's name cannot be found."""
    for segment in compiled.segments:
        outcome = segment.match(subject, ctx, numbers)
        if outcome is not None:
            return outcome
    return None


def _text(source: Template | str, ctx: Context) -> str | None:
    """The list; None when its expansion is forced to fail."""
    if not isinstance(source, Template):
        return source
    if source.constant:
        return source.text
    try:
        return expanded(source, ctx)
    except ForcedFailure:
        say(ctx, f'expansion of "{source.text}" forced failure: assume not in this list')
        return None
    except ExpansionError:
        return source.text  # `ready` fails in the same way, and reports it


def _shown(subject: Any) -> str:
    if isinstance(subject, str):
        return subject
    text: str = getattr(subject, "text", "host")
    return text


def _inside(kind: ListKind[Any], item: str, subject: Any, ctx: Context) -> str:
    """The domain of an item of an address list is a list of its own. A named list says itself how it went, but for the
    last line: what is returned is the beginning of that."""
    if kind.name != "address" or item[:1] in ("^", "+") or ";" in item or subject.domain is None:
        return ""
    local_part, at, domain = item.rpartition("@")
    if at and local_part not in ("*", subject.local_part):
        return ""
    if domain.startswith("+"):
        return f'{subject.domain} in "{domain}"?'
    from .domain import DOMAINS

    explain(DOMAINS, domain, subject.domain, ctx, [])
    return ""
