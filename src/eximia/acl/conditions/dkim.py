"""`dkim_signers`, `dkim_status`: whose signature is being judged, and what came of it (manual 58.3)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.phases import DATA, DKIM, PRDR, all_but
from eximia.acl.run import Run
from eximia.acl.words import lists_one
from eximia.base.listtext import split_list
from eximia.base.template import Template
from eximia.lists import match_domain


def _signers(one: Run, items: Template) -> bool:
    signer = one.ctx.message.variables.get("dkim_cur_signer", "")
    return bool(signer) and match_domain(items, signer.lower(), one.ctx) is not None


def _status(one: Run, text: str) -> bool:
    """In the DATA ACL the variable is a list, and one of its items is enough."""
    found = {each.lower() for each in split_list(one.ctx.message.variables.get("dkim_verify_status", ""))}
    if not found:
        found = {"none"}
    return lists_one(text, found)


DKIM_SIGNERS = Handler("dkim_signers", _signers, expands=False, forbidden=all_but(DKIM))
DKIM_STATUS = Handler("dkim_status", _status, forbidden=all_but(DKIM, DATA, PRDR))
