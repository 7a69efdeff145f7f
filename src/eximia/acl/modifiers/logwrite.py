"""`logwrite`: a line in a log, at once (manual 44.21)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.run import Run
from eximia.acl.targets import write_logs
from eximia.logs.printing import printing


def _obey(one: Run, text: str) -> bool:
    targets: tuple[str, ...] = ("main",)
    log = one.ctx.process.log
    message_id = one.ctx.message.id
    if text.startswith(":"):
        names, end, rest = text[1:].partition(":")
        named = tuple(names.split(",")) if names else ()
        if not end or not {"main", "reject", "panic"}.issuperset(named):
            log.panic(f'unknown log name in "{text}" in "logwrite" in {one.phase.log_name} ACL', message_id)
            return True
        targets = named or targets
        text = rest
    write_logs(log, targets, printing(text.lstrip(" \t")), one.ctx.message)
    return True


LOGWRITE = Handler("logwrite", _obey, modifier=True)
