"""`Services.lookups`: one lookup, from the search type as written to its result.

Here are the rules that all types share: taint of file names and queries, defaults and partial matching (manual 9.6,
9.7), `ret=key`, `cache=no_rd`, and keeping the results of queries with the message (9.8). Files are kept open or
parsed by their types for as long as they do not change, so their results need no keeping.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, LookupDefer, TaintError
from eximia.base.namedtuple import NamedTuple
from eximia.base.ports import FoundItem
from eximia.base.span import NOWHERE
from eximia.base.text import Quoted, Untainted, is_tainted
from eximia.context.user_files import readable

from .catalogue import LOOKUPS
from .kept import LINES
from .search import Search, parse_search
from .types import RESULTS, LookupType, OpenFailure, QueryStyle, SingleKey, option

if TYPE_CHECKING:
    from eximia.context import Context

#: types that read no file, and connect to nothing as the user that they run as
_FILELESS = frozenset({"dnsdb", "passwd", "psl", "regdom", "spf"})
#: types whose file is read as a whole
_ONE_FILE = frozenset({"cdb", "dbm", "dbmjz", "dbmnz", "iplsearch", "json", "lsearch", "nwildlsearch", "wildlsearch"})
_PURPOSES = dict.fromkeys(("iplsearch", "lsearch", "nwildlsearch", "wildlsearch"), LINES)
#: Results of queries kept with a message.
KEPT_RESULTS = 1024


class _Hit(NamedTuple):
    data: str
    #: the wild and the fixed part, None where neither partial matching nor a default was asked for
    parts: tuple[str, str] | None


class Lookups:
    """See `base.ports.LookupService`."""

    def find(self, ctx: Context, search: str, key: str | None, source: str) -> str | None:
        """See `base.ports.LookupService.find`. A partial match sets $1 and $2."""
        try:
            return self._find(ctx, search, key, source)
        except LookupDefer as defer:
            from eximia.logs.printing import printing

            topbit = bool(ctx.process.main.print_topbitchars)
            subject = printing(source if key is None else key, topbit=topbit).replace("\t", "\\t")
            raise LookupDefer(f'lookup of "{subject}" gave DEFER: {defer.message}', cause=defer.cause) from None

    def _find(self, ctx: Context, search: str, key: str | None, source: str) -> str | None:
        parsed = parse_search(search)
        type_ = _type(parsed)
        if isinstance(type_, QueryStyle):
            if key is not None:
                raise ExpansionError(
                    f'a single key was given for lookup type "{parsed.type}", which is not a single-key lookup type'
                )
            return _query(ctx, type_, parsed, source)
        assert isinstance(type_, SingleKey)
        if key is None:
            raise ExpansionError(f'missing {{key}} for single-key "{parsed.type}" lookup')
        hit = _single(ctx, type_, parsed, key, source)
        if hit is None:
            return None
        if hit.parts is not None:
            ctx.scope.numeric = ("", *hit.parts)
        return hit.data

    def find_item(self, ctx: Context, search: str, key: str, source: str) -> FoundItem | None:
        """See `base.ports.LookupService.find_item`."""
        parsed = parse_search(search)
        type_ = _type(parsed)
        if isinstance(type_, QueryStyle):
            found = _query(ctx, type_, parsed, source)
            return None if found is None else FoundItem(found)
        assert isinstance(type_, SingleKey)
        hit = _single(ctx, type_, parsed, key, source)
        return None if hit is None else FoundItem(hit.data, hit.parts or ())

    def is_query_style(self, search: str) -> bool:
        """See `base.ports.LookupService.is_query_style`."""
        return isinstance(_type(parse_search(search)), QueryStyle)

    def quote(self, ctx: Context, search: str, option: str | None, text: str) -> str:
        """See `base.ports.LookupService.quote`."""
        type_ = LOOKUPS.get(search)
        if type_ is None:
            raise ExpansionError(f'unknown lookup type "{search}"')
        quoted = type_.quote(text, option)
        if quoted is None:
            raise ExpansionError(f'"{option}" unrecognized after "${{quote_{search}"')
        return Quoted(quoted, search) if is_tainted(text) else Untainted(quoted)


def _type(parsed: Search) -> LookupType:
    type_ = LOOKUPS.get(parsed.type)
    if type_ is None:
        raise ExpansionError(f'unknown lookup type "{parsed.type}"')
    if isinstance(type_, QueryStyle):
        if parsed.partial >= 0:
            raise ExpansionError(f'"partial" is not permitted for lookup type "{parsed.type}"')
        if parsed.default:
            raise ExpansionError(
                f'defaults using "*" or "*@" are not permitted for lookup type "{parsed.type}{parsed.default}"'
            )
    return type_


def _query(ctx: Context, type_: QueryStyle, parsed: Search, query: str) -> str | None:
    if type_.quoters and is_tainted(query) and not (isinstance(query, Quoted) and query.quoter in type_.quoters):
        if type_.refuses:
            raise TaintError(f"tainted search query is not properly quoted ({parsed.type})")
        # only the end of it: a password comes before the URL
        text = f"tainted search query is not properly quoted ({parsed.type}): {query.rsplit(' ', 1)[-1]}"
        ctx.process.log.panic(text, ctx.message.id)
    if ctx.message.acting is not None and parsed.type not in _FILELESS:
        raise ExpansionError(f"{parsed.type} lookups are not permitted in users' filters here")
    if not type_.cached:
        return _trusted(type_, type_.query(ctx, query, parsed.options))
    kept: dict[tuple[str, str, object], str | None] | None = ctx.message.notes.get(RESULTS)
    if kept is None:
        kept = ctx.message.notes[RESULTS] = {}
    options = parsed.options
    if options:
        options = tuple(pair for pair in options if pair[0] != "cache")
    name = (parsed.type, query, options)
    if name in kept and option(parsed.options, "cache") != "no_rd":
        return kept[name]
    found = _trusted(type_, type_.query(ctx, query, parsed.options))
    if type_.changes(query, found):
        for other in [each for each in kept if each[0] == parsed.type]:
            del kept[other]
        return found
    if len(kept) >= KEPT_RESULTS:
        kept.clear()
    kept[name] = found
    return found


def _trusted(type_: LookupType, found: str | None) -> str | None:
    return Untainted(found) if found is not None and type_.trusted else found


def _single(ctx: Context, type_: SingleKey, parsed: Search, key: str, path: str) -> _Hit | None:
    """The lookup with its partial keys and defaults."""
    if is_tainted(path):
        raise TaintError(f"Tainted filename for search: '{path}'")
    if ctx.message.acting is not None and parsed.type not in _FILELESS:
        return _users(ctx, type_, parsed, key, path)
    return _in_file(ctx, type_, parsed, key, path)


def _users(ctx: Context, type_: SingleKey, parsed: Search, key: str, path: str) -> _Hit | None:
    """In a file of a user whose filter asks, and whom we cannot become."""
    if parsed.type not in _ONE_FILE:
        raise ExpansionError(f"{parsed.type} lookups are not permitted in users' filters here")
    try:
        with readable(ctx, path) as copy:
            try:
                return _in_file(ctx, type_, parsed, key, Untainted(copy))
            except ExpansionError as error:
                raise ExpansionError(error.message.replace(copy, path)) from None
    except OSError as error:
        raise OpenFailure(path, _PURPOSES.get(parsed.type, f"for {parsed.type} lookup"), error) from None


def _in_file(ctx: Context, type_: SingleKey, parsed: Search, key: str, path: str) -> _Hit | None:
    options = parsed.options
    hit: _Hit | None = None
    found = type_.find(ctx, path, key, options)
    # The empty key is never found, but it may have a default.
    if found is not None and key:
        hit = _Hit(found, ("", key) if parsed.partial >= 0 else None)
    elif parsed.partial >= 0:
        hit = _partial(ctx, type_, parsed, key, path)
    if hit is None and parsed.default:
        hit = _default(ctx, type_, parsed, key, path)
    trace = ctx.process.trace
    if trace is not None:
        trace.step("lookup", NOWHERE, key, "failed" if hit is None else hit.data, f"{parsed.type} {path}")
    if hit is None:
        return None
    data = key if option(options, "ret") == "key" else hit.data
    return _Hit(Untainted(data), hit.parts)


def _partial(ctx: Context, type_: SingleKey, parsed: Search, key: str, path: str) -> _Hit | None:
    """The key with components replaced by the affix, one by one from the left."""
    affix, options = parsed.affix, parsed.options
    labels = key.split(".")
    if affix:
        found = type_.find(ctx, path, affix + key, options)
        if found is not None:
            return _Hit(found, ("", key))
    for cut in range(1, len(labels)):
        if len(labels) - cut < parsed.partial:
            return None
        fixed = ".".join(labels[cut:])
        found = type_.find(ctx, path, affix + fixed, options)
        if found is not None:
            return _Hit(found, (".".join(labels[:cut]), fixed))
    if parsed.partial > 0 or not affix:
        return None
    last = affix[:-1] if len(affix) > 1 and affix.endswith(".") else affix
    found = type_.find(ctx, path, last, options)
    return None if found is None else _Hit(found, (key, ""))


def _default(ctx: Context, type_: SingleKey, parsed: Search, key: str, path: str) -> _Hit | None:
    """`*@domain` for keys that are addresses, then `*`."""
    options = parsed.options
    if parsed.default == "*@":
        local_part, at, domain = key.rpartition("@")
        if at:
            found = type_.find(ctx, path, f"*@{domain}", options)
            if found is not None:
                return _Hit(found, (local_part, ""))
    found = type_.find(ctx, path, "*", options)
    return None if found is None else _Hit(found, (key, ""))
