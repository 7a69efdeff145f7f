"""Changes that scanners and milters make to a message that is being received: header lines, envelope, body.

Positions count the lines that came with the message: not our own `Received:`, nor lines that were deleted.
"""

from __future__ import annotations

from eximia.context import Body, Message, Recipient
from eximia.message.header import DELETED, Header


def header_text(name: str, value: str) -> str:
    """The line, whatever `value` is: what would be another line is made a continuation."""
    first, *more = value.replace("\r", "").rstrip("\n").split("\n")
    lines = [f"{name}:{first}" if first[:1] in (" ", "\t") else f"{name}: {first}"]
    lines += [line if line[:1] in (" ", "\t") else f"\t{line}" for line in more if line.strip(" \t")]
    return "\n".join(lines).replace("\0", "") + "\n"


def is_name(name: str) -> bool:
    """Whether it can name a header line (RFC 5322 section 2.2)."""
    return bool(name) and all("!" <= char <= "~" and char != ":" for char in name)


def visible(message: Message) -> list[Header]:
    """The lines that came with the message."""
    headers: list[Header] = message.headers
    own = message.notes.get("received_header")
    return [header for header in headers if header.type != DELETED and header is not own]


def add_header(message: Message, name: str, value: str, position: int = -1) -> None:
    """Add a line at the end, or so that `position` lines (counted from 0) are before it. What is no name is ignored."""
    if not is_name(name):
        return
    header = Header(header_text(name, value))
    shown = visible(message)
    if position < 0 or position >= len(shown):
        message.headers.append(header)
    else:
        behind = shown[position]
        message.headers.insert(next(at for at, one in enumerate(message.headers) if one is behind), header)


def change_header(message: Message, name: str, number: int, value: str) -> None:
    """Give the `number`th line of that name (counted from 1) another value; without one, take it out. A line that is
    not there is added."""
    wanted = name.lower()
    found = [header for header in visible(message) if header.name == wanted]
    if 0 < number <= len(found):
        old = found[number - 1]
        if value and is_name(name):
            at = next(at for at, one in enumerate(message.headers) if one is old)
            message.headers.insert(at, Header(header_text(name, value)))
        old.type = DELETED
    elif value:
        add_header(message, name, value)


def remove_header(message: Message, name: str, number: int = 0) -> None:
    """Take out the `number`th line of that name; 0: all of them; negative numbers count from the end."""
    wanted = name.lower()
    found = [header for header in visible(message) if header.name == wanted]
    if number > 0:
        found = found[number - 1 : number]
    elif number < 0:
        found = found[number : number + 1 or None]
    for header in found:
        header.type = DELETED


def add_recipient(message: Message, address: str) -> None:
    if all(one.address != address for one in message.recipients):
        message.recipients.append(Recipient(address))


def remove_recipient(message: Message, address: str) -> bool:
    """Whether it was there."""
    kept = [one for one in message.recipients if one.address.lower() != address.lower()]
    removed = len(kept) < len(message.recipients)
    message.recipients[:] = kept
    return removed


def replace_body(message: Message, data: bytes) -> None:
    """The new body; reception writes it to the spool instead of what came."""
    message.body = Body(data)
    message.notes["body_replaced"] = True
    message.body_linecount = data.count(b"\n")
    message.body_zerocount = data.count(b"\0")
