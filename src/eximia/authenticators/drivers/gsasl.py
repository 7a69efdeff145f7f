"""gsasl: SASL mechanisms with data from expansions (manual chapter 38).

The mechanisms are ours; the options and the meaning of $auth1 to $auth4 are those of the driver in Exim.
"""

from __future__ import annotations

import base64
import binascii
import os
from typing import Any

from eximia.authenticators.conditions import (
    check_condition,
    decode_base64,
    encode_base64,
    set_variables,
    text_of,
)
from eximia.authenticators.digest_md5 import ClientDigest, DigestError, ServerDigest
from eximia.authenticators.drivers.cram_md5 import digest
from eximia.authenticators.outcome import (
    FAIL,
    Ask,
    BadBase64,
    ClientReply,
    ClientResult,
    Dialogue,
    ServerResult,
    Unexpected,
    Verdict,
)
from eximia.authenticators.scram import (
    HASHES,
    ClientScram,
    ScramError,
    ServerScram,
    salted_password,
    stored_and_server_key,
)
from eximia.base.errors import ExpansionError
from eximia.base.text import from_bytes
from eximia.context import Context

_SALT_LENGTH = 12
_LEAST_ITERATIONS = 4096
MECHANISMS = ("ANONYMOUS", "CRAM-MD5", "DIGEST-MD5", "EXTERNAL", "LOGIN", "PLAIN", *HASHES)
MECHANISMS += tuple(f"{name}-PLUS" for name in HASHES)


def mechanism_of(options: Any) -> str:
    """The mechanism that an instance runs."""
    return str(options.server_mech or options.public_name).upper()


class Gsasl:
    """See the module's docstring."""

    def server(self, ctx: Context, options: Any, initial: bytes | None, ask: Ask) -> ServerResult:
        """Run the mechanism of `server_mech` or `public_name`."""
        mechanism = mechanism_of(options)
        if mechanism.startswith("SCRAM-"):
            return _scram_server(ctx, options, mechanism, initial, ask)
        if mechanism == "PLAIN":
            return _plain(ctx, options, ask(b"") if initial is None else initial)
        if mechanism == "LOGIN":
            return _login(ctx, options, initial, ask)
        if mechanism == "CRAM-MD5":
            return _cram(ctx, options, initial, ask)
        if mechanism == "DIGEST-MD5":
            return _digest(ctx, options, initial, ask)
        if mechanism in ("EXTERNAL", "ANONYMOUS"):
            set_variables(ctx, [ask(b"") if initial is None else initial])
            return _required_condition(ctx, options)
        return ServerResult(Verdict.DEFER, "", f"mechanism {mechanism} is not supported")

    def client(self, ctx: Context, options: Any, dialogue: Dialogue) -> ClientResult:
        """Run the mechanism called `public_name`."""
        mechanism = str(options.public_name).upper()
        user = text_of(ctx, options.client_username)
        authorization = text_of(ctx, options.client_authz)
        if mechanism.startswith("SCRAM-"):
            return _ScramClient(ctx, options, dialogue, mechanism, user, authorization).run()
        password = text_of(ctx, options.client_password)
        talk = _Talk(dialogue)
        if mechanism == "PLAIN":
            data = f"{authorization}\0{user}\0{password}".encode("latin-1")
            return talk.ended(talk.command(f"AUTH PLAIN {encode_base64(data)}"))
        if mechanism == "EXTERNAL":
            return talk.ended(talk.command(f"AUTH EXTERNAL {encode_base64((authorization or user).encode()) or '='}"))
        if mechanism == "LOGIN":
            for line in ("AUTH LOGIN", encode_base64(user.encode("latin-1"))):
                reply = talk.command(line)
                if reply.code // 100 != 3:
                    return talk.ended(reply)
            return talk.ended(talk.command(encode_base64(password.encode("latin-1"))))
        if mechanism == "CRAM-MD5":
            reply = talk.command("AUTH CRAM-MD5")
            if reply.code // 100 != 3:
                return talk.ended(reply)
            try:
                challenge = decode_base64(reply.challenge)
            except BadBase64:
                talk.command("*")
                return ClientResult(Verdict.CANCELLED, None, f'bad base64 data "{reply.text}" in challenge')
            answer = f"{user} {digest(password, challenge)}"
            return talk.ended(talk.command(encode_base64(answer.encode("latin-1"))))
        if mechanism == "DIGEST-MD5":
            return _digest_client(ctx, dialogue, user, password, authorization)
        return ClientResult(Verdict.CANCELLED, None, f"mechanism {mechanism} is not supported")


class _Talk:
    """A dialogue, and what its last reply means."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.command = dialogue.command

    @staticmethod
    def ended(reply: ClientReply) -> ClientResult:
        kind = reply.code // 100
        return ClientResult(Verdict.OK if kind == 2 else Verdict.FAIL if kind == 5 else Verdict.DEFER, reply)


def _required_condition(ctx: Context, options: Any) -> ServerResult:
    """Mechanisms that prove nothing by themselves need `server_condition`."""
    if options.server_condition is None:
        return ServerResult(Verdict.DEFER, "", "server_condition is not set")
    return check_condition(ctx, options)


def _password(ctx: Context, options: Any) -> str | ServerResult:
    """`server_password`; here a forced failure defers (manual chapter 38)."""
    try:
        return text_of(ctx, options.server_password)
    except ExpansionError as error:
        return ServerResult(Verdict.DEFER, "", error.message)


def _plain(ctx: Context, options: Any, data: bytes) -> ServerResult:
    parts = data.split(b"\0")
    if len(parts) != 3:
        return FAIL
    authorization, user, password = parts
    set_variables(ctx, [user, authorization, password])
    return _required_condition(ctx, options)


def _login(ctx: Context, options: Any, initial: bytes | None, ask: Ask) -> ServerResult:
    user = ask(b"Username:") if initial is None else initial
    password = ask(b"Password:")
    set_variables(ctx, [user, b"", password])
    return _required_condition(ctx, options)


def _cram(ctx: Context, options: Any, initial: bytes | None, ask: Ask) -> ServerResult:
    if initial is not None:
        raise Unexpected("AUTH")
    now = int(ctx.process.ports.clock.time())
    challenge = f"<{int.from_bytes(os.urandom(4), 'big')}.{now}@{ctx.process.primary_hostname}>".encode("latin-1")
    user, _, given = from_bytes(ask(challenge)).rpartition(" ")
    set_variables(ctx, [user, "", _realm(ctx, options)])
    password = _password(ctx, options)
    if not isinstance(password, str):
        return password
    import hmac

    if not hmac.compare_digest(given.encode("latin-1"), digest(password, challenge).encode("ascii")):
        return FAIL
    return check_condition(ctx, options)


def _digest(ctx: Context, options: Any, initial: bytes | None, ask: Ask) -> ServerResult:
    if initial is not None:
        raise Unexpected("AUTH")
    exchange = ServerDigest(_realm(ctx, options).encode("latin-1"))
    try:
        set_variables(ctx, exchange.answer(ask(exchange.challenge())))
        password = _password(ctx, options)
        if not isinstance(password, str):
            return password
        ask(exchange.final(password.encode("latin-1")))  # its answer is empty
    except DigestError:
        return FAIL
    return check_condition(ctx, options)


def _digest_client(ctx: Context, dialogue: Dialogue, user: str, password: str, authorization: str) -> ClientResult:
    talk = _Talk(dialogue)
    reply = talk.command("AUTH DIGEST-MD5")
    if reply.code // 100 != 3:
        return talk.ended(reply)
    host = ctx.address.host or ctx.process.primary_hostname
    exchange = ClientDigest(*(each.encode("latin-1") for each in (user, password, authorization, str(host))))
    try:
        reply = talk.command(encode_base64(exchange.answer(decode_base64(reply.challenge))))
        if reply.code // 100 == 3:
            exchange.verify(decode_base64(reply.challenge))
            reply = talk.command("")
    except (DigestError, BadBase64) as error:
        talk.command("*")
        return ClientResult(Verdict.CANCELLED, None, str(error))
    return talk.ended(reply)


def _realm(ctx: Context, options: Any) -> str:
    try:
        return text_of(ctx, options.server_realm)
    except ExpansionError:
        return ""


def _scram_server(ctx: Context, options: Any, mechanism: str, initial: bytes | None, ask: Ask) -> ServerResult:
    plus = mechanism.endswith("-PLUS")
    name = HASHES.get(mechanism.removesuffix("-PLUS"))
    if name is None:
        return ServerResult(Verdict.DEFER, "", f"mechanism {mechanism} is not supported")
    binding = ctx.session.tls_in.channel_binding() if plus and options.server_channelbinding else None
    if plus and not binding:
        return FAIL
    exchange = ServerScram(name, binding=binding, plus_offered=False)
    try:
        exchange.first(ask(b"") if initial is None else initial)
        set_variables(ctx, [exchange.user, exchange.authorization, _realm(ctx, options)])
        try:
            salt, iterations, stored, server_key = _keys(ctx, options, name)
        except ExpansionError as error:
            return ServerResult(Verdict.DEFER, "", error.message)
        proof = exchange.final(ask(exchange.challenge(salt, iterations, stored, server_key)))
    except ScramError:
        return FAIL
    # The server's proof goes to the client before the end; its answer is empty.
    ask(proof)
    return check_condition(ctx, options)


def _keys(ctx: Context, options: Any, name: str) -> tuple[bytes, int, bytes, bytes]:
    """(salt, iterations, StoredKey, ServerKey) for the user in $auth1. Raises ExpansionError."""
    text = text_of(ctx, options.server_scram_iter).strip()
    iterations = int(text) if text.isdigit() else _LEAST_ITERATIONS
    salt_text = text_of(ctx, options.server_scram_salt).strip()
    try:
        salt = binascii.a2b_base64(salt_text) if salt_text else os.urandom(_SALT_LENGTH)
    except binascii.Error:
        raise ExpansionError("server_scram_salt is not base64") from None
    length = {"sha1": 28, "sha256": 44, "sha512": 88}[name]
    key = text_of(ctx, options.server_key)
    stored = text_of(ctx, options.server_skey)
    if len(key) == length and len(stored) == length:
        return salt, iterations, base64.b64decode(stored), base64.b64decode(key)
    password = text_of(ctx, options.server_password)
    made = stored_and_server_key(name, salted_password(name, password, salt, iterations))
    return salt, iterations, *made


class _ScramClient:
    """SCRAM as a client, with a salted password where one is kept."""

    def __init__(
        self, ctx: Context, options: Any, dialogue: Dialogue, mechanism: str, user: str, authorization: str
    ) -> None:
        self.ctx = ctx
        self.options = options
        self.dialogue = dialogue
        self.mechanism = mechanism
        self.user = user
        self.authorization = authorization

    def run(self) -> ClientResult:
        name = HASHES.get(self.mechanism.removesuffix("-PLUS"))
        plus = self.mechanism.endswith("-PLUS")
        wanted = plus and self.options.client_channelbinding
        binding = self.ctx.address.tls_out.channel_binding() if wanted else b""
        if name is None or (plus and not binding):
            return ClientResult(Verdict.CANCELLED, None, f"mechanism {self.mechanism} is not usable")
        flag = "n"
        if plus:
            kind = "tls-exporter" if self.ctx.address.tls_out.version.endswith("1.3") else "tls-unique"
            flag = f"p={kind}"
        exchange = ClientScram(
            name, self.user, authorization=self.authorization, flag=flag, binding=binding if plus else b""
        )
        reply = self.dialogue.command(f"AUTH {self.mechanism} {encode_base64(exchange.first())}")
        if reply.code // 100 != 3:
            return _Talk.ended(reply)
        try:
            exchange.read(decode_base64(reply.challenge))
            salted = self._salted(name, exchange)
            reply = self.dialogue.command(encode_base64(exchange.final(salted)))
            if reply.code // 100 == 3:
                exchange.verify(decode_base64(reply.challenge))
                reply = self.dialogue.command("")
        except (ScramError, BadBase64) as error:
            self.dialogue.command("*")
            return ClientResult(Verdict.CANCELLED, None, str(error))
        result = _Talk.ended(reply)
        if result.verdict is Verdict.OK:
            set_variables(self.ctx, [self.user, str(exchange.iterations), exchange.salt_text, salted.hex()])
        return result

    def _salted(self, name: str, exchange: ClientScram) -> bytes:
        set_variables(self.ctx, [self.user, str(exchange.iterations), exchange.salt_text])
        kept = text_of(self.ctx, self.options.client_spassword)
        if len(kept) == {"sha1": 40, "sha256": 64, "sha512": 128}[name]:
            try:
                return bytes.fromhex(kept)
            except ValueError:
                pass
        password = text_of(self.ctx, self.options.client_password)
        return salted_password(name, password, exchange.salt, exchange.iterations)


GSASL = Gsasl()
