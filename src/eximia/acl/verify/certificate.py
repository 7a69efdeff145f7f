"""`verify = certificate`: the client showed a certificate, and it was verified (manual 44.26)."""

from __future__ import annotations

from eximia.acl.run import Run

from .verifier import Request, Verifier


def _check(one: Run, _request: Request) -> bool:
    if one.ctx.session.tls_in.certificate_verified:
        return True
    one.user_message = one.log_message = "no verified certificate"
    return False


CERTIFICATE = Verifier(_check)
