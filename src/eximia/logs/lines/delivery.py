"""`=>`, `->`, `>>`, `*>`, `**`, `==`: what became of one address (manual 53.7 to 53.11)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.text import lower
from eximia.context.delivery import Kind
from eximia.logs.printing import printing, quoted
from eximia.message.address import unquote_local_part
from eximia.message.dates import elapsed

from .arrival import authenticated
from .tls import tls_fields

if TYPE_CHECKING:
    from eximia.context.delivery import Address, SmtpFacts
    from eximia.logs.selectors import Selectors


def address_text(address: Address, selectors: Selectors, *, success: bool = False) -> str:
    """`final (intermediate) <original>`; intermediate addresses only for pipes and files, or with `all_parents`.

    `success`: a finished local delivery shows its local part only, and always the original address.
    """
    smtp = address.outcome.smtp if address.outcome is not None else None
    here = smtp is None or smtp.host is None or not smtp.host.address
    local = success and address.kind is Kind.ADDRESS and address.log_as_local and here
    final = _local_name(address) if local else (success and _sent_as(address)) or _final(address)
    top = address.top
    parents = ""
    parent = address.parent
    if parent is not None and parent is not top and (selectors.all_parents or address.is_special):
        between = []
        while parent is not None and parent is not top:
            between.append(parent.address)
            if not selectors.all_parents:
                break
            parent = parent.parent
        parents = f" ({', '.join(between)})"
    if local or parents or address.is_special or address.onetime_parent >= 0 or not _same(final, top.address):
        return f"{printing(final, topbit=True)}{parents} <{top.address}>"
    return f"{printing(final, topbit=True)}{parents}"


def _local_name(address: Address) -> str:
    return _final(address).rpartition("@")[0] if address.kept_affixes else address.local_part


def _sent_as(address: Address) -> str:
    return address.outcome.sent_as if address.outcome is not None else ""


def _final(address: Address) -> str:
    """The address as it was delivered, or as the last router saw it: case folded and affixes taken off."""
    if address.kind is Kind.REPLY:
        return f">{address.address}"
    if address.written_to:
        return address.written_to
    if address.kind in (Kind.FILE, Kind.DIRECTORY) and not address.address.startswith("/"):
        return f"save {address.address}"
    if address.kind is not Kind.ADDRESS:
        return address.address
    if address.transport is None:
        return f"{address.local_part}@{address.domain}" if address.split_for_routing else address.address
    local_part, at, domain = address.address.rpartition("@")
    if not at:
        return address.address
    if (address.prefix or address.suffix) and not address.kept_affixes:
        local_part = local_part[len(address.prefix) : len(local_part) - len(address.suffix)]
    local_part = unquote_local_part(local_part if address.caseful_local_part else lower(local_part))
    return f"{local_part}@{lower(domain)}"


def _same(final: str, top: str) -> bool:
    """Whether the two differ at most in the case of their domains."""
    return final == top or (final.lower() == top.lower() and final.rpartition("@")[0] == top.rpartition("@")[0])


def _senders(selectors: Selectors, sender: str, return_path: str | None, queue_name: str) -> str:
    text = ""
    if selectors.sender_on_delivery:
        text += f" F=<{sender}>"
    if queue_name:
        text += f" Q={queue_name}"
    if selectors.return_path_on_delivery and return_path is not None:
        text += f" P=<{return_path}>"
    return text


def _drivers(address: Address) -> str:
    text = ""
    if address.router is not None:
        text += f" R={address.router.name}"
    if address.transport is not None:
        text += f" T={address.transport.name}"
    return text


def _host(smtp: SmtpFacts, selectors: Selectors, *, delivered: bool) -> str:
    """` H=name [address]:port* I=[address]:port X= CV= DN=`."""
    host = smtp.host
    if host is None:
        return ""
    text = f" H={host.name}"
    if not host.address:
        return text  # a local transport with a host list
    if selectors.dnssec and host.secure:
        text += " DS"
    text += f" [{host.address}]"
    if selectors.outgoing_port and selectors.shows_port(host.port or 25):
        text += f":{host.port or 25}"
    if smtp.reused:
        text += "*"
    if selectors.proxy and smtp.proxy_address:
        text += f" PRX=[{smtp.proxy_address}]"
        if selectors.outgoing_port:
            text += f":{smtp.proxy_port}"
    if smtp.fast_open and delivered:
        text += " TFO"
    if selectors.incoming_interface and selectors.outgoing_interface and smtp.local_address:
        text += f" I=[{smtp.local_address}]"
        if selectors.outgoing_port:
            text += f":{smtp.local_port}"
    if smtp.tls is not None:
        text += tls_fields(smtp.tls, selectors)
    return text


def delivered(
    address: Address,
    selectors: Selectors,
    *,
    sender: str,
    return_path: str,
    flag: str = "=>",
    queue_time: float = 0.0,
    queue_name: str = "",
    srs_sender: str = "",
) -> str:
    """A successful delivery. `queue_time`: seconds since the message came, for QT=."""
    outcome = address.outcome
    assert outcome is not None
    text = f"{flag} {address_text(address, selectors, success=True)}"
    if selectors.sender_on_delivery:
        text += f" F=<{sender}>"
    if srs_sender:
        text += f" SRS=<{srs_sender}>"
    if queue_name:
        text += f" Q={queue_name}"
    if selectors.return_path_on_delivery:
        text += f" P=<{return_path}>"
    text += _drivers(address)
    if selectors.delivery_size:
        text += f" S={outcome.size}"
    smtp = outcome.smtp
    if smtp is not None and smtp.host is not None:
        text += _host(smtp, selectors, delivered=True)
        if smtp.authenticator:
            text += authenticated(
                smtp.authenticator, smtp.authenticated_id, smtp.authenticated_sender if selectors.smtp_mailauth else ""
            )
        if selectors.pipelining and smtp.pipelining:
            text += " L*" if smtp.early_pipelining else " L"
        if smtp.prdr:
            text += " PRDR"
        if smtp.chunking:
            text += " K"
        if selectors.dkim_verbose and smtp.signed and flag != "->":
            text += f" DKIM={printing(smtp.signed)}"
        if selectors.protocol_detail and smtp.protocol_detail:
            text += f" ({smtp.protocol_detail})"
    if selectors.smtp_confirmation and smtp is not None and smtp.confirmation:
        text += f" C={quoted(printing(smtp.confirmation))}"
    if outcome.shadow:
        text += f" ST={outcome.shadow}"
    if selectors.queue_time:
        text += f" QT={elapsed(queue_time, millisec=selectors.millisec)}"
    if selectors.deliver_time:
        text += f" DT={elapsed(outcome.took, millisec=selectors.millisec)}"
    return text


def discarded(address: Address, selectors: Selectors, what: str = ":blackhole:") -> str:
    """`=> :blackhole: <address> R=router`, or `discarded` for a filter that finished with nothing to do."""
    return f"=> {what} <{address.address}>{_drivers(address)}"


def deferred(address: Address, selectors: Selectors, *, queue_name: str = "") -> str:
    """`== address R= T= defer (number): reason`."""
    outcome = address.outcome
    assert outcome is not None
    text = f"== {address_text(address, selectors)}"
    if queue_name:
        text += f" Q={queue_name}"
    text += f"{_drivers(address)} defer ({outcome.errno})"
    if outcome.errno > 0:
        text += f": {os.strerror(outcome.errno)}"
    if outcome.smtp is not None:
        text += _host(outcome.smtp, selectors, delivered=False)
    if selectors.deliver_time:
        text += f" DT={elapsed(outcome.took, millisec=selectors.millisec)}"
    if outcome.message:
        text += f": {printing(outcome.message)}"
    return text


def routing_deferred(
    address: Address, selectors: Selectors, *, number: int, reason: str = "retry time not reached"
) -> str:
    """`== address routing defer (-52): retry time not reached`: not even routing was tried."""
    text = f"== {address_text(address, selectors)}{_drivers(address)} routing defer ({number})"
    if selectors.deliver_time:
        took = address.outcome.took if address.outcome is not None else 0.0
        text += f" DT={elapsed(took, millisec=selectors.millisec)}"
    return f"{text}: {reason}"


def failed(
    address: Address,
    selectors: Selectors,
    *,
    sender: str,
    return_path: str | None = None,
    queue_name: str = "",
    flag: str = "**",
) -> str:
    """`** address F= P= R= T=: reason`. `return_path` None: nothing was tried with one (routing failed)."""
    outcome = address.outcome
    assert outcome is not None
    text = f"{flag} {address_text(address, selectors)}{_senders(selectors, sender, return_path, queue_name)}"
    text += _drivers(address)
    if outcome.smtp is not None:
        text += _host(outcome.smtp, selectors, delivered=False)
    if outcome.errno > 0:
        text += f": {os.strerror(outcome.errno)}"
    if outcome.message or outcome.pass_message:
        text += f": {printing(outcome.message)}"
    if selectors.deliver_time:
        text += f" DT={elapsed(outcome.took, millisec=selectors.millisec)}"
    return text
