"""`authenticated`: whether the client has authenticated, and by which authenticator (manual 44.26)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.phases import CONNECT, HELO, NOT_OVER_SMTP, NOT_SMTP_MIME
from eximia.acl.run import Run
from eximia.base.template import Template
from eximia.lists import match_domain


def _check(one: Run, items: Template) -> bool:
    name = one.ctx.session.sender_host_authenticated
    return bool(name) and match_domain(items, name, one.ctx) is not None


AUTHENTICATED = Handler(
    "authenticated",
    _check,
    expands=False,
    forbidden=CONNECT.bit | HELO.bit | NOT_OVER_SMTP | NOT_SMTP_MIME.bit,
)
