"""What the four kinds of lists share: expansion, compiling once, named lists and kept results (manual 10.1, 10.8).

A constant list is compiled once a configuration and kept at its Template; one that is made by expansion is compiled
once for each text that the expansion gives, as far as the process's memory for them reaches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from eximia.base.errors import ExpansionError, ForcedFailure, LookupDefer
from eximia.base.listtext import split_list
from eximia.base.template import ONE_ITEM, Template
from eximia.base.text import Quoted, marked
from eximia.config.named_lists import NamedList
from eximia.expand import expand
from eximia.expand.queries import compile_list

from .match import Compiled, ListError, Match, Outcome, UnexpandableList, signed

if TYPE_CHECKING:
    from eximia.context import Context

S = TypeVar("S")

#: Compiled texts kept in a process, and the longest text that is kept.
KEPT_TEXTS = 512
LONGEST_KEPT = 1 << 20
#: Results of named lists kept with a message.
KEPT_RESULTS = 4096

_NOTHING: Compiled[Any] = Compiled(())

#: How messages call the kinds.
KINDS = {"domain": "domain", "host": "host", "address": "address", "local_part": "local part"}


def trouble(ctx: Context, text: str) -> None:
    """Tell the main and the panic log."""
    if ctx.process.log is not None:
        ctx.process.log.panic(text, ctx.message.id)


def _search_error(error: ExpansionError) -> str:
    """What of an expansion's failure the caller logs once more: the words of a lookup."""
    if isinstance(error, LookupDefer):
        return error.cause if error.cause != error.message else ""
    return error.message if error.message.startswith("failed to open ") else ""


def expanded(source: Template, ctx: Context) -> str:
    """The text of a list. Raises as `expand`."""
    if source.compiled is None and ";" in source.text:
        source.compiled = compile_list(source.text)
    return expand(source, ctx)


def items_of(text: str) -> list[str]:
    """The items of a list, each with the mark of the list."""
    items = split_list(text)
    if isinstance(text, Quoted):
        return [marked(item, text) for item in items]
    return items


class ListKind(Generic[S]):
    """One kind of list. `name` is the key of `NamedList.kind`."""

    __slots__ = ("_caseful_key", "_caseless_key", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._caseless_key = name
        self._caseful_key = name + " caseful"

    # What the kinds define

    def compile(self, items: list[str], ctx: Context, *, caseful: bool = False, in_file: bool = False) -> Compiled[S]:
        """Make the items ready. Raises Defer for what cannot be used."""
        raise NotImplementedError

    def result_key(self, subject: S) -> str:
        """What names `subject` among the results kept with a message."""
        raise NotImplementedError

    # What they share

    def ready(self, source: Template | str, ctx: Context, *, caseful: bool = False) -> Compiled[S]:
        """The compiled list. A forced failure gives the empty list; raises Defer for other failures."""
        key = self._caseful_key if caseful else self._caseless_key
        if isinstance(source, Template):
            if source.parsed is not None:
                found: Compiled[S] | None = source.parsed.get(key)
                if found is not None:
                    return found
            if source.constant:
                compiled = self.compile(items_of(source.text), ctx, caseful=caseful)
                if source.parsed is None:
                    source.parsed = {}
                source.parsed[key] = compiled
                return compiled
            try:
                text = expanded(source, ctx)
            except ForcedFailure:
                return _NOTHING
            except ExpansionError as error:
                trouble(
                    ctx,
                    f'failed to expand "{source.text.removeprefix(ONE_ITEM)}" while checking a list: {error.message}',
                )
                raise UnexpandableList(error.message, _search_error(error)) from None
        else:
            text = source
        return self._ready_text(text, key, ctx, caseful=caseful)

    def _ready_text(self, text: str, key: str, ctx: Context, *, caseful: bool) -> Compiled[S]:
        kept: dict[tuple[str, type, str], Compiled[S]] = ctx.process.caches.setdefault("lists", {})
        # Equal texts of other taint are other lists; quoted ones carry their quoter and are not kept.
        name = (key, type(text), text)
        compiled = kept.get(name)
        if compiled is None:
            compiled = self.compile(items_of(text), ctx, caseful=caseful)
            if not isinstance(text, Quoted) and len(text) <= LONGEST_KEPT:
                if len(kept) >= KEPT_TEXTS:
                    for old in list(kept)[: KEPT_TEXTS // 4]:
                        del kept[old]
                kept[name] = compiled
        return compiled

    def match_named(self, name: str, subject: S, ctx: Context, numbers: list[str], *, caseful: bool) -> Match | None:
        """The outcome of a named list, kept with the message when that is allowed and saves work."""
        named = find_named(ctx, self.name, name)
        if named is None:
            text = f'unknown named {KINDS[self.name]} list "+{name}"'
            trouble(ctx, text)
            raise ListError(text)
        if ctx.process.trace is not None:
            from .commentary import explain, wanted

            if wanted(ctx):
                return explain(self, named.template, subject, ctx, numbers, caseful=caseful)
        if not _constant(named):
            return self.ready(named.template, ctx, caseful=caseful).match(subject, ctx, numbers)
        compiled = self.ready(named.template, ctx, caseful=caseful) if named.template.constant else None
        if compiled is not None and compiled.cheap:
            return compiled.match(subject, ctx, numbers)
        if not keepable(ctx, named):
            compiled = compiled or self.ready(named.template, ctx, caseful=caseful)
            return compiled.match(subject, ctx, numbers)
        results = kept_results(ctx, self.name)
        key = (self._caseful_key if caseful else self._caseless_key, name, self.result_key(subject))
        kept = results.get(key)
        if kept is not None:
            numbers += kept[1]
            return kept[0]
        compiled = compiled or self.ready(named.template, ctx, caseful=caseful)
        before = len(numbers)
        outcome = compiled.match(subject, ctx, numbers)
        if len(results) >= KEPT_RESULTS:
            results.clear()
        results[key] = (outcome, tuple(numbers[before:]))
        return outcome


Results = dict[tuple[str, str, str], tuple[Match | None, tuple[str, ...]]]


def kept_results(ctx: Context, kind: str) -> Results:
    """Where results of named lists are kept: those of hosts with the session, the others with the message."""
    notes = ctx.session.notes if kind == "host" else ctx.message.notes
    results = notes.get("list results")
    if results is None:
        results = notes["list results"] = {}
    found: Results = results
    return found


def find_named(ctx: Context, kind: str, name: str) -> NamedList | None:
    """A named list of the configuration."""
    named: NamedList | None = ctx.process.config.lists.get(kind, name)
    return named


def _constant(named: NamedList) -> bool:
    """The list is the same each time (no `$`), or the configuration says that it may be taken so."""
    return named.cache or "$" not in named.template.text


def keepable(ctx: Context, named: NamedList) -> bool:
    """True when neither the list nor a list inside it may change within a message. Raises ListError for a loop."""
    known: dict[tuple[str, str], bool] = ctx.process.caches.setdefault("lists.keepable", {})
    key = (named.kind, named.name)
    answer = known.get(key)
    if answer is None:
        answer = known[key] = _keepable(ctx, named, ())
    return answer


def _keepable(ctx: Context, named: NamedList, outer: tuple[NamedList, ...]) -> bool:
    if named in outer:
        raise ListError(f'named list "+{named.name}" refers to itself')
    if not _constant(named):
        return False
    for item in split_list(named.template.text):
        inner_name = item.lstrip("! \t").rpartition("@")[2]
        if inner_name.startswith("+"):
            kind = "domain" if "@" in item else named.kind
            inner = find_named(ctx, kind, inner_name[1:])
            if inner is not None and not _keepable(ctx, inner, (*outer, named)):
                return False
    return True


class Named(Generic[S]):
    """`+name` in a list."""

    __slots__ = ("_caseful", "_kind", "_name", "_positive")

    def __init__(self, kind: ListKind[S], name: str, positive: bool, *, caseful: bool) -> None:
        self._kind = kind
        self._name = name
        self._positive = positive
        self._caseful = caseful

    def match(self, subject: S, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        outcome = self._kind.match_named(self._name, subject, ctx, numbers, caseful=self._caseful)
        return signed(outcome, self._positive)


def sign(item: str) -> tuple[str, bool]:
    """The item without its exclamation mark, and whether it is positive."""
    if item.startswith("!"):
        return marked(item[1:].lstrip(), item), False
    return item, True
