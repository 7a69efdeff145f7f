"""The "From " line of UUCP before a message (manual 48.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError

if TYPE_CHECKING:
    from eximia.context import Context

    from .policy import Policy


def allowed_from_line(ctx: Context, policy: Policy) -> FromLine | None:
    """For SMTP: what takes such lines, if they may stand before the header at all."""
    if ctx.session.sender_host_address:
        allowed = policy.host_in(ctx, "ignore_fromline_hosts")
    else:
        allowed = ctx.process.main.ignore_fromline_local
    return FromLine(ctx) if allowed else None


class FromLine:
    """Called with the first line; `sender` is what it names as the sender, when it is such a line."""

    __slots__ = ("_ctx", "sender")

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.sender = ""

    def __call__(self, line: bytes) -> bool:
        if line[:5] not in (b"From ", b">From"):
            return False
        ctx = self._ctx
        text = line.decode("latin-1")
        main = ctx.process.main
        try:
            found = ctx.process.services.regexes.search(main.uucp_from_pattern, text)
        except ExpansionError as error:
            ctx.process.log.panic(f"uucp_from_pattern: {error.message}")
            return False
        if found is None:
            return False
        from eximia.expand import expand

        saved = ctx.scope.numeric
        ctx.scope.numeric = (found.group(0), *(found.group(number) or "" for number in range(1, found.groups + 1)))
        try:
            self.sender = expand(main.uucp_from_sender, ctx)
        except ExpansionError as error:
            ctx.process.log.panic(
                f'expansion of "{main.uucp_from_sender.text}" failed after matching "From " line: {error.message}'
            )
            self.sender = ""
        finally:
            ctx.scope.numeric = saved
        return True

    def address(self, domain: str) -> str:
        """The sender as an address, with this domain when it has none; empty when it is none."""
        from eximia.message.address import AddressSyntaxError, Syntax, parse_address, qualify

        try:
            return qualify(parse_address(self.sender, syntax=Syntax(allow_domain_literals=True)).address, domain)
        except AddressSyntaxError:
            return ""
