"""Variables of the address that is routed, verified or delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import EMPTY, Untainted
from eximia.expand.variables.getters import number, text, trusted

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.expand.nodes import Run


def _uid(ctx: Context) -> str:
    value = ctx.address.local_user_uid
    return Untainted(0xFFFFFFFF if value is None else value)


def _gid(ctx: Context) -> str:
    value = ctx.address.local_user_gid
    return Untainted(0xFFFFFFFF if value is None else value)


def _return_path(ctx: Context) -> str:
    # While an address is routed the return path is the sender, until a router or transport changes it.
    address = ctx.address
    if address.return_path or address.pipe_addresses or not _on_its_way(ctx):
        return address.return_path or EMPTY  # a transport may have replaced it by nothing
    message = ctx.message
    return message.sender_address or message.notes.get("verified_sender", EMPTY)


def _on_its_way(ctx: Context) -> bool:
    """A router or a transport has the address; while an ACL looks at it it has no ancestors yet."""
    address = ctx.address
    return bool(address.router_name or address.transport_name)


def _ancestor(path: str) -> Run:
    get = text(path)

    def run(ctx: Context) -> str:
        return get(ctx) if _on_its_way(ctx) else EMPTY

    return run


def _sending_port(ctx: Context) -> str:
    return Untainted(ctx.address.sending_port or -1)


def _host_address(ctx: Context) -> str:
    return ctx.address.host_address or EMPTY


VARIABLES: dict[str, Run] = {
    "address_data": text("address.address_data"),
    "address_file": text("address.address_file"),
    "address_pipe": text("address.address_pipe"),
    "bounce_recipient": text("address.bounce_recipient"),
    "domain": text("address.domain"),
    "domain_data": text("address.domain_data"),
    "event_data": text("address.event_data"),
    "event_defer_errno": number("address.event_defer_errno"),
    "event_name": trusted("address.event_name"),
    "home": text("address.home"),
    "host": text("address.host"),
    "host_address": _host_address,
    "host_port": number("address.host_port"),
    "local_part": text("address.local_part"),
    "local_part_data": text("address.local_part_data"),
    "local_part_prefix": text("address.local_part_prefix"),
    "local_part_prefix_v": text("address.local_part_prefix_v"),
    "local_part_suffix": text("address.local_part_suffix"),
    "local_part_suffix_v": text("address.local_part_suffix_v"),
    "local_user_gid": _gid,
    "local_user_uid": _uid,
    "original_domain": _ancestor("address.original_domain"),
    "original_local_part": _ancestor("address.original_local_part"),
    "parent_domain": _ancestor("address.parent_domain"),
    "parent_local_part": _ancestor("address.parent_local_part"),
    "recipient_data": text("address.recipient_data"),
    "return_path": _return_path,
    "router_name": trusted("address.router_name"),
    "self_hostname": text("address.self_hostname"),
    "sender_address_data": text("address.sender_address_data"),
    "sender_data": text("address.sender_data"),
    "sending_ip_address": trusted("address.sending_ip_address"),
    "sending_port": _sending_port,
    "tpda_delivery_confirmation": text("address.delivery_confirmation"),
    "transport_name": trusted("address.transport_name"),
    "verify_mode": trusted("address.verify_mode"),
    "warn_message_delay": text("address.warn_message_delay"),
    "warn_message_recipients": text("address.warn_message_recipients"),
}
