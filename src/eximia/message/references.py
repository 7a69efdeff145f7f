"""The line `References:` of a message about another one (RFC 5322 section 3.6.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .header import Header


def references_line(headers: Iterable[Header]) -> str:
    """The line for a message about one with these header lines; "" when that one has no id."""
    found: list[str] = []
    message_id = ""
    for header in headers:
        if header.deleted:
            continue
        if header.name == "references" and not found:
            found = header.body.split()
        elif header.type == "I":
            message_id = header.body.strip()
    if message_id:
        found.append(message_id)
    return f"References: {' '.join(found[:1] + found[1:][-11:])}\n" if found else ""
