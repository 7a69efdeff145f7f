"""The message of -bem: a file read as if it were submitted locally, for looking at only (manual 5.3).

Nothing is logged or spooled, and no Received: line is added.
"""

from __future__ import annotations

from eximia.base.text import to_bytes
from eximia.context import Body, Context, Recipient
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address, qualify
from eximia.message.header import DELETED, Header, split_block
from eximia.reception.acceptance import message_size
from eximia.reception.caller import Caller
from eximia.reception.fixups import Origin, complete, qualify_headers, take_headers
from eximia.reception.policy import POLICY


def fill(ctx: Context, text: str, *, extract: bool, caller: Caller | None = None, dot_ends: bool = True) -> None:
    """Put the message `text` into the context; with `extract` its header names the recipients (-t). With a `caller`
    missing header lines are added and addresses qualified, as for a message he submits."""
    text = text.replace("\r\n", "\n")
    if text and not text.endswith("\n"):
        text += "\n"
    fields, body = split_block(text)
    if dot_ends:
        body = _to_dot(body)
    message = ctx.message
    message.headers, resent = take_headers(ctx.process.main, fields)
    if extract:
        found = _recipients(message.headers, resent=resent)
        domain = caller.qualify_recipient if caller is not None else ""
        message.recipients = [Recipient(qualify(address, domain) if domain else address) for address in found]
    data = to_bytes(body)
    message.body = Body(data)
    message.body_linecount = data.count(b"\n")
    message.body_zerocount = data.count(b"\0")
    # lines received, the empty one too
    message.linecount = sum(field.count("\n") for field in fields) + 1 + message.body_linecount
    message.max_received_linelength = max(map(len, text.split("\n")), default=0)
    message.size = message_size(ctx)
    message.received_count = 1 + sum(header.name == "received" for header in message.headers)
    message.received_time = ctx.process.ports.clock.time()
    if caller is not None:
        _complete(ctx, caller, resent=resent)


def _complete(ctx: Context, caller: Caller, *, resent: bool) -> None:
    """What reception does to the header, but for Received:."""
    message = ctx.message
    message.id, message.received_time = POLICY.new_id(ctx)
    origin = Origin(
        local=not ctx.session.sender_host_address,
        stdin=True,
        trusted=ctx.process.is_trusted,
        login=caller.login,
        name=caller.name,
        own_sender=not (ctx.process.is_trusted and ctx.process.invocation.sender is not None),
        name_given=caller.name_given,
        qualify_senders=True,
        qualify_recipients=True,
        qualify_domain=caller.qualify_domain,
        qualify_recipient=caller.qualify_recipient,
    )
    complete(ctx, POLICY, origin, resent=resent)
    qualify_headers(ctx, origin)


def _to_dot(body: str) -> str:
    """The body up to a line with a dot alone."""
    if body.startswith(".\n"):
        return ""
    end = body.find("\n.\n")
    return body if end < 0 else body[: end + 1]


def _recipients(headers: list[Header], *, resent: bool) -> list[str]:
    """The addresses of To:, Cc: and Bcc:, which is then removed; of the Resent- ones in a message that was resent."""
    found: list[str] = []
    for header in headers:
        if header.type in ("T", "C", "B") and header.name.startswith("resent-") is resent:
            for start, end in addresses_in(header.body):
                try:
                    found.append(parse_address(header.body[start:end]).address)
                except AddressSyntaxError:
                    continue
            if header.type == "B":
                header.type = DELETED
    return found
