"""`seen`: whether a key was met before, or lately (manual 44.38)."""

from __future__ import annotations

from eximia.acl.errors import AclError
from eximia.acl.model import Handler
from eximia.acl.run import Run
from eximia.base.listtext import split_list
from eximia.config.times import read_time
from eximia.hints import SeenRecord

_REFRESH = 10 * 86400


def _check(one: Run, text: str) -> bool:
    before, interval, key, mode, refresh = _parse(one, text)
    process = one.ctx.process
    now = int(process.ports.clock.time())
    limit = now - interval
    table = process.hints.seen
    record: SeenRecord | None = table.get(key)
    if record is None:
        holds, write = False, "create"
    else:
        holds = record.time <= limit if before else record.time >= limit
        if not before or mode == "write":
            write = "update"
        elif holds and record.time <= limit - refresh:
            write = "refresh"
        else:
            write = ""
    if mode == "readonly":
        if one.debug and write:
            one.say("seen db not written (readonly)")
    elif write:
        table.put(key, SeenRecord(now))
        if one.debug:
            one.say(f"seen db written ({write})")
    return holds


def _parse(one: Run, text: str) -> tuple[bool, int, str, str, int]:
    items = split_list(text, "/")
    first = items[0] if items else ""
    before = first.startswith("-")
    interval = read_time(first[1:] if before else first)
    if interval is None:
        raise AclError(f"failed to parse '{text}'")
    key = one.ctx.session.sender_host_address
    mode = ""
    refresh = _REFRESH
    for option in items[1:]:
        if option.startswith("key="):
            key = option[4:]
        elif option in ("readonly", "write"):
            mode = option
        elif option.startswith("refresh="):
            value = read_time(option[8:])
            if value is None:
                raise AclError(f"failed to parse '{text}'")
            refresh = value
        else:
            raise AclError(f"unrecognised option '{option}' in '{text}'")
    return before, interval, key, mode, refresh


SEEN = Handler("seen", _check)
