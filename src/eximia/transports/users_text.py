"""Expanding at transport time what a user wrote: the command of a filter's `pipe`, the lines of an expanded file of an
answer (manual 22.3, 27.1; the filter manual's `mail` and `pipe`).

Exim's transports are the user already when they do this. Here a copy of the process becomes the user; where that is not
possible what runs commands or opens connections is locked out, and files are read by the user's agent
(`Message.acting`), as in filters.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.errors import Defer
from eximia.context.delivery import Errno
from eximia.transports.smtp.failure import Failure, Fault

if TYPE_CHECKING:
    from eximia.base.ports import Identity
    from eximia.context import Context

#: what cannot be done for a user by somebody else
_NEED_THE_USER = frozenset({"dlfunc", "perl", "readsocket", "run"})
_TIMEOUT = 300.0


def as_user(ctx: Context, identity: Identity, locked: frozenset[str], text: str, expansion: Callable[[], str]) -> str:
    """What `expansion` makes of a user's `text`; `locked`: endings of the options `forbid_filter_...`. Raises Failure
    when the copy dies."""
    scope, message = ctx.scope, ctx.message
    # Variables alone ask for nothing.
    alone = "${" not in text or identity.uid == os.geteuid()
    kept = scope.locked
    scope.locked = locked
    try:
        if alone:
            return expansion()
        found = ctx.process.ports.as_user(ctx.process, identity, expansion, timeout=_TIMEOUT)
        if found is not None:
            return found
        scope.locked = locked | _NEED_THE_USER
        message.acting = identity
        return expansion()
    except Defer as error:
        raise Failure(error.message, Errno.NONE, Fault.LOCAL) from None
    finally:
        scope.locked = kept
        message.acting = None
