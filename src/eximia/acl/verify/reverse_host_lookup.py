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
    if session.host_name_known is None and one.debug:
        one.say("looking up host name to force name/address consistency check")
    find_sender_host_name(one.ctx)
    if session.sender_host_name:
        return True
    if session.host_lookup_deferred:
        if "defer_ok" in request.options:
            return True
        raise Defer("host lookup deferred for reverse lookup check")
    one.log_message = "host lookup failed for reverse lookup check (failed to find host name from IP address)"
    return False


REVERSE_HOST_LOOKUP = Verifier(_check, takes_options=True)
