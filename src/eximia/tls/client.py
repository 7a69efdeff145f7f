"""TLS over any stream, as a client: for `${readsocket...{tls=yes}}`, LDAP servers, hosts of policies and the like.

`connect` asks nothing of the server's certificate: these are servers that the postmaster named, and Exim does not check
them either; `secure` does as its settings say. Not what the smtp transport uses for mail.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from eximia.base.errors import NetworkError
from eximia.base.pattern import pattern

from .binding import TlsUnavailable
from .contexts import contexts_of, options_of
from .engine import Engine, TlsError, Verify
from .settings import ClientSettings, TlsConfigError
from .stream import TlsStream

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Context

_ADDRESS = pattern(r"[0-9.]+\Z|.*:")
#: seconds for each answer in the handshake
_PATIENCE = 60.0


def connect(ctx: Context, stream: Stream, name: str) -> TlsStream:
    """The stream inside TLS; `name` is sent when it is one. The certificate may be any. Raises NetworkError."""
    return secure(ctx, stream, name, ClientSettings(options=options_of(ctx.process)), _PATIENCE)


def secure(ctx: Context, stream: Stream, name: str, settings: ClientSettings, timeout: float) -> TlsStream:
    """The stream inside TLS. With `settings.trust` the server's certificate must be good and be for `name`.
    `timeout`: seconds for each answer in the handshake. Raises NetworkError."""
    trusts = bool(settings.trust)
    try:
        engine = Engine(contexts_of(ctx.process).client(settings), verify=Verify.REQUIRE if trusts else Verify.IGNORE)
        if trusts:
            engine.check_name(name)
        if name and not _ADDRESS.match(name) and "/" not in name:
            engine.send_name(name)
        encrypted = TlsStream(stream, engine)
        encrypted.handshake(timeout)
    except (TlsError, TlsConfigError, TlsUnavailable) as error:
        raise NetworkError(f"TLS: {error}", errno.EPROTO) from error
    return encrypted
