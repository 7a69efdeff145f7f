"""spa: Microsoft's Secure Password Authentication, NTLM (manual chapter 40)."""

from __future__ import annotations

import os
from typing import Any

from eximia.authenticators import ntlm
from eximia.authenticators.conditions import (
    check_condition,
    decode_base64,
    encode_base64,
    secret_of,
    set_variables,
    text_of,
)
from eximia.authenticators.outcome import (
    FAIL,
    Ask,
    BadBase64,
    Cancelled,
    ClientResult,
    Dialogue,
    ServerResult,
    Verdict,
)
from eximia.base.text import from_bytes
from eximia.context import Context


class Spa:
    """See the module's docstring."""

    def server(self, ctx: Context, options: Any, initial: bytes | None, ask: Ask) -> ServerResult:
        """Send a challenge and check the response with the password of the user."""
        nonce = os.urandom(8)
        try:
            if initial is None:
                ask("NTLM supported")
            response = ntlm.read_response(ask(ntlm.challenge(nonce)))
        except (Cancelled, BadBase64, ntlm.NtlmError):
            return FAIL
        set_variables(ctx, [from_bytes(response.user.encode("utf-8"))])
        password = secret_of(ctx, options.server_password)
        if not isinstance(password, str):
            return password
        if not ntlm.verify(_unicode(password), nonce, response):
            return FAIL
        return check_condition(ctx, options)

    def client(self, ctx: Context, options: Any, dialogue: Dialogue) -> ClientResult:
        """Answer the challenge."""
        user = text_of(ctx, options.client_username)
        password = text_of(ctx, options.client_password)
        domain = text_of(ctx, options.client_domain)
        for separator in "\\/":
            if not domain and separator in user:
                domain, _, user = user.partition(separator)
        reply = dialogue.command(f"AUTH {options.public_name}")
        if reply.code // 100 == 3:
            reply = dialogue.command(encode_base64(ntlm.negotiate()))
        if reply.code // 100 == 3:
            try:
                message = ntlm.read_challenge(decode_base64(reply.challenge))
            except (BadBase64, ntlm.NtlmError):
                dialogue.command("*")
                return ClientResult(Verdict.CANCELLED, None, f'bad base64 data "{reply.text}" in challenge')
            now = ctx.process.ports.clock.time()
            answer = ntlm.respond(message, _unicode(user), _unicode(domain), _unicode(password), now)
            reply = dialogue.command(encode_base64(answer))
            if reply.code // 100 == 2:
                return ClientResult(Verdict.OK, reply)
        return ClientResult(Verdict.FAIL if reply.code // 100 == 5 else Verdict.DEFER, reply)


def _unicode(text: str) -> str:
    """Configured bytes as characters: UTF-8 where it is."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text


SPA = Spa()
