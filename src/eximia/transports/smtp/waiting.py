"""Which messages wait for which host, and hosts that take one connection at a time (manual 30.1, 30.4, 49.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.context.delivery import Host
from eximia.transports.strings import host_matches

if TYPE_CHECKING:
    from eximia.context import Context

#: a record of a running connection older than this is left from a crash
_STALE = 6 * 3600
#: a host's record holds this many messages; the ones beyond it are found by queue runs
_MOST = 500


def wait_for(ctx: Context, transport: str, host: str) -> None:
    """Remember that this message waits for `host`."""
    hints = ctx.process.hints
    if hints is None:
        return
    from eximia.hints.records import WaitRecord

    message_id = ctx.message.id

    def add(record: Any) -> Any:
        ids = record.ids if record is not None else ()
        if message_id in ids or len(ids) >= _MOST:
            return None
        return WaitRecord((*ids, message_id))

    hints.wait(transport).update(host, add)


def take_waiting(ctx: Context, transport: str, host: str) -> tuple[str, ...]:
    """The messages that wait for `host`; they are forgotten."""
    hints = ctx.process.hints
    if hints is None:
        return ()
    table = hints.wait(transport)
    record = table.get(host)
    if record is None:
        return ()
    table.delete(host)
    ids: tuple[str, ...] = record.ids
    return ids


def serialized(ctx: Context, options: Any, host: Host) -> str | None:
    """Take the one connection to a host of `serialize_hosts`: the key to `leave` with, "" for other hosts, None when
    another delivery has it."""
    if options.serialize_hosts is None or not host_matches(ctx, options.serialize_hosts, host.name, host.address):
        return ""
    key = f"host-serialize-{host.name}"
    return key if enter(ctx, key, 1) else None


def enter(ctx: Context, key: str, limit: int) -> bool:
    """Count one more at work on `key`; False when `limit` are already."""
    hints = ctx.process.hints
    if hints is None:
        return True
    from eximia.hints.records import MiscRecord

    now = ctx.process.ports.clock.time()
    entry = hints.misc.entry(key)
    stale = entry is not None and now - entry[1] > _STALE
    granted = False

    def add(record: Any) -> Any:
        nonlocal granted
        count = 0 if record is None or stale else record.count
        granted = count < limit
        return MiscRecord(count + 1) if granted else None

    hints.misc.update(key, add)
    return granted


def leave(ctx: Context, key: str) -> None:
    """One less at work on `key`."""
    hints = ctx.process.hints
    if hints is None:
        return
    from eximia.hints.records import MiscRecord

    last = False

    def drop(record: Any) -> Any:
        nonlocal last
        last = record is None or record.count <= 1
        return None if last else MiscRecord(record.count - 1)

    hints.misc.update(key, drop)
    if last:
        hints.misc.delete(key)
