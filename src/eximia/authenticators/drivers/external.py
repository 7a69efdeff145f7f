"""external: EXTERNAL, who the client is was shown outside of SMTP (manual chapter 41; RFC 4422 appendix A)."""

from __future__ import annotations

from typing import Any

from eximia.authenticators.conditions import check_condition, encode_base64, secret_of, set_variables, text_of
from eximia.authenticators.outcome import Ask, ClientResult, Dialogue, ServerResult, Verdict
from eximia.base.text import from_bytes
from eximia.context import Context


class External:
    """See the module's docstring."""

    def server(self, ctx: Context, options: Any, initial: bytes | None, ask: Ask) -> ServerResult:
        """Take the identity, and let `server_condition` judge it with $auth2 and $auth3."""
        values = [from_bytes(ask(b"") if initial is None else initial.partition(b"\0")[0])]
        set_variables(ctx, values)
        for template in (options.server_param2, options.server_param3):
            text = secret_of(ctx, template)
            if not isinstance(text, str):
                return text
            values.append(text)
            set_variables(ctx, values)
        return check_condition(ctx, options)

    def client(self, ctx: Context, options: Any, dialogue: Dialogue) -> ClientResult:
        """Send the identity with the command."""
        identity = text_of(ctx, options.client_send)
        encoded = encode_base64(identity.encode("latin-1")) or "="
        reply = dialogue.command(f"AUTH {options.public_name} {encoded}")
        if reply.code // 100 == 2:
            return ClientResult(Verdict.OK, reply)
        return ClientResult(Verdict.FAIL if reply.code // 100 == 5 else Verdict.DEFER, reply)


EXTERNAL = External()
