"""`rspamd`, a condition of ours: the action that Rspamd advises is one of those in the list.

`rspamd = reject : soft reject / defer_ok / settings=id / user=name / no_changes`; `*` stands for every action but
`no action`. Asked once for a message; the header changes that Rspamd wants are then made at once.
"""

from __future__ import annotations

from eximia.acl.errors import AclError
from eximia.acl.model import Handler
from eximia.acl.phases import DATA, NOT_SMTP, PRDR, all_but
from eximia.acl.run import Run
from eximia.base.errors import Defer
from eximia.base.listtext import split_list
from eximia.scan.rspamd import NO_ACTION, rspamd


def _check(one: Run, text: str) -> bool | None:
    first, *options = split_list(text, "/") or [""]
    wanted = [item.lower() for item in split_list(first)]
    if not wanted or wanted in (["0"], ["false"]):
        return False
    defer_ok, change, settings, user = False, True, "", ""
    for option in options:
        name, _, value = option.partition("=")
        if option == "defer_ok":
            defer_ok = True
        elif option == "no_changes":
            change = False
        elif name == "settings" and value:
            settings = value
        elif name == "user" and value:
            user = value
        else:
            raise AclError(f"unknown option '{option}' of the rspamd condition")
    try:
        action = rspamd(one.ctx, settings=settings, user=user, change=change)
    except Defer:
        if defer_ok:
            return None
        raise
    return action in wanted or ("*" in wanted and action != NO_ACTION)


RSPAMD = Handler("rspamd", _check, forbidden=all_but(DATA, PRDR, NOT_SMTP))
