"""Names of DSCP values (manual 30.4 `dscp`, RFC 2474, 2597, 3246)."""

from __future__ import annotations

from typing import Final

#: name -> value of the traffic class byte
NAMES: Final[dict[str, int]] = {
    **{f"af{c}{d}": (c << 5) | (d << 3) for c in range(1, 5) for d in range(1, 4)},
    "ef": 0xB8,
    "lowcost": 0x02,
    "lowdelay": 0x10,
    "reliability": 0x04,
    "throughput": 0x08,
    "mincost": 0x02,
}


def dscp_value(text: str) -> int | None:
    """The traffic class byte for a name or a number (0 to 0x3F); None for what is neither."""
    text = text.strip().lower()
    known = NAMES.get(text)
    if known is not None:
        return known
    try:
        number = int(text, 0)
    except ValueError:
        return None
    return number << 2 if 0 <= number <= 0x3F else None
