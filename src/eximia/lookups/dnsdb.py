"""`dnsdb`: the DNS as a database (manual 9.10 to 9.13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from eximia.base.listtext import split_list
from eximia.base.namedtuple import NamedTuple
from eximia.base.text import from_bytes
from eximia.dns.answer import Status
from eximia.dns.csa import find_csa
from eximia.dns.lookup import USUAL, Timing, lookup
from eximia.dns.names import reverse_name
from eximia.expand.numbers import seconds

from .types import LookupDefer, Options, QueryStyle

if TYPE_CHECKING:
    from eximia.context import Context

_STRICTNESS = frozenset({"strict", "lax", "never"})
_WHITE = " \t\n\v\f\r"


class _Question(NamedTuple):
    """A query taken apart. `fields` is the separator between fields of a record, None where none was given; an empty
    one joins them (`;`)."""

    rtype: str
    names: list[str]
    separator: str
    fields: str | None
    defer: str
    dnssec: str
    timing: Timing


class _Lister(NamedTuple):
    """Of one record type: the type to ask, how a record is written, whether parents are asked too."""

    rtype: str
    write: Callable[[Any, str | None], str]
    parents: bool = False


def _joined(*fields: object) -> Callable[[str | None], str]:
    return lambda separator: (" " if separator is None else separator).join(str(field) for field in fields)


def _write_txt(record: Any, fields: str | None) -> str:
    strings = [from_bytes(part) for part in record.strings]
    return (strings[0] if strings else "") if fields is None else fields.join(strings)


def _write_soa(record: Any, fields: str | None) -> str:
    if fields is None:
        return str(record.mname)
    return (fields or " ").join(str(field) for field in record)


def _write_tlsa(record: Any, fields: str | None) -> str:
    return _joined(record.usage, record.selector, record.matching, record.data.hex())(fields)


def _write_target(record: Any, fields: str | None) -> str:
    return str(record.target)


_LISTERS: dict[str, _Lister] = {
    "a": _Lister("A", lambda record, _: str(record.address)),
    "aaaa": _Lister("AAAA", lambda record, _: str(record.address)),
    "cname": _Lister("CNAME", _write_target),
    "mx": _Lister("MX", lambda record, fields: _joined(record.preference, record.exchange)(fields)),
    "mxh": _Lister("MX", lambda record, _: str(record.exchange)),
    "ns": _Lister("NS", _write_target),
    "ptr": _Lister("PTR", _write_target),
    "soa": _Lister("SOA", _write_soa, parents=True),
    "spf": _Lister("SPF", lambda record, fields: _write_txt(record, fields or "")),
    "srv": _Lister("SRV", lambda record, fields: _joined(*record)(fields)),
    "tlsa": _Lister("TLSA", _write_tlsa),
    "txt": _Lister("TXT", _write_txt),
    "zns": _Lister("NS", _write_target, parents=True),
}

#: Types that are more than one question.
_SPECIAL = frozenset({"a+", "csa"})


def _parse(query: str) -> _Question:
    """Raises LookupDefer for words that are not known."""
    separator, fields = "\n", None
    text = query.lstrip(_WHITE)
    if text.startswith(">"):
        separator, text = text[1:2], text[2:]
        if text[:1] == ",":
            fields, text = text[1:2], text[2:]
        elif text[:1] == ";":
            fields, text = "", text[1:]
        text = text.lstrip(_WHITE)
    defer, dnssec, timing = "lax", "lax", USUAL
    while True:
        word, comma, rest = text.partition(",")
        if not comma or "=" in word:
            break
        word = word.strip(_WHITE).lower()
        kind, underscore, value = word.partition("_")
        if kind == "defer" and underscore:
            if value not in _STRICTNESS:
                raise LookupDefer("unsupported dnsdb defer behaviour")
            defer = value
        elif kind == "dnssec" and underscore:
            if value not in _STRICTNESS:
                raise LookupDefer("unsupported dnsdb dnssec behaviour")
            dnssec = value
        elif kind == "retrans" and underscore:
            limit = seconds(value)
            if limit is None:
                raise LookupDefer("unsupported dnsdb timeout value")
            timing = Timing(limit, timing.attempts)
        elif kind == "retry" and underscore:
            timing = Timing(timing.timeout, _count(value))
        else:
            break
        text = rest.lstrip(_WHITE)
    rtype = "txt"
    head, equals, tail = text.partition("=")
    if equals:
        rtype = head.strip(_WHITE).lower()
        text = tail
    elif "," in head:
        raise LookupDefer("unsupported DNS record type")
    if rtype not in _LISTERS and rtype not in _SPECIAL:
        raise LookupDefer("unsupported DNS record type")
    text = text.strip(_WHITE)
    # One IPv6 address for PTR is no list, as long as no separator is set.
    names = [text] if rtype in {"ptr", "csa"} and reverse_name(text) else split_list(text)
    return _Question(rtype, names, separator, fields, defer, dnssec, timing)


def _count(text: str) -> int:
    """A number of attempts. Raises LookupDefer."""
    if text.startswith("-"):
        raise LookupDefer("unsupported dnsdb retry count")
    if text and not text.isdigit():
        raise LookupDefer("dnsdb modifier syntax error")
    return int(text[:9] or "0")


class Dnsdb(QueryStyle):
    """Records by name and type."""

    cached = False
    trusted = False

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """See `QueryStyle.query`."""
        question = _parse(query)
        found: list[str] = []
        deferred = False
        secure = True
        asked = 0
        for name in question.names:
            if not name:
                continue
            if question.rtype == "csa":
                status, texts = _csa(ctx, name, question)
                outcomes = [(status, texts, False)]
            else:
                outcomes = [
                    _records(ctx, name, _LISTERS[kind], question)
                    for kind in (("aaaa", "a") if question.rtype == "a+" else (question.rtype,))
                ]
            for status, texts, validated in outcomes:
                asked += 1
                if status is Status.AGAIN:
                    if question.defer == "strict":
                        raise LookupDefer("")
                    deferred = deferred or question.defer == "lax"
                found += texts
                secure = secure and validated
        if found:
            told = "" if question.dnssec == "never" else "yes" if secure else "no"
            ctx.session.lookup_dnssec_authenticated = told
            if ctx.address.host_dnssec is not None:
                ctx.address.host_dnssec = told
            return question.separator.join(found)
        if deferred:
            raise LookupDefer("")
        return None


def _records(ctx: Context, name: str, lister: _Lister, question: _Question) -> tuple[Status, list[str], bool]:
    """(how it ended, the records as text, validated)."""
    current = name
    if lister.rtype == "PTR":
        current = reverse_name(name) or name
    while True:
        answer = lookup(ctx, current, lister.rtype, timing=question.timing)
        if answer.status is Status.FOUND:
            if question.dnssec == "strict" and not answer.secure:
                return Status.AGAIN, [], False
            return Status.FOUND, [lister.write(record, question.fields) for record in answer.records], answer.secure
        if answer.status is Status.AGAIN or not lister.parents or "." not in current:
            return answer.status, [], False
        current = current.partition(".")[2]


def _csa(ctx: Context, name: str, question: _Question) -> tuple[Status, list[str]]:
    status, csa = find_csa(ctx, name)
    if csa is None:
        return status, []
    return status, [_joined(csa.verdict.value, csa.target)(question.fields)]


DNSDB = Dnsdb()
