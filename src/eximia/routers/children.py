"""Making new addresses out of the one that is routed (manual 3.10, 15 `unseen`, 22)."""

from __future__ import annotations

from eximia.context import Address, Context, Kind
from eximia.rewrite import rewrite_envelope, rewrite_header_domain


def child_of(parent: Address, text: str, kind: Kind = Kind.ADDRESS) -> Address:
    """A new address that a router generated. It inherits address data, variables, errors address and the header
    changes that are attached to its parent so far."""
    child = Address(text, parent=parent, kind=kind)
    child.address_data = parent.address_data
    child.variables = parent.variables
    child.errors_address = parent.errors_address
    child.srs_sender = parent.srs_sender
    child.headers_add = parent.headers_add
    child.headers_remove = parent.headers_remove
    child.ignore_error = parent.ignore_error
    child.onetime_parent = parent.onetime_parent
    child.bmi_optin = parent.bmi_optin
    child.self_hostname = parent.self_hostname
    return child


def unseen_copy(address: Address) -> Address:
    """The copy that goes on to later routers: the same address as a child of itself, without header changes."""
    copy = child_of(address, address.address)
    copy.headers_add = []
    copy.headers_remove = []
    copy.dsn_flags = address.dsn_flags
    copy.dsn_orcpt = address.dsn_orcpt
    return copy


def rewrite_domain(ctx: Context, old: str, new: str) -> None:
    """Replace a domain that routing completed in the message's address headers (manual 17.4, 48.21)."""
    rewrite_header_domain(ctx, old, new)


def rewritten(ctx: Context, text: str, kind: str = "recipient") -> str:
    """An address after the global rewriting rules (manual 31): one that a router generated, or one to be verified."""
    if not ctx.process.config.rewrite:
        return text
    return rewrite_envelope(ctx, text, "F" if kind == "sender" else "T")
