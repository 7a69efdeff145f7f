"""What of the message a remote transport sends: its header, signatures and all, and where the body comes from (manual
24, 48.17, 58.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.context.delivery import Errno
from eximia.message.dates import rfc5322

from . import signing
from .filtering import FilterLate, filtered
from .headers import header_block
from .smtp.failure import TIMED_OUT, Failure, Fault
from .smtp.send import Content
from .writer import BLOCK, body_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eximia.context import Context
    from eximia.context.delivery import Address


def content_for(ctx: Context, name: str, options: Any, addresses: list[Address], return_path: str) -> Content:
    """The content for these addresses, by the transport `name`. Raises Failure."""
    message = ctx.message
    date = rfc5322(ctx.process.ports.clock.time()) if options.delivery_date_add else ""
    try:
        header = header_block(ctx, options, addresses, return_path, date)
    except ExpansionError as error:
        raise Failure(
            f"failed to expand headers_add or headers_remove: {error.message}",
            Errno.HEADERS_FAIL,
            Fault.LOCAL,
            log=False,
            with_host=True,
        ) from error
    body = message.body
    if options.transport_filter is not None:
        blocks = () if options.headers_only else body_blocks(body)
        output = _through_filter(ctx, name, options, addresses, header, blocks)
        if output is not None:
            text, names = _signed_output(ctx, options, output)
            return Content(text, None, [output], signed=names, unchunked=not signing.wanted(options))
    names = ""
    signed = signing.wanted(options)
    if signed:
        on_top, names = signing.signatures(
            ctx,
            options,
            header.encode("latin-1"),
            lambda: () if options.headers_only else body_blocks(body),
            large=body.size > BLOCK,
        )
        header = on_top + header
    if options.headers_only:
        return Content(header, b"", signed=names)
    # What is kept as it goes over the wire goes so, unless a signature speaks of its lines as they are seen here.
    wire = body.blocks(BLOCK) if body.wire and not signed else None
    if body.size <= BLOCK:
        small = body.data if body.data is not None and not body.wire else b"".join(body_blocks(body))
        return Content(header, small, wire=wire, signed=names)
    return Content(header, None, body_blocks(body), wire, signed=names)


def _through_filter(
    ctx: Context, name: str, options: Any, addresses: list[Address], header: str, body: Iterable[bytes]
) -> bytes | None:
    """As `filtered`; a filter that is late counts as a time-out while the data is sent."""
    try:
        return filtered(ctx, name, options, addresses, header, body)
    except FilterLate as late:
        raise Failure("SMTP timeout after sending data block", TIMED_OUT, Fault.MESSAGE) from late


def _signed_output(ctx: Context, options: Any, output: bytes) -> tuple[str, str]:
    """As `signing.signatures`, for what a transport filter wrote: it is signed as it goes out."""
    if not signing.wanted(options):
        return "", ""
    end = output.find(b"\n\n")
    crlf = output.find(b"\r\n\r\n")
    if crlf >= 0 and (end < 0 or crlf < end):
        end = crlf + 2
    head, body = (output, b"") if end < 0 else (output[: end + 1], output[end + 1 :])
    body = body[2:] if body.startswith(b"\r\n") else body[1:]
    return signing.signatures(ctx, options, head, lambda: (body,), large=len(body) > BLOCK)
