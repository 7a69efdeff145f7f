"""Options of the accept router (manual chapter 16): none of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eximia.base.options import Kind, option

from .generic import RouterOptions, transport_required


class AcceptOptions(RouterOptions):
    """The generic options; deliveries are logged as local by default."""

    log_as_local: bool = option(Kind.BOOL, "Deliveries are logged with the local part alone.", default=True)

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        yield from transport_required(values)
