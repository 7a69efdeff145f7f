"""What a parsed expansion string consists of (manual chapter 11).

A string is parsed once into a `Sequence` of nodes. Each node knows its place in the source, compiles itself to a
closure `run(ctx) -> str`, and can tell which error Exim would raise when it only *skips* the node (an untaken branch
of `${if...}` is still read for its brackets and names). A part that cannot be parsed is a `Broken` node: it fails,
with Exim's words, when evaluation reaches it and not before.

Not here: parsing (`parser`), the items, operators and conditions themselves (their folders).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import EMPTY, Untainted, marked, tainted_join

if TYPE_CHECKING:
    from eximia.context import Context

Run = Callable[["Context"], str]
Test = Callable[["Context"], bool]


class Node:
    """Base of all nodes. `start` and `end` are offsets in the source."""

    __slots__ = ("end", "source", "start")

    source: str
    start: int
    end: int
    #: evaluation leaves `$value` changed
    sets_value = False

    def at(self, source: str, start: int, end: int) -> None:
        self.source = source
        self.start = start
        self.end = end

    @property
    def text(self) -> str:
        """The node as it was written."""
        return self.source[self.start : self.end]

    def constant(self) -> str | None:
        """The value, when it can never change."""
        return None

    def compile(self) -> Run:
        """The closure that evaluates the node."""
        raise NotImplementedError

    def skip_error(self) -> str | None:
        """The message Exim gives when it skips over this node and finds it faulty."""
        return None

    def children(self) -> Iterator[Node]:
        """Nodes directly inside."""
        return iter(())

    def walk(self) -> Iterator[Node]:
        """This node and all inside it, in reading order."""
        yield self
        for child in self.children():
            yield from child.walk()


def constant_run(text: str) -> Run:
    """A closure that returns always `text`."""

    def run(ctx: Context) -> str:
        return text

    return run


def failing(message: str) -> Run:
    """A closure that always fails."""

    def run(ctx: Context) -> str:
        raise ExpansionError(message)

    return run


def first_skip_error(*nodes: Node) -> str | None:
    """The first error met when skipping over `nodes` from left to right."""
    for node in nodes:
        error = node.skip_error()
        if error is not None:
            return error
    return None


class ArgumentsNode(Node):
    """An item that is nothing but its arguments."""

    __slots__ = ("args",)

    def __init__(self, args: list[Sequence]) -> None:
        self.args = args

    def children(self) -> Iterator[Node]:
        return iter(self.args)

    def skip_error(self) -> str | None:
        return first_skip_error(*self.args)


class Text(Node):
    """Literal text. `value` has escapes already resolved."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = Untainted(value)

    def constant(self) -> str:
        return self.value

    def compile(self) -> Run:
        return constant_run(self.value)


class Broken(Node):
    """Where parsing had to stop. What was read before (`done`) is evaluated first, as Exim does, because it may
    fail earlier with another message."""

    __slots__ = ("done", "message")

    def __init__(self, message: str, done: tuple[Node, ...] = ()) -> None:
        self.message = message
        self.done = done

    def compile(self) -> Run:
        runs = tuple(node.compile() for node in self.done)
        message = self.message

        def run(ctx: Context) -> str:
            for part in runs:
                part(ctx)
            raise ExpansionError(message)

        return run

    def skip_error(self) -> str | None:
        return first_skip_error(*self.done) or self.message

    def children(self) -> Iterator[Node]:
        return iter(self.done)


class Inside(Node):
    """Parts of something that could not be read to its end, evaluated for their errors, which get `suffix`."""

    __slots__ = ("parts", "suffix")

    def __init__(self, parts: list[Node], suffix: str) -> None:
        self.parts = parts
        self.suffix = suffix

    def compile(self) -> Run:
        runs = tuple(part.compile() for part in self.parts)
        suffix = self.suffix

        def run(ctx: Context) -> str:
            try:
                for part in runs:
                    part(ctx)
            except ExpansionError as failure:
                raise within(failure, suffix) from failure
            return EMPTY

        return run

    def skip_error(self) -> str | None:
        error = first_skip_error(*self.parts)
        return None if error is None else error + self.suffix

    def children(self) -> Iterator[Node]:
        return iter(self.parts)


class Skipped(Node):
    """Parts of something that could not be read to its end and that Exim only skips at first, to find that end."""

    __slots__ = ("parts", "suffix")

    def __init__(self, parts: list[Node], suffix: str) -> None:
        self.parts = parts
        self.suffix = suffix

    def compile(self) -> Run:
        error = self.skip_error()
        return constant_run(EMPTY) if error is None else failing(error)

    def skip_error(self) -> str | None:
        error = first_skip_error(*self.parts)
        return None if error is None else error + self.suffix

    def children(self) -> Iterator[Node]:
        return iter(self.parts)


class Checked(Node):
    """A string that must pass `check` before what follows it is looked at."""

    __slots__ = ("check", "inner")

    def __init__(self, inner: Sequence, check: Callable[[str], object]) -> None:
        self.inner = inner
        self.check = check

    def compile(self) -> Run:
        run, check = self.inner.compile(), self.check

        def checked(ctx: Context) -> str:
            check(run(ctx))
            return EMPTY

        return checked

    def skip_error(self) -> str | None:
        return self.inner.skip_error()

    def children(self) -> Iterator[Node]:
        yield self.inner


def within(failure: ExpansionError, suffix: str) -> ExpansionError:
    """The same failure with the place where it happened behind its message."""
    return type(failure)(failure.message + suffix, failure.span)


class Sequence(Node):
    """Parts one after the other."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[Node]) -> None:
        self.parts = parts

    def constant(self) -> str | None:
        if not self.parts:
            return EMPTY
        if len(self.parts) == 1:
            return self.parts[0].constant()
        values = [part.constant() for part in self.parts]
        if all(type(value) is Untainted for value in values):
            return Untainted("".join(value or "" for value in values))
        return None

    def skip_error(self) -> str | None:
        return first_skip_error(*self.parts)

    def children(self) -> Iterator[Node]:
        return iter(self.parts)

    def compile(self) -> Run:
        value = self.constant()
        if value is not None:
            return constant_run(value)
        if len(self.parts) == 1:
            return self.parts[0].compile()
        return _join(self.parts)


def _join(parts: list[Node]) -> Run:
    """The closure for several parts: adjoining constants are merged, the mark is kept when all parts have it."""
    merged: list[str | Run] = []
    for part in parts:
        value = part.constant()
        if value is None:
            merged.append(part.compile())
        elif merged and isinstance(merged[-1], str):
            merged[-1] = merged[-1] + value
        else:
            merged.append(value)
    literals, steps = _alternating(merged)
    if len(steps) == 1:
        return _around(literals[0], steps[0], literals[2])
    if len(steps) == 2:
        return _two(literals, steps[0], steps[1])

    def run(ctx: Context) -> str:
        values = [step(ctx) for step in steps]
        pieces = literals.copy()
        pieces[1::2] = values
        joined = "".join(pieces)
        for value in values:
            # An unset variable is empty text without a mark; it carries nothing.
            if type(value) is not Untainted and value:
                return tainted_join(joined, values)
        return Untainted(joined)

    return run


def _alternating(merged: list[str | Run]) -> tuple[list[str], tuple[Run, ...]]:
    """Literals with room for the values between them (every second one), and what makes the values."""
    literals: list[str] = [""]
    steps: list[Run] = []
    for part in merged:
        if isinstance(part, str):
            literals[-1] = part
        else:
            steps.append(part)
            literals += ["", ""]
    return literals, tuple(steps)


def _around(head: str, step: Run, tail: str) -> Run:
    """One value between literals."""

    def run(ctx: Context) -> str:
        value = step(ctx)
        joined = head + value + tail
        return Untainted(joined) if type(value) is Untainted or not value else marked(joined, value)

    return run


def _two(literals: list[str], one: Run, two: Run) -> Run:
    """Two values with literals around them."""
    head, _, middle, _, tail = literals

    def run(ctx: Context) -> str:
        a = one(ctx)
        b = two(ctx)
        pieces = (head, a, middle, b, tail)
        joined = "".join(pieces)
        if (type(a) is not Untainted and a) or (type(b) is not Untainted and b):
            return tainted_join(joined, (a, b))
        return Untainted(joined)

    return run


def gathering(nodes: Iterable[Node]) -> Callable[[Context], list[str]]:
    """The closure that gives the values of several strings; constants are not evaluated again."""
    parts = list(nodes)
    fixed = [part.constant() for part in parts]
    open_places = [place for place, value in enumerate(fixed) if value is None]
    runs = tuple(part.compile() for part in parts)
    if len(open_places) == 1 and len(parts) > 1:
        place = open_places[0]
        only = runs[place]
        values = [EMPTY if value is None else value for value in fixed]

        def gather_one(ctx: Context) -> list[str]:
            found = values.copy()
            found[place] = only(ctx)
            return found

        return gather_one

    def gather(ctx: Context) -> list[str]:
        return [run(ctx) for run in runs]

    return gather


class Condition(Node):
    """Base of the conditions of `${if ...}`."""

    __slots__ = ()

    #: true when evaluation may set $0... or $value, which `${if}` then has to restore
    scoped = False

    def test(self) -> Test:
        """The closure that evaluates the condition."""
        raise NotImplementedError

    def truth(self) -> Callable[[Context], object]:
        """The same, where any value that counts as true in Python will do."""
        return self.test()

    def compile(self) -> Run:
        """A condition is part of an item; evaluated alone it is the text `${if}` without strings would give."""
        test = self.test()

        def run(ctx: Context) -> str:
            return Untainted("true") if test(ctx) else EMPTY

        return run
