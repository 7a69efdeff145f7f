"""Generic options of transports (manual chapter 24)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class TransportOptions(OptionSet):
    """What every transport has."""

    body_only: bool = option(Kind.BOOL, "Only the body is delivered.", default=False)
    current_directory: Template | None = option(Kind.EXPAND, "The current directory.", sink=Sink.FILE_NAME)
    debug_print: Template | None = option(Kind.EXPAND, "Written to debug output.")
    delivery_date_add: bool = option(Kind.BOOL, "A Delivery-date: header is added.", default=False)
    disable_logging: bool = option(Kind.BOOL, "Nothing is logged about deliveries.", default=False)
    driver: Untainted | None = option(Kind.STRING, "The kind of transport.")
    envelope_to_add: bool = option(Kind.BOOL, "An Envelope-to: header is added.", default=False)
    event_action: Template | None = option(
        Kind.EXPAND,
        "Expanded at each event of a delivery.",
        old_names=("tpda_event_action",),
    )
    group: int | Template | None = option(Kind.EXPAND_GID, "The group of the delivery.")
    headers_add: Template | None = option(Kind.EXPAND, "Headers added.", append="\n")
    headers_only: bool = option(Kind.BOOL, "Only the headers are delivered.", default=False)
    headers_remove: Template | None = option(Kind.EXPAND, "Headers removed.", append=":")
    headers_rewrite: Template | None = option(Kind.REWRITE, "Rewriting rules for header addresses.")
    home_directory: Template | None = option(Kind.EXPAND, "The home directory.", sink=Sink.FILE_NAME)
    initgroups: bool = option(Kind.BOOL, "The delivery has all groups of its user.", default=False)
    max_parallel: Template | None = option(Kind.EXPAND_INTEGER, "The most deliveries of this transport at a time.")
    message_size_limit: Template | None = option(Kind.EXPAND_INTEGER, "The largest message.")
    rcpt_include_affixes: bool = option(Kind.BOOL, "Local parts keep their prefix and suffix.", default=False)
    retry_use_local_part: bool = option(Kind.BOOL, "Retry data is kept for each local part.", default=False)
    return_path: Template | None = option(Kind.EXPAND, "The envelope's sender.")
    return_path_add: bool = option(Kind.BOOL, "A Return-path: header is added.", default=False)
    shadow_condition: Template | None = option(Kind.EXPAND, "Whether the shadow transport runs.")
    shadow_transport: Untainted | None = option(Kind.STRING, "The transport that gets a copy of what was delivered.")
    tpda_delivery_action: Template | None = option(Kind.EXPAND, "Expanded after each delivery that succeeded.")
    transport_filter: Template | None = option(
        Kind.EXPAND,
        "A command the message is passed through.",
        sink=Sink.COMMAND,
    )
    transport_filter_timeout: int = option(Kind.TIME, "How long it may take.", default=300)
    user: int | Template | None = option(Kind.EXPAND_UID, "The user of the delivery.")

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        if values["body_only"] and values["headers_only"]:
            yield "\n  {name} transport: body_only and headers_only are mutually exclusive"


class LocalTransportOptions(TransportOptions):
    """What transports that deliver on this host have in common."""

    retry_use_local_part: bool = option(Kind.BOOL, "Retry data is kept for each local part.", default=True)

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        if isinstance(values["user"], int) and values["group"] is None:
            yield "\n  user set without group for the {name} transport"
