"""What happens when a signature cannot be made: logged, and a deferral where the configuration is strict."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.template import Template
from eximia.transports.smtp.failure import Failure, Fault
from eximia.transports.strings import expand

if TYPE_CHECKING:
    from eximia.context import Context


class Unsigned(Exception):
    """A signature that should be there cannot be made; the logs have been told. `why` is for the address."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


def value(ctx: Context, template: Template | None, name: str) -> str:
    """The value of an option of signing, "" when it is unset. Raises Unsigned (a forced failure counts as one)."""
    if template is None:
        return ""
    if template.constant:
        return template.text
    try:
        return expand(template, ctx)
    except ExpansionError as error:
        why = f"failed to expand {name}: {error.message}"
        ctx.process.log.panic(why, ctx.message.id)
        raise Unsigned(why) from error


def settle(ctx: Context, strict: Template | None, unsigned: Unsigned, *, name: str, option: str) -> None:
    """Raise Failure when `strict` (the option called `option`) is true, else let the message go unsigned."""
    if strict is None:
        return
    try:
        answer = value(ctx, strict, option).strip().lower()
    except Unsigned:
        return
    if answer not in ("1", "true"):
        return
    ctx.process.log.main(
        f"{name}: message could not be signed, and {option} is set. Deferring message delivery.", ctx.message.id
    )
    where = ctx.address
    text = f"{where.host} [{where.host_address}]"
    if unsigned.why:
        text = f"smtp send to {text} failed: {unsigned.why}"
    raise Failure(text, errno.EACCES, Fault.HOST)
