"""Options of the ipliteral router (manual chapter 18): none of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .generic import RouterOptions, transport_required


class IpliteralOptions(RouterOptions):
    """The generic options."""

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        yield from transport_required(values)
