"""In which order to try the hosts of MX and SRV records (RFC 5321 5.1, RFC 2782)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import random, shuffle

from .records import Mx, Srv


def order_mx(records: Iterable[Mx], shuffler: Callable[[list[Mx]], None] = shuffle) -> list[Mx]:
    """By rising preference, equal ones in random order; a second record for the same host is dropped (the one with
    the lower preference stays)."""
    ordered = list(records)
    shuffler(ordered)
    ordered.sort(key=lambda record: record.preference)
    seen: set[str] = set()
    kept = []
    for record in ordered:
        name = record.exchange.lower()
        if name not in seen:
            seen.add(name)
            kept.append(record)
    return kept


def order_srv(records: Iterable[Srv], chance: Callable[[], float] = random) -> list[Srv]:
    """By rising priority, equal ones drawn by weight (RFC 2782, "Usage rules")."""
    groups: dict[int, list[Srv]] = {}
    for record in records:
        groups.setdefault(record.priority, []).append(record)
    ordered: list[Srv] = []
    for priority in sorted(groups):
        # Those of weight 0 stand first, so that they are drawn only when the lot is 0.
        left = sorted(groups[priority], key=lambda record: record.weight > 0)
        while left:
            lot = chance() * (sum(record.weight for record in left) + 1)
            running = 0
            chosen = len(left) - 1
            for index, record in enumerate(left):
                running += record.weight
                if running >= int(lot):
                    chosen = index
                    break
            ordered.append(left.pop(chosen))
    return ordered
