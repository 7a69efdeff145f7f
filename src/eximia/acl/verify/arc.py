"""`verify = arc[/states]`: the message's chain of ARC sets is in one of these states (features row 9). Without a list
any state will do; the check is made all the same."""

from __future__ import annotations

from eximia.acl.phases import DATA, all_but
from eximia.acl.run import Run
from eximia.acl.signatures.arc import check_arc
from eximia.acl.words import lists_one

from .verifier import Request, Verifier


def _check(one: Run, request: Request) -> bool:
    found = check_arc(one.ctx)
    if not request.options or not request.options[0].strip():
        return True
    if lists_one(request.options[0], (found.state,)):
        return True
    one.log_message = f"ARC state is {found.state}" + (f": {found.reason}" if found.reason else "")
    return False


ARC = Verifier(_check, forbidden=all_but(DATA), takes_options=True)
