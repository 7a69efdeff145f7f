"""Ways to read a variable from the context's records."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from eximia.base.text import EMPTY, Untainted

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.expand.nodes import Run

ZERO = Untainted("0")
ONE = Untainted("1")
YES = Untainted("yes")
NO = Untainted("no")


def text(path: str) -> Run:
    """The text at `path` below the context, with the mark it has."""
    run: Run = attrgetter(path)
    return run


def trusted(path: str) -> Run:
    """Text that is ours whatever type the record keeps."""
    get: Callable[[Any], Any] = attrgetter(path)

    def run(ctx: Context) -> str:
        value = get(ctx)
        if type(value) is Untainted:
            return value
        return Untainted(value) if value else EMPTY

    return run


def number(path: str) -> Run:
    """A number."""
    get: Callable[[Any], Any] = attrgetter(path)

    def run(ctx: Context) -> str:
        return Untainted(get(ctx))

    return run


def flag(path: str, true: str = "1", false: str = "0") -> Run:
    """A truth value in two words."""
    get: Callable[[Any], Any] = attrgetter(path)
    on, off = Untainted(true), Untainted(false)

    def run(ctx: Context) -> str:
        return on if get(ctx) else off

    return run


def option(name: str, default: str = "") -> Run:
    """A main option, expanded where it is a template."""
    fallback = Untainted(default)

    def run(ctx: Context) -> str:
        value = getattr(ctx.process.main, name, None)
        if value is None:
            return fallback
        if isinstance(value, (str, int)):
            return Untainted(value)
        from eximia.expand.engine import expand

        return expand(value, ctx)

    return run


def own(name: str, default: str = "") -> Run:
    """A variable that the part it belongs to keeps in the message's `variables`, or while a transport signs, with the
    address (several transports may be at work on one message)."""
    fallback = Untainted(default)

    def run(ctx: Context) -> str:
        signing = ctx.address.signing
        if signing is not None and name in signing:
            return signing[name]
        value: str = ctx.message.variables.get(name, fallback)
        return value

    return run


def session_note(name: str) -> Run:
    """A variable kept in the session's notes."""

    def run(ctx: Context) -> str:
        value: str = ctx.session.notes.get(name, EMPTY)
        return value

    return run
