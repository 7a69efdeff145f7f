"""`spam`: SpamAssassin or Rspamd counts the message as spam (manual 45.3)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.phases import DATA, NOT_SMTP, PRDR, all_but
from eximia.acl.run import Run
from eximia.base.errors import Defer
from eximia.base.listtext import split_list
from eximia.scan.spam import spam


def _check(one: Run, text: str) -> bool:
    name, *options = split_list(text, "/") or [""]
    user, *flags = split_list(name) or [""]
    if user.lower() in ("", "0", "false"):
        return False
    try:
        found = spam(one.ctx, user)
    except Defer:
        if any(option.lower() == "defer_ok" for option in options):
            return False
        raise
    return found or any(flag.lower() == "true" for flag in flags)


SPAM = Handler("spam", _check, forbidden=all_but(DATA, PRDR, NOT_SMTP))
