"""The message of -bem: a file read as if it were submitted locally, for looking at only (manual 5.3).

Nothing is rewritten, logged or spooled. Date: is added where it is missing, as reception does.
"""

from __future__ import annotations

from eximia.base.text import to_bytes
from eximia.context import Body, Context, Recipient
from eximia.message import dates
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address
from eximia.message.header import DELETED, Header, parse_block


def fill(ctx: Context, text: str, *, extract: bool, dot_ends: bool = True) -> None:
    """Put the message `text` into the context; with `extract` its header names the recipients (-t)."""
    text = text.replace("\r\n", "\n")
    if text and not text.endswith("\n"):
        text += "\n"
    headers, body = parse_block(text)
    if dot_ends:
        body = _to_dot(body)
    message = ctx.message
    message.headers = headers
    if extract:
        message.recipients = [Recipient(address) for address in _recipients(headers)]
    data = to_bytes(body)
    message.body = Body(data)
    message.body_linecount = data.count(b"\n")
    message.body_zerocount = data.count(b"\0")
    message.max_received_linelength = max(map(len, text.split("\n")), default=0)
    message.size = len(data) + 1 + sum(len(header.text) for header in headers)
    message.received_count = 1 + sum(header.name == "received" for header in headers)
    message.received_time = ctx.process.ports.clock.time()
    if not any(header.name == "date" for header in headers):
        headers.append(Header(f"Date: {dates.rfc5322(message.received_time)}\n"))
    message.linecount = message.body_linecount + sum(header.text.count("\n") for header in headers)


def _to_dot(body: str) -> str:
    """The body up to a line with a dot alone."""
    if body.startswith(".\n"):
        return ""
    end = body.find("\n.\n")
    return body if end < 0 else body[: end + 1]


def _recipients(headers: list[Header]) -> list[str]:
    """The addresses of To:, Cc: and Bcc:, which is then removed."""
    found: list[str] = []
    for header in headers:
        if header.type in ("T", "C", "B"):
            for start, end in addresses_in(header.body):
                try:
                    found.append(parse_address(header.body[start:end]).address)
                except AddressSyntaxError:
                    continue
        if header.type == "B":
            header.type = DELETED
    return found
