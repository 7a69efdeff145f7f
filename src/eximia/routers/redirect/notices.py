"""Telling somebody about wrong items in redirection data (`syntax_errors_to`, manual 22.10)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, NotTaken
from eximia.base.text import to_bytes
from eximia.context import Context
from eximia.expand import expand
from eximia.message.references import references_line
from eximia.routers.result import RouterDefer

if TYPE_CHECKING:
    from eximia.routers.options.redirect import RedirectOptions
    from eximia.routers.router import Router


def tell_syntax_errors(
    ctx: Context, router: Router, options: RedirectOptions, errors: list[str], *, some: bool
) -> None:
    """Send the list of errors to `syntax_errors_to`; nothing when that is not set, or no message is delivered. `some`:
    there were right items too. Raises RouterDefer when that cannot be expanded."""
    if options.syntax_errors_to is None or not ctx.message.id:
        return
    try:
        recipient = expand(options.syntax_errors_to, ctx)
    except ExpansionError as error:
        ctx.process.log.main(
            f"{router.name} router failed to expand {options.syntax_errors_to.text}: {error.message}", ctx.message.id
        )
        raise RouterDefer("") from None
    if not recipient:
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
        "Auto-Submitted: auto-replied",
        f"From: {sender}",
        f"To: {recipient}",
        f"{references_line(ctx.message.headers)}Subject: error(s) in forwarding or filtering",
        "",
    ]
    if text:
        lines += [text, ""]
    lines += [f"The {router.name} router encountered the following error(s):", ""]
    for problem in errors:
        what, quote, item = problem.partition(' in "')
        lines += [f"  {what} in the address", f'  "{item}', ""] if quote else [f"  {what}", ""]
    lines.append("Other addresses were processed normally." if some else "No valid addresses were generated.")
    data = "\n".join(lines) + "\n"
    with suppress(NotTaken):
        ctx.process.services.submit(ctx.process, to_bytes(data), [recipient], reference=ctx.message.id)
