"""The conditions of DomainKeys, `dk_...`: what the check of a message found (features row 1). Without
`control = dk_verify` none of them is true."""

from __future__ import annotations

from collections.abc import Callable

from eximia.acl.model import Handler
from eximia.acl.phases import DATA, PRDR, all_but
from eximia.acl.run import Run
from eximia.acl.signatures.domainkeys import domainkeys_of
from eximia.acl.words import lists_one
from eximia.base.template import Template
from eximia.lists import match_address, match_domain, match_local_part
from eximia.mailauth.domainkeys.verify import DomainKeysResult

_FORBIDDEN = all_but(DATA, PRDR)


def _sender_domains(one: Run, items: Template) -> bool:
    found = domainkeys_of(one.ctx)
    return (
        found is not None
        and bool(found.sender.domain)
        and match_domain(items, found.sender.domain, one.ctx) is not None
    )


def _senders(one: Run, items: Template) -> bool:
    found = domainkeys_of(one.ctx)
    return (
        found is not None
        and bool(found.sender.address)
        and match_address(items, found.sender.address, one.ctx) is not None
    )


def _sender_local_parts(one: Run, items: Template) -> bool:
    found = domainkeys_of(one.ctx)
    return (
        found is not None
        and bool(found.sender.local_part)
        and match_local_part(items, found.sender.local_part, one.ctx) is not None
    )


def _keywords(words: Callable[[DomainKeysResult], set[str]]) -> Callable[[Run, str], bool]:
    """A condition whose argument is a list of keywords."""

    def check(one: Run, text: str) -> bool:
        found = domainkeys_of(one.ctx)
        return found is not None and lists_one(text, words(found))

    return check


def _policies(found: DomainKeysResult) -> set[str]:
    return {word for word, announced in (("signsall", found.signs_all), ("testing", found.testing)) if announced}


DK_SENDER_DOMAINS = Handler("dk_sender_domains", _sender_domains, expands=False, forbidden=_FORBIDDEN)
DK_SENDERS = Handler("dk_senders", _senders, expands=False, forbidden=_FORBIDDEN)
DK_SENDER_LOCAL_PARTS = Handler("dk_sender_local_parts", _sender_local_parts, expands=False, forbidden=_FORBIDDEN)
DK_STATUS = Handler("dk_status", _keywords(lambda found: {found.status}), forbidden=_FORBIDDEN)
DK_POLICY = Handler("dk_policy", _keywords(_policies), forbidden=_FORBIDDEN)
DK_DOMAIN_SOURCE = Handler(
    "dk_domain_source", _keywords(lambda found: {found.sender.source or "none"}), forbidden=_FORBIDDEN
)
