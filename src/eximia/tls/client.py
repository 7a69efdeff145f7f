"""TLS over any stream, as a client: for `${readsocket...{tls=yes}}`, LDAP servers and the like.

The server's certificate is not asked to prove anything: these are servers that the postmaster named, and Exim does not
check them either. Not what the smtp transport uses.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from eximia.base.errors import NetworkError
from eximia.base.pattern import pattern

from .binding import TlsUnavailable
from .contexts import contexts_of, options_of
from .engine import Engine, TlsError
from .settings import ClientSettings, TlsConfigError
from .stream import TlsStream

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Context

_ADDRESS = pattern(r"[0-9.]+\Z|.*:")
#: seconds for each answer in the handshake
_PATIENCE = 60.0


def connect(ctx: Context, stream: Stream, name: str) -> TlsStream:
    """The stream inside TLS; `name` is sent when it is one. Raises NetworkError."""
    try:
        context = contexts_of(ctx.process).client(ClientSettings(options=options_of(ctx.process)))
        engine = Engine(context)
        if name and not _ADDRESS.match(name) and "/" not in name:
            engine.send_name(name)
        encrypted = TlsStream(stream, engine)
        encrypted.handshake(_PATIENCE)
    except (TlsError, TlsConfigError, TlsUnavailable) as error:
        raise NetworkError(f"TLS: {error}", errno.EPROTO) from error
    return encrypted
