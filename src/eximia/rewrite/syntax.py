"""The main options that bear on the syntax of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.message.address import Syntax

if TYPE_CHECKING:
    from eximia.context import Context


def syntax_of(ctx: Context) -> Syntax:
    """The main options that bear on the syntax of addresses."""
    main = ctx.process.main
    return Syntax(
        main.allow_domain_literals,
        main.strip_trailing_dot,
        main.allow_utf8_domains or ctx.message.smtputf8,
        main.strip_excess_angle_brackets,
    )
