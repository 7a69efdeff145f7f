"""Variables of the message and its envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import EMPTY, Untainted, from_bytes
from eximia.expand.charset import limits_word_length
from eximia.expand.headers import DELETED
from eximia.expand.headers import joined as header
from eximia.expand.listing import join_list
from eximia.expand.mimewords import decode
from eximia.expand.variables.getters import flag, number, own, text, trusted

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.expand.nodes import Run

_BODY_VISIBLE = 500


def _age(ctx: Context) -> str:
    received = ctx.message.received_time
    return Untainted(int(ctx.process.ports.clock.time() - received) if received else 0)


def _body_text(ctx: Context, data: bytes) -> str:
    body = from_bytes(data).replace("\0", " ")
    return body if getattr(ctx.process.main, "message_body_newlines", False) else body.replace("\n", " ")


def _visible(ctx: Context) -> int:
    return int(getattr(ctx.process.main, "message_body_visible", _BODY_VISIBLE))


def _body(ctx: Context) -> str:
    return _body_text(ctx, ctx.message.body.read(_visible(ctx)))


def _body_end(ctx: Context) -> str:
    return _body_text(ctx, ctx.message.body.tail(_visible(ctx)))


def _live(ctx: Context) -> list[str]:
    return [header.text for header in ctx.message.headers if header.type != DELETED]


def _headers(ctx: Context) -> str:
    lines = "".join(line.rstrip(" \t\n\r\v\f") + "\n" for line in _live(ctx))
    return decode(lines, check_length=limits_word_length(ctx)).removesuffix("\n")


def _headers_raw(ctx: Context) -> str:
    return "".join(_live(ctx))


def _received_time(ctx: Context) -> str:
    return Untainted(int(ctx.message.received_time))


def _shown_recipients(ctx: Context) -> list[str]:
    """Envelope recipients, where they may be shown: not while one address is dealt with (manual, $recipients)."""
    address = ctx.address
    if (address.local_part or address.domain) and not ctx.session.answering_for_each:
        return []
    return [recipient.address for recipient in ctx.message.recipients]


def _recipients(ctx: Context) -> str:
    return ", ".join(_shown_recipients(ctx)) or EMPTY


def _recipients_list(ctx: Context) -> str:
    found = _shown_recipients(ctx)
    return join_list(found, ":") if found else EMPTY


def _recipients_count(ctx: Context) -> str:
    return Untainted(len(ctx.message.recipients))


def _reply_address(ctx: Context) -> str:
    return header(ctx, "reply-to") or header(ctx, "from")


def _sender_domain(ctx: Context) -> str:
    _, at, domain = ctx.message.sender_address.rpartition("@")
    return domain if at else EMPTY


def _sender_local_part(ctx: Context) -> str:
    sender = ctx.message.sender_address
    local_part, at, _ = sender.rpartition("@")
    return local_part if at else sender


def _local_scan_data(ctx: Context) -> str:
    value: str = ctx.message.notes.get("local_scan_data", EMPTY)
    return value


def _headers_added(ctx: Context) -> str:
    # Exim ends every line twice where a header line goes on.
    lines = (line.removesuffix("\n").replace("\n", "\n\n") for line, _ in ctx.message.added_headers)
    return "\n".join(lines) or EMPTY


VARIABLES: dict[str, Run] = {
    "body_linecount": number("message.body_linecount"),
    "body_zerocount": number("message.body_zerocount"),
    "headers_added": _headers_added,
    "inode": own("inode", "0"),
    "local_scan_data": _local_scan_data,
    "mailstore_basename": own("mailstore_basename"),
    "max_received_linelength": number("message.max_received_linelength"),
    "message_age": _age,
    "message_body": _body,
    "message_body_end": _body_end,
    "message_body_size": number("message.body.size"),
    "message_exim_id": trusted("message.id"),
    "message_headers": _headers,
    "message_headers_raw": _headers_raw,
    "message_id": trusted("message.id"),
    "message_linecount": number("message.linecount"),
    "message_size": number("message.size"),
    "message_smtputf8": flag("message.smtputf8", "yes", "no"),
    "originator_gid": number("message.originator_gid"),
    "originator_uid": number("message.originator_uid"),
    "queue_name": trusted("message.queue_name"),
    "received_count": number("message.received_count"),
    "received_for": own("received_for"),
    "received_protocol": text("message.received_protocol"),
    "received_time": _received_time,
    "recipient_verify_failure": trusted("message.recipient_verify_failure"),
    "recipients": _recipients,
    "recipients_count": _recipients_count,
    "recipients_list": _recipients_list,
    "regex_match_string": text("message.regex_match_string"),
    "reply_address": _reply_address,
    "sender_address": text("message.sender_address"),
    "sender_address_domain": _sender_domain,
    "sender_address_local_part": _sender_local_part,
    "sender_verify_failure": trusted("message.sender_verify_failure"),
    "thisaddress": own("thisaddress"),
}
