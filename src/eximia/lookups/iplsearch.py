"""`iplsearch`: a text file whose keys are IP addresses or networks; the first that matches counts (manual 9.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.namedtuple import NamedTuple
from eximia.base.text import Untainted
from eximia.lists.items.hosts import address_bits, parse_network

from .kept import kept_lines
from .linear import data_of, logical_lines, read_text
from .types import LookupDefer, Options, SingleKey, option

if TYPE_CHECKING:
    from eximia.context import Context


class _Line(NamedTuple):
    place: int
    data: str
    full: str


class _Table:
    """The lines by network; `*` (a default) is kept apart."""

    __slots__ = ("default", "lines", "masks")

    def __init__(self, path: str) -> None:
        self.lines: dict[tuple[int, int, int], _Line] = {}
        self.masks: dict[int, list[int]] = {32: [], 128: []}
        self.default: _Line | None = None
        for place, (key, rest, more) in enumerate(logical_lines(read_text(path))):
            line = _Line(place, Untainted(data_of(rest) + more), Untainted(key + rest + more))
            if key == "*" and self.default is None:
                self.default = line
            network = parse_network(key)
            if network is not None:
                self.lines.setdefault(network, line)
                if network[1] not in self.masks[network[0]]:
                    self.masks[network[0]].append(network[1])

    def find(self, bits: int, value: int) -> _Line | None:
        best: _Line | None = None
        for mask in self.masks[bits]:
            line = self.lines.get((bits, mask, value >> (bits - mask)))
            if line is not None and (best is None or line.place < best.place):
                best = line
        return best


class Iplsearch(SingleKey):
    """Addresses in networks."""

    def find(self, ctx: Context, path: str, key: str, options: Options) -> str | None:
        """See `SingleKey.find`."""
        table = kept_lines(ctx, "iplsearch", path, _Table)
        if key == "*":
            line = table.default
        else:
            address = address_bits(key)
            if address is None:
                raise LookupDefer(
                    f'"{key}" is not a valid iplsearch key (an IP address, with optional CIDR mask, is wanted): '
                    "in a host list, use net-iplsearch as the search type"
                )
            line = table.find(*address)
        if line is None:
            return None
        return line.full if option(options, "ret") == "full" else line.data


IPLSEARCH = Iplsearch()
