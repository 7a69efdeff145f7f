"""Host lists (manual 10.10 to 10.19) and the lists of `match_ip`.

An item may need a name or an address that cannot be found; then the list ends without a match, unless
`+include_unknown`, `+ignore_unknown` or their `_defer` relatives say otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import Defer, ExpansionError
from eximia.base.text import marked

from .items.file import FileItems
from .items.hosts import (
    AnyHost,
    HostLookup,
    HostName,
    HostSubject,
    LocalInterface,
    NamePattern,
    NameSuffix,
    NetLookup,
    Networks,
    NoHost,
    Unknown,
    parse_network,
)
from .items.lookup import split_lookup
from .kind import ListKind, Named, sign, trouble
from .match import PLAIN, Compiled, ListError, Outcome, Segment

if TYPE_CHECKING:
    from eximia.context import Context

_SWITCHES = {
    "+include_unknown": ("unknown", "include"),
    "+ignore_unknown": ("unknown", "ignore"),
    "+include_defer": ("defer", "include"),
    "+ignore_defer": ("defer", "ignore"),
}


class Guarded:
    """An item that may lack information, with what to do then: end the list, take it as a match, or go on."""

    __slots__ = ("_on_defer", "_on_unknown", "_segment")

    def __init__(self, segment: Segment[HostSubject], on_unknown: str, on_defer: str) -> None:
        self._segment = segment
        self._on_unknown = on_unknown
        self._on_defer = on_defer

    def match(self, subject: HostSubject, ctx: Context, numbers: list[str]) -> Outcome:
        """See `Segment.match`."""
        try:
            return self._segment.match(subject, ctx, numbers)
        except Unknown as unknown:
            if not self._on_unknown:
                log = ctx.process.log
                if log is not None and log.selectors.unknown_in_list:
                    log.main(f"list matching forced to fail: {unknown.what}")
                return False
            if self._on_unknown == "ignore":
                return None
            text = f"{unknown.what}: accepted by +include_unknown"
        except ListError:
            raise
        except Defer as defer:
            if not self._on_defer:
                raise
            if self._on_defer == "ignore":
                return None
            text = f"{defer.message}: accepted by +include_defer"
        if ctx.process.log is not None:
            ctx.process.log.main(text)
        return PLAIN


class HostKind(ListKind[HostSubject]):
    """Lists whose subject is a host. With `addresses_only` (`match_ip`) lookups are by address always."""

    __slots__ = ("_addresses_only",)

    def __init__(self, *, addresses_only: bool = False) -> None:
        super().__init__("host")
        self._addresses_only = addresses_only
        if addresses_only:
            self._caseless_key = "ip"

    def result_key(self, subject: HostSubject) -> str:
        return subject.address

    def compile(
        self, items: list[str], ctx: Context, *, caseful: bool = False, in_file: bool = False
    ) -> Compiled[HostSubject]:
        """See `ListKind.compile`."""
        segments: list[Segment[HostSubject]] = []
        run: Networks | None = None
        tail: FileItems[HostSubject] | None = None
        last_negative = False
        cheap = True
        modes = {"unknown": "", "defer": ""}
        for item in items:
            item, positive = sign(item)
            switch = None if in_file else _SWITCHES.get(item)
            if switch is not None:
                modes[switch[0]] = switch[1]
                continue
            last_negative = not positive
            tail = None
            network = parse_network(item)
            if network is not None:
                if run is None:
                    run = Networks()
                    segments.append(run)
                run.add(network, positive)
                continue
            run = None
            segment = self._plain(item, positive, in_file=in_file)
            if isinstance(segment, FileItems):
                tail = segment
            if segment is None:
                segment = Guarded(self._named(item, positive, ctx), modes["unknown"], modes["defer"])
            cheap = cheap and isinstance(segment, AnyHost | NoHost)
            segments.append(segment)
        return Compiled(segments, last_negative=last_negative, cheap=cheap, tail=tail)

    def _plain(self, item: str, positive: bool, *, in_file: bool) -> Segment[HostSubject] | None:
        """The segment of an item that needs no information about the host."""
        if not item:
            return NoHost(positive)
        if item == "*":
            return AnyHost(positive)
        if item == "@[]":
            return LocalInterface(positive)
        if item[0] == "+" and not in_file:
            return Named(self, marked(item[1:], item), positive, caseful=False)
        if item[0] == "/" and not in_file:

            def compile_file(lines: list[str], ctx: Context) -> Compiled[HostSubject]:
                return self.compile(lines, ctx, in_file=True)

            return FileItems(item, positive, self._caseless_key, compile_file, comment_anywhere=True)
        return None

    def _named(self, item: str, positive: bool, ctx: Context) -> Segment[HostSubject]:
        """The segment of an item that needs a name or an address."""
        if item[0] == "*":
            return NameSuffix(item, positive)
        if item[0] == "^":
            return NamePattern(item, positive)
        lookup = split_lookup(item)
        if lookup is None:
            return HostName(item, positive)
        search, source = lookup
        prefix, dash, rest = search.partition("-")
        by_net = bool(dash) and prefix.startswith("net") and not prefix[3:].strip("0123456789")
        mask = int(prefix[3:]) if by_net and prefix[3:] else None
        if by_net:
            search = rest
        try:
            query = ctx.process.services.lookups.is_query_style(search)
        except ExpansionError as error:
            trouble(ctx, f'{error.message} in host list item "{item}"')
            raise ListError(error.message, error.message) from None
        if query or not (by_net or self._addresses_only):
            return HostLookup(search, source, positive, query=query)
        return NetLookup(mask, search, source, positive, colons=search.startswith("iplsearch"))


HOSTS = HostKind()
ADDRESSES_ONLY = HostKind(addresses_only=True)
