"""Address lists (manual 10.20, 10.21)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import marked

from .domain import DOMAINS, LOCAL_PARTS
from .items.addresses import (
    Addresses,
    AddressLookup,
    AddressPattern,
    AddressSubject,
    DomainLookup,
    EmptyAddress,
    PartsPattern,
)
from .items.file import FileItems
from .items.lookup import split_lookup
from .kind import ListKind, Named, sign, trouble
from .match import Compiled, ListError, Segment

if TYPE_CHECKING:
    from eximia.context import Context


def split_parts(item: str) -> tuple[str, str]:
    """Local part and domain pattern of `local@domain`. The domain may be `@`, `@[]` or `@mx_...`, and a lookup in it
    may contain at signs."""
    head = item.partition(";")[0]
    at = head.rfind("@")
    if at > 0 and head[at - 1] == "@":
        at -= 1
    return marked(item[:at], item), marked(item[at + 1 :], item)


class AddressKind(ListKind[AddressSubject]):
    """Lists whose subject is a mail address."""

    __slots__ = ()

    def result_key(self, subject: AddressSubject) -> str:
        return subject.text

    def compile(
        self, items: list[str], ctx: Context, *, caseful: bool = False, in_file: bool = False
    ) -> Compiled[AddressSubject]:
        """See `ListKind.compile`."""
        segments: list[Segment[AddressSubject]] = []
        run: Addresses | None = None
        tail: FileItems[AddressSubject] | None = None
        last_negative = False
        cheap = True
        for item in items:
            item, positive = sign(item)
            if item == "+caseful" and positive:
                caseful = True
                run = None
                continue
            last_negative = not positive
            tail = None
            segment = self._special(item, positive, ctx, caseful=caseful, in_file=in_file)
            if segment is not None:
                segments.append(segment)
                run = None
                cheap = cheap and isinstance(segment, EmptyAddress)
                if isinstance(segment, FileItems):
                    tail = segment
                continue
            if run is None:
                run = Addresses(caseless=not caseful)
                segments.append(run)
            if "@" not in item:
                run.add_domain(item, positive, any_local_part=False)
            elif item.startswith("*@"):
                run.add_domain(marked(item[2:], item), positive, any_local_part=True)
            else:
                run.add_address(item, positive)
        return Compiled(segments, last_negative=last_negative, cheap=cheap, tail=tail)

    def _special(
        self, item: str, positive: bool, ctx: Context, *, caseful: bool, in_file: bool
    ) -> Segment[AddressSubject] | None:
        """The segment of an item that is neither a literal address nor a literal or `*suffix` domain."""
        if not item:
            return EmptyAddress(positive)
        first = item[0]
        if first == "^":
            return AddressPattern(item, positive, caseless=not caseful, in_file=in_file)
        if first == "+" and not in_file:
            return Named(self, marked(item[1:], item), positive, caseful=caseful)
        if first == "/" and not in_file:

            def compile_file(lines: list[str], ctx: Context) -> Compiled[AddressSubject]:
                return self.compile(lines, ctx, caseful=caseful, in_file=True)

            kind = self.name + " caseful" if caseful else self.name
            return FileItems(item, positive, kind, compile_file, comment_anywhere=False)
        if item.startswith("@@"):
            return self._domain_lookup(item, positive, ctx, caseful=caseful)
        if ";" in item:
            lookup = self._address_lookup(item, positive, ctx, caseful=caseful)
            if lookup is not None:
                return lookup
        if "@" not in item:
            return None
        local_part, domain = split_parts(item)
        plain_domain = domain[:1] not in "^+/@!" and ";" not in domain and bool(domain)
        if plain_domain and (local_part == "*" or "*" not in (local_part[:1], domain[:1])):
            return None
        domains = DOMAINS.compile([domain] if domain else [], ctx, caseful=caseful)
        return PartsPattern(local_part, domains, positive, caseless=not caseful)

    @staticmethod
    def _query_style(search: str, item: str, ctx: Context) -> bool:
        try:
            return ctx.process.services.lookups.is_query_style(search)
        except ExpansionError as error:
            text = f'{error.message} in address list item "{item}"'
            raise ListError(text, error.message) from None

    def _address_lookup(self, item: str, positive: bool, ctx: Context, *, caseful: bool) -> AddressLookup | None:
        """`type;...`; None when the semicolon belongs to the domain part of `local@type;...`."""
        lookup = split_lookup(item)
        assert lookup is not None
        search, source = lookup
        try:
            query = ctx.process.services.lookups.is_query_style(search)
        except ExpansionError:
            if "@" in search:
                return None
            query = self._query_style(search, item, ctx)
        if search.startswith("partial") and not query:
            trouble(ctx, f'partial matching is not applicable to whole-address lookups: ignored "partial-" in "{item}"')
            closing = search.find(")") if search.lstrip("partil0123456789").startswith("(") else search.find("-")
            search = search[closing + 1 :]
        return AddressLookup(search, source, positive, caseless=not caseful)

    def _domain_lookup(self, item: str, positive: bool, ctx: Context, *, caseful: bool) -> DomainLookup:
        lookup = split_lookup(marked(item[2:], item))
        if lookup is None:
            raise ListError(f'"{item}" is no lookup', f'"{item}" is no lookup')
        search, source = lookup
        query = self._query_style(search, item, ctx)
        return DomainLookup(item, search, source, positive, LOCAL_PARTS, caseful=caseful, query=query)


ADDRESSES = AddressKind("address")
