"""`$received_protocol`, and the address syntax that the main options allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import Untainted
from eximia.message.address import Syntax

if TYPE_CHECKING:
    from eximia.config.main import MainOptions
    from eximia.context import Session


def protocol_name(session: Session, *, utf8: bool = False) -> str:
    """`smtp`, `esmtps`, `esmtpsa`, `utf8esmtp`, `local-smtp`... (RFC 3848, RFC 6531)."""
    if session.smtp_batched:
        return Untainted("local-bsmtp")
    name = "esmtp" if session.esmtp else "smtp"
    if session.esmtp:
        if session.tls_in.active:
            name += "s"
        if session.sender_host_authenticated and session.sender_host_address:
            name += "a"
    elif session.tls_in.active:
        name += "s"
    if utf8:
        name = "utf8" + name
    return Untainted(name if session.sender_host_address else f"local-{name}")


def syntax_options(main: MainOptions, *, utf8: bool = False) -> Syntax:
    """How addresses may be written. `utf8`: the message is internationalised."""
    return Syntax(
        main.allow_domain_literals,
        main.strip_trailing_dot,
        main.allow_utf8_domains or utf8,
        main.strip_excess_angle_brackets,
    )
