"""`first_delivery` and `queue_running`, which have no strings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.expand.nodes import Condition, Test
from eximia.expand.parser import Parser

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class Flag:
    """A condition without strings."""

    check: Callable[[Context], bool]

    def parse(self, parser: Parser, name: str) -> Condition:
        return FlagNode(self.check)


class FlagNode(Condition):
    """A use of a flag."""

    __slots__ = ("check",)

    def __init__(self, check: Callable[[Context], bool]) -> None:
        self.check = check

    def test(self) -> Test:
        return self.check


def _first_delivery(ctx: Context) -> bool:
    # Without a message there is no delivery.
    return bool(ctx.message.id) and ctx.message.first_delivery


def _queue_running(ctx: Context) -> bool:
    return bool(ctx.message.notes.get("queue_running"))


FIRST_DELIVERY = Flag(_first_delivery)
QUEUE_RUNNING = Flag(_queue_running)
