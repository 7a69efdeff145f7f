"""Which messages wait for which host, and hosts that take one connection at a time (manual 30.1, 30.4, 49.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from eximia.context.delivery import Host
from eximia.transports.strings import host_matches

if TYPE_CHECKING:
    from eximia.context import Context, Process

#: what this process is at work on
_TURNS = "smtp.turns"
#: a record of a running connection older than this is left from a crash
_STALE = 6 * 3600
#: a host's record holds this many messages, oldest first; more are in the host's overflow records
_MOST = 500
_OVERFLOW = 64


def wait_for(ctx: Context, transport: str, host: str) -> None:
    """Remember that this message waits for `host`."""
    hints = ctx.process.hints
    if hints is not None:
        put_back(ctx, transport, host, (ctx.message.id,))


def put_back(ctx: Context, transport: str, host: str, ids: Sequence[str]) -> None:
    """Remember that messages wait for `host`. An id is kept once, however often it is added."""
    from eximia.hints.records import WaitRecord

    table = ctx.process.hints.wait(transport)
    beyond: list[str] = []

    def add(record: Any) -> Any:
        here = record.ids if record is not None else ()
        new = [each for each in ids if each not in here]
        room = _MOST - len(here)
        beyond[:] = new[room:]
        return WaitRecord((*here, *new[:room])) if new[:room] else None

    table.update(host, add)
    for message_id in beyond:

        def add_one(record: Any, message_id: str = message_id) -> Any:
            here = record.ids if record is not None else ()
            return None if message_id in here else WaitRecord((*here, message_id))

        # Always in the same record, so that it is found there when it is added again.
        table.update(_overflow(host, sum(map(ord, message_id)) % _OVERFLOW), add_one)


def _overflow(host: str, number: int) -> str:
    return f"{host}:{number}"


def take_waiting(ctx: Context, transport: str, host: str) -> tuple[str, ...]:
    """Some of the messages that wait for `host`, the oldest first; they are forgotten."""
    hints = ctx.process.hints
    if hints is None:
        return ()
    table = hints.wait(transport)
    record = table.take(host)
    if record is None:
        return ()
    ids: tuple[str, ...] = record.ids
    if len(ids) < _MOST:
        return ids
    # It may have been full: the others are to come next.
    others: list[str] = []
    for number in range(_OVERFLOW):
        key = _overflow(host, number)
        more = table.take(key)
        if more is not None:
            others += more.ids
    if others:
        put_back(ctx, transport, host, sorted(set(others).difference(ids)))
    return ids


def waits(ctx: Context, transport: str, host: str, message_id: str) -> bool:
    """Whether a message is noted to wait for `host`, which therefore did not take it."""
    record = ctx.process.hints.wait(transport).get(host)
    return record is not None and message_id in record.ids


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
    if granted:
        ctx.process.caches.setdefault(_TURNS, []).append(key)
    return granted


def leave(ctx: Context, key: str) -> None:
    """One less at work on `key`."""
    turns = ctx.process.caches.get(_TURNS, ())
    if key in turns:
        turns.remove(key)
        _leave(ctx.process.hints, key)


def leave_all(process: Process) -> None:
    """The process ends in the middle of its work: nobody is to wait for what it began."""
    for key in process.caches.pop(_TURNS, ()):
        _leave(process.hints, key)


def _leave(hints: Any, key: str) -> None:
    from eximia.hints.records import GONE, MiscRecord

    def drop(record: Any) -> Any:
        return GONE if record is None or record.count <= 1 else MiscRecord(record.count - 1)

    hints.misc.settle(key, drop)
