"""The message that tells a user of a nearly full mailbox (manual 26.2 `quota_warn_message`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import Defer, ExpansionError, NotTaken
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address
from eximia.transports.strings import expand

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Address


def send_warning(ctx: Context, name: str, options: Any, address: Address) -> None:
    """Send it; trouble is logged, the delivery itself was a success."""
    template = options.quota_warn_message
    log = ctx.process.log
    try:
        text = expand(template, ctx)
    except ExpansionError as error:
        if log is not None:
            what = f'Failed to expand "{template.text}" (warning message for {name} transport)'
            log.panic(f"{what}: {error.message}", ctx.message.id)
        return
    header, _, body = text.partition("\n\n")
    recipients = _recipients(header)
    if not recipients:
        return
    main = ctx.process.main
    lines = [line for line in _unfolded(header) if not line.lower().startswith("bcc:")]
    names = {line.partition(":")[0].strip().lower() for line in lines}
    if "from" not in names:
        lines.insert(0, f"From: {expand(main.dsn_from, ctx)}")
    lines.insert(0, "Auto-Submitted: auto-replied")
    if main.errors_reply_to and "reply-to" not in names:
        lines.insert(0, f"Reply-To: {main.errors_reply_to}")
    header = "\n".join(lines)
    data = f"{header}\n\n{body}".encode("latin-1", "replace")
    try:
        ctx.process.services.submit(ctx.process, data, recipients, reference=ctx.message.id)
    except NotTaken:
        return
    except Defer as error:
        if log is not None:
            log.main(f"failed to send quota warning: {error.message}", ctx.message.id)


def _unfolded(header: str) -> list[str]:
    """The header lines, each in one piece."""
    return header.replace("\n ", " ").replace("\n\t", " ").split("\n")


def _recipients(header: str) -> list[str]:
    """The addresses of To:, Cc: and Bcc:."""
    found: dict[str, None] = {}
    for line in _unfolded(header):
        name, _, text = line.partition(":")
        if name.strip().lower() not in ("to", "cc", "bcc"):
            continue
        for start, end in addresses_in(text):
            try:
                found.setdefault(str(parse_address(text[start:end]).address))
            except AddressSyntaxError:
                continue
    return list(found)
