"""Doing to the message what a filter wants, in the order in which it says so."""

from __future__ import annotations

from collections.abc import Sequence

from eximia.base.text import from_bytes
from eximia.context import Context
from eximia.protocols.milter import Change
from eximia.scan import edit


def apply(ctx: Context, changes: Sequence[Change], who: str) -> None:
    """`who` is the filter's name, for the log."""
    message = ctx.message
    body: list[bytes] | None = None
    for change in changes:
        values = [from_bytes(value) for value in change.values]
        if change.kind == b"h":
            edit.add_header(message, values[0], values[1])
        elif change.kind == b"i":
            edit.add_header(message, values[0], values[1], change.number)
        elif change.kind == b"m":
            edit.change_header(message, values[0], max(1, change.number), values[1])
        elif change.kind in (b"+", b"2"):
            edit.add_recipient(message, _address(values[0]))
        elif change.kind == b"-":
            edit.remove_recipient(message, _address(values[0]))
        elif change.kind == b"e":
            message.sender_address = _address(values[0])
        elif change.kind == b"q":
            message.freeze = True
            ctx.process.log.main(f"quarantined by milter {who}: {values[0]}", message.id)
        elif change.kind == b"b":
            body = [] if body is None else body
            body.append(change.values[0])
    if body is not None:
        edit.replace_body(message, b"".join(body).replace(b"\r\n", b"\n"))


def _address(text: str) -> str:
    return text.strip().removeprefix("<").removesuffix(">")
