"""`encrypted`: whether the connection is encrypted, and by which cipher suite (manual 44.26; after HELO since 4.97)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.phases import NOT_OVER_SMTP
from eximia.acl.run import Run
from eximia.base.template import Template
from eximia.lists import match_domain


def _check(one: Run, items: Template) -> bool:
    tls = one.ctx.session.tls_in
    return tls.active and match_domain(items, _suite(tls.cipher), one.ctx) is not None


def _suite(cipher: str) -> str:
    """The name of the cipher suite alone, of $tls_in_cipher: it stands between the protocol's version and the bits."""
    parts = cipher.split(":")
    return parts[1] if len(parts) == 3 else cipher


ENCRYPTED = Handler("encrypted", _check, expands=False, forbidden=NOT_OVER_SMTP)
