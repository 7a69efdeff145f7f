"""tls: the client's certificate authenticates the connection, without any SMTP command (manual chapter 42)."""

from __future__ import annotations

from typing import Any

from eximia.authenticators.conditions import check_condition, secret_of, set_variables
from eximia.authenticators.outcome import FAIL, Ask, ClientResult, Dialogue, ServerResult, Verdict
from eximia.context import Context


class Tls:
    """See the module's docstring."""

    def check(self, ctx: Context, options: Any) -> ServerResult:
        """Set $auth1 to $auth3 and judge them."""
        if not ctx.session.tls_in.peer_certificate:
            return FAIL
        values: list[str] = []
        for template in (options.server_param1, options.server_param2, options.server_param3):
            text = secret_of(ctx, template)
            if not isinstance(text, str):
                return text
            values.append(text)
            set_variables(ctx, values)
        return check_condition(ctx, options)

    def server(self, ctx: Context, options: Any, initial: bytes | None, ask: Ask) -> ServerResult:
        """It is no SMTP mechanism."""
        return FAIL

    def client(self, ctx: Context, options: Any, dialogue: Dialogue) -> ClientResult:
        """It has no client's side."""
        return ClientResult(Verdict.FAIL)


TLS = Tls()
