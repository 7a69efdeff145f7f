"""`verify = reverse_host_lookup`: the client's address has a name that leads back to it (manual 44.26)."""

from __future__ import annotations

from eximia.acl.run import Run
from eximia.base.errors import Defer
from eximia.dns.hosts import find_sender_host_name

from .verifier import Request, Verifier


def _check(one: Run, request: Request) -> bool:
    session = one.ctx.session
    if not session.sender_host_address:
        return True
    known = session.host_name_known is not None
    if not known and one.debug:
        one.say("looking up host name to force name/address consistency check")
    find_sender_host_name(one.ctx)
    if session.sender_host_name:
        return True
    if session.host_lookup_deferred:
        if "defer_ok" in request.options:
            return True
        raise Defer("host lookup deferred for reverse lookup check")
    why = session.notes.get("host_lookup_why", "failed to find host name from IP address")
    one.log_message = f"host lookup failed{'' if known else ' for reverse lookup check'} ({why})"
    return False


REVERSE_HOST_LOOKUP = Verifier(_check, takes_options=True)
