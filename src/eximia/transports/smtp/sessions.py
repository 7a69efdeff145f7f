"""TLS sessions kept for the next connection to the same server: hints database `tls` (manual 43.17).

A resumed session is not checked again: no certificate, no TLSA record, no name. So its key is made of all that the
check would look at, and a session serves only under the rules by which it was made.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.hints.records import TlsRecord
from eximia.transports.strings import expand

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.tls.engine import Engine

    from .connection import Connection


class Sessions:
    """The kept sessions of one server under one set of `rules` (anything with a telling repr)."""

    __slots__ = ("_ctx", "_key")

    def __init__(self, ctx: Context, connection: Connection, rules: tuple[Any, ...]) -> None:
        self._ctx = ctx
        digest = hashlib.sha256(repr(rules).encode("latin-1", "replace")).hexdigest()[:32]
        self._key = f"{connection.host.name}:{connection.host.address}:{connection.port}:{digest}"

    def offer(self, engine: Engine) -> None:
        """Take a session out and offer it. TLS 1.3 wants each used once."""
        engine.tickets(True)
        hints = self._ctx.process.hints
        if hints is None:
            return
        record = hints.tls.take(self._key)
        if record is not None and record.expires > self._ctx.process.ports.clock.time():
            engine.resume(record.session)

    def keep(self, engine: Engine) -> None:
        """Keep the newest session that came."""
        hints = self._ctx.process.hints
        found = engine.sessions()
        if hints is not None and found:
            session, expires = found[0]
            hints.tls.put(self._key, TlsRecord(float(expires), session))


def server_name(ctx: Context, options: Any, answer: str) -> str:
    """`host_name_extract`: which of the servers behind one address this is, as its answer to EHLO (`$item`) tells; ""
    when it does not."""
    template = options.host_name_extract
    if not answer or (template.text == _USUAL and not ctx.address.host.endswith(".outlook.com")):
        return ""
    scope = ctx.scope
    kept, scope.item = scope.item, answer
    try:
        return expand(template, ctx)
    except ExpansionError:
        return ""
    finally:
        scope.item = kept


#: the default, which is about one provider only
_USUAL = "${if and {{match{$host}{.outlook.com\\$}} {match{$item}{\\N^250-([\\w.]+)\\s\\N}}} {$1}}"
