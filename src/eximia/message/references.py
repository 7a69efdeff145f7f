"""The line `References:` of a message about another one (RFC 5322 section 3.6.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .header import Header

#: a message id, as far as they are read, with white space and comments before it
_ID = pattern(r'(?:\s|\([^()]*\))*(<(?:"[^"]*"|[^\s<>@"()\[\],;:]+)@[^\s<>@"()\[\],;:]+>)')


def references_line(headers: Iterable[Header], most: int = 12) -> str:
    """The line for a message about one with these header lines; "" when that one has no id. The ids that it answers
    stand in for references; what comes after something that is no id is left out. Of more ids than `most` the first
    and the last are kept."""
    references: str | None = None
    answered: str | None = None
    message_id = ""
    for header in headers:
        if header.deleted:
            continue
        if header.name == "references" and references is None:
            references = header.body
        elif header.name == "in-reply-to" and answered is None:
            answered = header.body
        elif header.type == "I":
            message_id = header.body.strip()
    found = _ids(answered or "" if references is None else references)
    if message_id:
        found.append(message_id)
    return f"References: {' '.join(found[:1] + found[1:][1 - most :])}\n" if found else ""


def _ids(text: str) -> list[str]:
    found: list[str] = []
    at = 0
    while (each := _ID.match(text, at)) is not None:
        found.append(each[1])
        at = each.end()
    return found
