"""`queue`: the named queue that the message goes to (manual 44.21)."""

from __future__ import annotations

from eximia.acl.errors import AclError
from eximia.acl.model import Handler
from eximia.acl.phases import DATA, DKIM, NOT_SMTP, PRDR, mask
from eximia.acl.run import Run
from eximia.base.text import is_tainted


def _obey(one: Run, name: str) -> bool:
    if "/" in name:
        raise AclError(f"Directory separator not permitted in queue name: '{name}'")
    if is_tainted(name):
        raise AclError(f"Tainted name '{name}' for queue not permitted")
    one.ctx.message.queue_name = name
    return True


QUEUE = Handler("queue", _obey, modifier=True, forbidden=mask(DATA, PRDR, DKIM, NOT_SMTP))
