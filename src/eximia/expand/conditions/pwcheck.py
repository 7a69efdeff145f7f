"""`pwcheck{user:password}`: asks the (deprecated) Cyrus pwcheck daemon."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, NetworkError
from eximia.base.text import to_bytes
from eximia.expand.conditions.simple import OneString

if TYPE_CHECKING:
    from eximia.context import Context

SOCKET = "/var/pwcheck/pwcheck"
TIME_LIMIT = 30.0


def _pwcheck(ctx: Context, text: str) -> bool:
    user, _, password = text.partition(":")
    try:
        stream = ctx.process.ports.net.connect_unix(SOCKET, timeout=TIME_LIMIT)
    except NetworkError as error:
        reason = os.strerror(error.errno) if error.errno else error.message
        raise ExpansionError(f"cannot connect to pwcheck daemon at {SOCKET}: {reason}") from error
    try:
        stream.send(to_bytes(user) + b"\0" + to_bytes(password) + b"\0")
        answer = stream.recv(TIME_LIMIT)
    except NetworkError as error:
        raise ExpansionError("no reply from pwcheck daemon") from error
    finally:
        stream.close()
    return answer.startswith(b"OK")


PWCHECK = OneString(_pwcheck)
