"""`user_limit`, a condition of ours: the user has had all that a period allows.

`user_limit = 200 / 1d / count=1 / key=$authenticated_id / readonly`; docs/greylisting.md. Unlike `ratelimit`, which
smooths, it counts: the first event of a key begins a period, and what is over the limit is not counted.
"""

from __future__ import annotations

from eximia.acl.errors import AclError
from eximia.acl.model import Handler
from eximia.acl.run import Run
from eximia.base.listtext import split_list
from eximia.base.text import Untainted
from eximia.config.times import read_time
from eximia.hints import RateRecord


def _check(one: Run, text: str) -> bool:
    items = split_list(text, "/")
    limit = int(items[0]) if items and items[0].isdigit() else None
    period = read_time(items[1]) if len(items) > 1 else None
    if limit is None or not period:
        raise AclError(f"user_limit: a number and a period are needed, not '{text}'")
    session = one.ctx.session
    key = session.authenticated_id or session.sender_host_address or one.ctx.message.originator_login
    count, readonly = 1, False
    for item in items[2:]:
        name, _, value = item.partition("=")
        if name == "key" and value:
            key = value
        elif name == "count" and value.isdigit():
            count = int(value)
        elif item == "readonly":
            readonly = True
        else:
            raise AclError(f"user_limit: unrecognised option '{item}' in '{text}'")
    return _count(one, f"limit/{items[1]}/{key}", limit, period, count, readonly=readonly)


def _count(one: Run, key: str, limit: int, period: int, count: int, *, readonly: bool) -> bool:
    now = one.ctx.process.ports.clock.time()
    used, begun, over = 0.0, now, False

    def change(old: RateRecord | None) -> RateRecord | None:
        nonlocal used, begun, over
        used, begun = (old.rate, old.epoch) if old is not None and now - old.epoch < period else (0.0, now)
        over = used + count > limit
        if over:
            return None
        used += count
        return RateRecord(now, used, begun)

    table = one.ctx.process.hints.ratelimit
    if readonly:
        change(table.get(key))
        used -= 0 if over else count
    else:
        table.update(key, change)
    variables = one.ctx.message.variables
    variables["user_limit_used"] = Untainted(int(used))
    variables["user_limit_left"] = Untainted(max(0, limit - int(used)))
    variables["user_limit_wait"] = Untainted(max(0, int(begun + period - now + 0.999)))
    return over


USER_LIMIT = Handler("user_limit", _check)
