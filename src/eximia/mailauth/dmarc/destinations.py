"""Which addresses may get reports about a domain (RFC 9990 section 4: verifying external destinations)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eximia.dns.answer import Status

from .discovery import Ask, DnsFailure, Finder
from .evaluation import normal
from .record import is_record, mail_address, parse

_LONGEST_NAME = 253
#: reports of one kind go to at most so many
MOST = 10


def destinations(ask: Ask, finder: Finder, policy_domain: str, uris: Sequence[str], *, failure: bool) -> list[str]:
    """The mail addresses among `uris` (a record's `ruf` with `failure`, else its `rua`) that agree to get reports
    about `policy_domain`. Raises DnsFailure."""
    return list(dict.fromkeys(_allowed(ask, finder, policy_domain, uris, failure=failure)))[:MOST]


def _allowed(ask: Ask, finder: Finder, policy_domain: str, uris: Sequence[str], *, failure: bool) -> Iterator[str]:
    own = finder.organization(policy_domain)
    for uri in uris[: 2 * MOST]:
        address = mail_address(uri)
        host = normal(address.rpartition("@")[2])
        if not host:
            continue
        if host == policy_domain or finder.organization(host) == own:
            yield address
            continue
        name = f"{policy_domain}._report._dmarc.{host}"
        if len(name) > _LONGEST_NAME:
            continue
        answer = ask(name, "TXT")
        if answer.status is Status.AGAIN:
            raise DnsFailure(name, answer.why)
        texts = [txt.joined.decode("latin-1") for txt in answer.records] if answer.found else []
        records = [parse(text) for text in texts if is_record(text)]
        if not records:
            continue
        others = [
            other for record in records if record is not None for other in (record.ruf if failure else record.rua)
        ]
        if not others:
            yield address
            continue
        # It may send reports elsewhere, but not to anybody else's host.
        for other in others:
            changed = mail_address(other)
            if changed and normal(changed.rpartition("@")[2]) == host:
                yield changed
