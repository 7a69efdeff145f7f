"""The message that tells a user of a nearly full mailbox (manual 26.2 `quota_warn_message`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import Defer, ExpansionError
from eximia.base.template import Template
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address
from eximia.transports.strings import expand

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.context.delivery import Address

_DEFAULT = Template(
    "To: $local_part@$domain\\nSubject: Your mailbox\\n\\nThis message is automatically created by mail delivery "
    "software.\\n\\nThe size of your mailbox has exceeded a warning threshold that is\\nset by the system "
    "administrator.\\n"
)


def send_warning(ctx: Context, name: str, options: Any, address: Address) -> None:
    """Send it; trouble is logged, the delivery itself was a success."""
    template = options.quota_warn_message or _DEFAULT
    log = ctx.process.log
    try:
        text = expand(template, ctx)
    except ExpansionError as error:
        if log is not None:
            what = f'Failed to expand "{template.text}" (warning) for {name} transport'
            log.panic(f"{what}: {error.message}", ctx.message.id)
        return
    header, _, body = text.partition("\n\n")
    recipients = _recipients(header)
    if not recipients:
        return
    if not any(line.lower().startswith("from:") for line in header.split("\n")):
        main = ctx.process.main
        domain = getattr(main, "qualify_domain", None) or ctx.process.primary_hostname
        header = f"From: Mail Delivery System <mailer-daemon@{domain}>\n{header}"
    data = f"Auto-Submitted: auto-replied\n{header}\n\n{body}".encode("latin-1", "replace")
    try:
        ctx.process.services.submit(ctx.process, data, recipients, reference=ctx.message.id)
    except Defer as error:
        if log is not None:
            log.main(f"failed to send quota warning: {error.message}", ctx.message.id)


def _recipients(header: str) -> list[str]:
    for line in header.replace("\n ", " ").replace("\n\t", " ").split("\n"):
        if line.lower().startswith("to:"):
            text = line[3:]
            found = []
            for start, end in addresses_in(text):
                try:
                    found.append(str(parse_address(text[start:end]).address))
                except AddressSyntaxError:
                    continue
            return found
    return []
