"""What `-brw` prints: an address as it would become in every place of a message (manual 31.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.message.address import AddressSyntaxError, parse_address
from eximia.message.header import Header

from .engine import apply_rules, config_rules, rewrite_smtp
from .header_lines import rewrite_line
from .rules import HEADERS, NAMES, RECIPIENT, SENDER
from .syntax import syntax_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eximia.context import Context

_TYPES = dict(zip(HEADERS, "SFTCBR", strict=True))


def rewrite_report(ctx: Context, text: str) -> Iterator[str]:
    """The lines for one argument of `-brw`."""
    rules = config_rules(ctx)
    changed = False
    if rules.smtp:
        new = rewrite_smtp(ctx, text, "smtp sender")
        changed = new != text
        if changed:
            yield f"    SMTP: {new or '<>'}"
    if "@" not in text:
        main = ctx.process.main
        text = f"{text}@{main.qualify_recipient or main.qualify_domain or ctx.process.primary_hostname}"
    try:
        parsed = parse_address(text, syntax=syntax_of(ctx))
    except AddressSyntaxError as error:
        if changed:
            return
        yield f"Syntax error in {text}"
        yield error.message[:1].upper() + error.message[1:]
        return
    for where in HEADERS:
        line = rewrite_line(ctx, Header(f"X:{text}\n", _TYPES[where]), rules)
        shown = text if line is None else line.body.strip()
        yield f"{NAMES[where]:>9} {shown}"
    for where in (SENDER, RECIPIENT):
        result = apply_rules(ctx, rules, parsed.address, where).address
        yield f"{NAMES[where]:>8}: {result or '<>'}"
