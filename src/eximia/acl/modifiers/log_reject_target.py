"""`log_reject_target`: which logs tell of a rejection (manual 44.21)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.run import Run
from eximia.base.listtext import split_list


def _obey(one: Run, text: str) -> bool:
    targets = split_list(text)
    for name in targets:
        if name not in {"main", "reject", "panic"}:
            one.ctx.process.log.panic(
                f'unknown log name "{name}" in "log_reject_target" in {one.phase.log_name} ACL', one.ctx.message.id
            )
            return True
    one.log_targets = tuple(targets)
    return True


LOG_REJECT_TARGET = Handler("log_reject_target", _obey, modifier=True)
