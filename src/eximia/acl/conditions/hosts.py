"""`hosts`: the calling host (manual 44.26). $host_data keeps what a matching lookup found."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.phases import NOT_OVER_SMTP
from eximia.acl.run import Run
from eximia.base.template import Template
from eximia.lists import match_host


def _check(one: Run, items: Template) -> bool:
    session = one.ctx.session
    found = match_host(items, one.ctx)
    session.host_data = found.data if found is not None else ""
    return found is not None


HOSTS = Handler("hosts", _check, expands=False, forbidden=NOT_OVER_SMTP)
