"""cram_md5: CRAM-MD5 (manual chapter 35; RFC 2195)."""

from __future__ import annotations

import hmac
import os
from typing import Any

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
    ClientResult,
    Dialogue,
    ServerResult,
    Unexpected,
    Verdict,
)
from eximia.base.text import from_bytes
from eximia.context import Context


def digest(secret: str, challenge: bytes) -> str:
    """The keyed digest as it is sent."""
    return hmac.new(secret.encode("latin-1"), challenge, "md5").hexdigest()


class CramMd5:
    """See the module's docstring."""

    def server(self, ctx: Context, options: Any, initial: bytes | None, ask: Ask) -> ServerResult:
        """Send a challenge and compare the digest."""
        if initial is not None:
            raise Unexpected("AUTH")
        now = int(ctx.process.ports.clock.time())
        unique = int.from_bytes(os.urandom(4), "big")
        challenge = f"<{unique}.{now}@{ctx.process.primary_hostname}>".encode("latin-1")
        user, _, given = _split(ask(challenge))
        set_variables(ctx, [user])
        secret = secret_of(ctx, options.server_secret)
        if not isinstance(secret, str):
            return secret
        if not hmac.compare_digest(given.encode("latin-1"), digest(secret, challenge).encode("ascii")):
            return FAIL
        return check_condition(ctx, options)

    def client(self, ctx: Context, options: Any, dialogue: Dialogue) -> ClientResult:
        """Answer the challenge."""
        secret = text_of(ctx, options.client_secret)
        name = text_of(ctx, options.client_name) if options.client_name is not None else ctx.process.primary_hostname
        reply = dialogue.command(f"AUTH {options.public_name}")
        if reply.code // 100 == 5:
            return ClientResult(Verdict.FAIL, reply)
        if reply.code // 100 != 3:
            return ClientResult(Verdict.DEFER, reply)
        try:
            challenge = decode_base64(reply.challenge)
        except BadBase64:
            dialogue.command("*")
            return ClientResult(Verdict.CANCELLED, None, f'bad base64 data "{reply.text}" in challenge')
        reply = dialogue.command(encode_base64(f"{name} {digest(secret, challenge)}".encode("latin-1")))
        if reply.code // 100 == 2:
            return ClientResult(Verdict.OK, reply)
        return ClientResult(Verdict.FAIL if reply.code // 100 == 5 else Verdict.DEFER, reply)


def _split(answer: bytes) -> tuple[str, str, str]:
    """(user, separator, digest): the user is everything before the last space, or all when there is none."""
    text = from_bytes(answer)
    user, space, given = text.rpartition(" ")
    return (user, space, given) if space else (text, "", "")


CRAM_MD5 = CramMd5()
