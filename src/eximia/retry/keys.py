"""The names that retry records know addresses by (manual 32.3). The records themselves are in `hints`; those of hosts
have keys that the smtp transport makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import lower
from eximia.message.address import unquote_local_part

if TYPE_CHECKING:
    from eximia.context import Address


def retried_name(address: Address) -> str:
    """The whole address, prefix and suffix included: mailboxes of one person must not wait for each other. Always in
    lower case, whatever `caseful_local_part` says."""
    return f"{lower(unquote_local_part(address.local_part_original))}@{address.domain}"
