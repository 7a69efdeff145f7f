"""plaintext: PLAIN, LOGIN and their likes (manual chapter 34; RFC 4616)."""

from __future__ import annotations

from typing import Any

from eximia.authenticators.conditions import (
    check_condition,
    decode_base64,
    encode_base64,
    set_variables,
    text_of,
)
from eximia.authenticators.outcome import (
    Ask,
    BadBase64,
    ClientReply,
    ClientResult,
    Dialogue,
    ServerResult,
    Verdict,
)
from eximia.base.errors import ExpansionError
from eximia.base.listtext import split_list
from eximia.base.template import Template
from eximia.base.text import from_bytes
from eximia.context import Context

#: strings that can become variables
_MOST = 4


class Plaintext:
    """See the module's docstring."""

    def server(self, ctx: Context, options: Any, initial: bytes | None, ask: Ask) -> ServerResult:
        """Collect the strings (from the command, then by prompts) and expand `server_condition`."""
        try:
            prompts = text_of(ctx, options.server_prompts)
        except ExpansionError as error:
            return ServerResult(Verdict.DEFER, "", error.message)
        values: list[bytes] = [] if initial is None else initial.split(b"\0")[:_MOST]
        items = split_list(prompts)
        while len(values) < len(items):
            answer = ask(items[len(values)].encode("latin-1"))
            values += answer.split(b"\0")[: _MOST - len(values)] or [b""]
        set_variables(ctx, values)
        return check_condition(ctx, options)

    def client(self, ctx: Context, options: Any, dialogue: Dialogue) -> ClientResult:
        """Send the items of `client_send`, the first with the command."""
        prompts: list[str] = []
        set_variables(ctx, prompts)
        line = f"AUTH {options.public_name}"
        items = split_list(options.client_send.text)
        reply = ClientReply(0, "")
        for number, item in enumerate(items):
            data = _with_nulls(text_of(ctx, Template(item, options.client_send.span)))
            encoded = encode_base64(data.encode("latin-1"))
            if number == 0:
                if data:
                    line += f" {encoded}"
                elif len(items) == 1:
                    line += " ="
                reply = dialogue.command(line)
            else:
                reply = dialogue.command(encoded)
            if reply.code // 100 == 2:
                return ClientResult(Verdict.OK, reply)
            if reply.code // 100 == 5:
                return ClientResult(Verdict.FAIL, reply)
            if reply.code // 100 != 3:
                return ClientResult(Verdict.DEFER, reply)
            if number == len(items) - 1:
                break
            try:
                prompt = from_bytes(decode_base64(reply.challenge))
            except BadBase64:
                if not options.client_ignore_invalid_base64:
                    dialogue.command("*")
                    return ClientResult(
                        Verdict.CANCELLED, None, f'Invalid base64 string in server response "{reply.text}"'
                    )
                prompt = ""
            prompts.append(prompt)
            set_variables(ctx, prompts[:3])
        # The server wants more than we have.
        last = dialogue.command("*")
        return ClientResult(Verdict.FAIL, last, "Too few items in client_send in plaintext authenticator")


def _with_nulls(text: str) -> str:
    """A single circumflex means NUL, a double one itself."""
    return "^".join(part.replace("^", "\0") for part in text.split("^^"))


PLAINTEXT = Plaintext()
