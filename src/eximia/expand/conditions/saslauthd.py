"""`saslauthd{{user}{password}{service}{realm}}`: asks the Cyrus SASL daemon."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, NetworkError
from eximia.base.text import to_bytes
from eximia.expand.conditions.wrapped import Strings

if TYPE_CHECKING:
    from eximia.context import Context

SOCKET = "/var/run/saslauthd/mux"
TIME_LIMIT = 30.0


def _field(text: str) -> bytes:
    data = to_bytes(text)[:0xFFFF]
    return len(data).to_bytes(2, "big") + data


def _saslauthd(ctx: Context, values: list[str]) -> bool:
    user, password, service, realm = [*values, "", ""][:4]
    if not user or not password:
        return False
    request = _field(user) + _field(password) + _field(service) + _field(realm)
    try:
        stream = ctx.process.ports.net.connect_unix(SOCKET, timeout=TIME_LIMIT)
    except NetworkError as error:
        reason = os.strerror(error.errno) if error.errno else error.message
        raise ExpansionError(f"cannot connect to saslauthd daemon at {SOCKET}: {reason}") from error
    try:
        stream.send(request)
        answer = b""
        while len(answer) < 2 or len(answer) < 2 + int.from_bytes(answer[:2], "big"):
            chunk = stream.recv(TIME_LIMIT)
            if not chunk:
                break
            answer += chunk
    except NetworkError as error:
        raise ExpansionError("read failed") from error
    finally:
        stream.close()
    return answer[2:].startswith(b"OK")


SASLAUTHD = Strings(2, 4, _saslauthd)
