"""The macros that filters are told at each stage, by the names that sendmail gave them."""

from __future__ import annotations

from collections.abc import Callable

from eximia.base.text import to_bytes
from eximia.context import Context
from eximia.protocols import milter as wire

_Value = Callable[[Context], object]

_STAGES = {wire.CONNECT: 0, wire.HELO: 1, wire.MAIL: 2, wire.RCPT: 3, wire.DATA: 4, wire.END: 5, wire.EOH: 6}


def _recipient(ctx: Context) -> str:
    return f"{ctx.address.local_part}@{ctx.address.domain}" if ctx.address.domain else ctx.address.local_part


_TLS: dict[bytes, _Value] = {
    b"tls_version": lambda ctx: ctx.session.tls_in.version,
    b"cipher": lambda ctx: ctx.session.tls_in.cipher,
    b"cipher_bits": lambda ctx: ctx.session.tls_in.bits or "",
    b"cert_subject": lambda ctx: ctx.session.tls_in.peerdn,
}
_MAIL: dict[bytes, _Value] = {
    b"i": lambda ctx: ctx.message.id,
    b"auth_type": lambda ctx: ctx.session.sender_host_authenticated,
    b"auth_authen": lambda ctx: ctx.session.authenticated_id,
    b"auth_author": lambda ctx: ctx.session.authenticated_sender,
    b"mail_addr": lambda ctx: ctx.message.sender_address,
    b"mail_host": lambda ctx: ctx.message.sender_address.rpartition("@")[2],
    b"mail_mailer": lambda ctx: "esmtp" if ctx.session.esmtp else "smtp",
}
_VALUES: dict[bytes, dict[bytes, _Value]] = {
    wire.CONNECT: {
        b"j": lambda ctx: ctx.process.primary_hostname,
        b"daemon_name": lambda ctx: ctx.process.primary_hostname,
        b"daemon_addr": lambda ctx: ctx.session.interface_address,
        b"daemon_port": lambda ctx: ctx.session.interface_port or "",
        b"client_name": lambda ctx: ctx.session.sender_host_name,
        b"client_addr": lambda ctx: ctx.session.sender_host_address,
        b"client_port": lambda ctx: ctx.session.sender_host_port or "",
        b"client_ptr": lambda ctx: ctx.session.sender_host_name,
        b"v": lambda _: "Eximia",
    },
    wire.HELO: _TLS,
    wire.MAIL: _MAIL,
    wire.RCPT: {
        b"rcpt_addr": _recipient,
        b"rcpt_host": lambda ctx: ctx.address.domain,
        b"rcpt_mailer": lambda _: "local",
    },
    wire.DATA: {b"i": _MAIL[b"i"]},
    wire.EOH: {b"i": _MAIL[b"i"]},
    wire.END: {b"i": _MAIL[b"i"]},
}
_ALL = {name: value for group in _VALUES.values() for name, value in group.items()} | _TLS


def values_for(ctx: Context, letter: bytes, agreed: wire.Negotiated) -> list[tuple[bytes, bytes]]:
    """(name, value) of the macros that go before a command: those the filter asked for, or the usual ones."""
    group = _VALUES.get(letter)
    if group is None:
        return []
    asked = agreed.macros.get(_STAGES[letter])
    if asked is not None:
        group = {name: _ALL[name] for name in asked if name in _ALL}
    return [(name if len(name) == 1 else b"{%s}" % name, to_bytes(str(value(ctx)))) for name, value in group.items()]
