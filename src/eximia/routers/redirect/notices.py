"""Telling somebody about wrong items in redirection data (`syntax_errors_to`, manual 22.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import to_bytes
from eximia.context import Context
from eximia.expand import expand

if TYPE_CHECKING:
    from eximia.routers.options.redirect import RedirectOptions
    from eximia.routers.router import Router


def tell_syntax_errors(ctx: Context, router: Router, options: RedirectOptions, errors: list[str]) -> None:
    """Send the list of errors to `syntax_errors_to`; nothing when that is not set, or no message is delivered."""
    recipient = options.syntax_errors_to
    if not recipient or not ctx.message.id:
        return
    text = ""
    if options.syntax_errors_text is not None:
        try:
            text = expand(options.syntax_errors_text, ctx)
        except ExpansionError as error:
            ctx.process.log.panic(
                f'Failed to expand "{options.syntax_errors_text.text}": {error.message}', ctx.message.id
            )
    sender = expand(ctx.process.main.dsn_from, ctx)
    lines = [
        f"From: {sender}",
        f"To: {recipient}",
        f"References: <E{ctx.message.id}@{ctx.process.primary_hostname}>",
        "Auto-Submitted: auto-replied",
        "Subject: error(s) in forwarding or filtering",
        "",
    ]
    if text:
        lines += [text, ""]
    lines += [f"The {router.name} router encountered the following error(s):", ""]
    for problem in errors:
        what, quote, item = problem.partition(' in "')
        lines += [f"  {what} in the address", f'  "{item}', ""] if quote else [f"  {what}", ""]
    data = "\n".join(lines) + "\n"
    ctx.process.services.submit(ctx.process, to_bytes(data), [recipient], reference=ctx.message.id)
