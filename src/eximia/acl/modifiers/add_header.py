"""`add_header`: lines for the message's header, from now on (manual 44.24)."""

from __future__ import annotations

from eximia.acl.headers import add_header
from eximia.acl.model import Handler
from eximia.acl.phases import NO_MESSAGE
from eximia.acl.run import Run


def _obey(one: Run, text: str) -> bool:
    add_header(one.ctx.message, text)
    return True


ADD_HEADER = Handler("add_header", _obey, modifier=True, forbidden=NO_MESSAGE)
