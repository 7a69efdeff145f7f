"""Options of the lmtp transport (manual chapter 28)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eximia.base.options import Kind, Sink, option
from eximia.base.template import Template

from .generic import LocalTransportOptions


class LmtpOptions(LocalTransportOptions):
    """LMTP to a command or a socket."""

    batch_id: Template | None = option(Kind.EXPAND, "Addresses for which this is the same are delivered together.")
    batch_max: int = option(Kind.INTEGER, "How many addresses one delivery may have.", default=1)
    command: Template | None = option(Kind.EXPAND, "The command.", sink=Sink.COMMAND)
    ignore_quota: bool = option(Kind.BOOL, "IGNOREQUOTA is used when offered.", default=False)
    socket: Template | None = option(Kind.EXPAND, "The socket.", sink=Sink.FILE_NAME)
    timeout: int = option(Kind.TIME, "How long an answer may take.", default=300)

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        if (values["command"] is None) == (values["socket"] is None):
            yield "\n  one (and only one) of command or socket must be set for the {name} transport"
