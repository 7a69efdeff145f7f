"""`domains`, `local_parts`, `recipients`: the address of the RCPT command (manual 44.26).

What the matching item yields stays in $domain_data, $local_part_data and $recipient_data until the next test.
"""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.phases import PRDR, RCPT, VRFY, all_but
from eximia.acl.run import Run
from eximia.base.template import Template
from eximia.context import AddressContext
from eximia.lists import match_address, match_domain, match_local_part
from eximia.message.address import unquote_local_part


def _domains(one: Run, items: Template) -> bool:
    address = one.ctx.address
    found = match_domain(items, address.domain, one.ctx)
    address.domain_data = found.data if found is not None else ""
    return found is not None


def _cased_local_part(address: AddressContext) -> str:
    """The local part as the client wrote it: lists that begin with `+caseful` want it (manual 10.21)."""
    cased = unquote_local_part(address.original_local_part)
    return cased if cased.lower() == address.local_part.lower() else address.local_part


def _local_parts(one: Run, items: Template) -> bool:
    address = one.ctx.address
    found = match_local_part(items, _cased_local_part(address), one.ctx)
    address.local_part_data = found.data if found is not None else ""
    return found is not None


def _recipients(one: Run, items: Template) -> bool:
    address = one.ctx.address
    found = match_address(items, f"{_cased_local_part(address)}@{address.domain}", one.ctx)
    address.recipient_data = found.data if found is not None else ""
    return found is not None


DOMAINS = Handler("domains", _domains, expands=False, forbidden=all_but(RCPT, VRFY, PRDR))
LOCAL_PARTS = Handler("local_parts", _local_parts, expands=False, forbidden=all_but(RCPT, VRFY, PRDR))
RECIPIENTS = Handler("recipients", _recipients, expands=False, forbidden=all_but(RCPT))
