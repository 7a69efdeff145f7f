"""Header lines that ACLs ask to add (manual 44.24). Reception merges them with the message at the right moments."""

from __future__ import annotations

from eximia.context import Message

#: what may stand before the text; the message's `added_headers` holds these words with each line
POSITIONS = {
    ":after_received:": "after_received",
    ":at_start_rfc:": "at_start_rfc",
    ":at_start:": "at_start",
    ":at_end:": "at_end",
}


def add_header(message: Message, text: str) -> None:
    """Note the header lines of `text` for `message`.

    Lines that are no header lines get `X-ACL-Warn:` in front; one that is already waiting is not added again.
    """
    text = text.strip("\n")
    for one in _split(text):
        position = "at_end"
        for mark, name in POSITIONS.items():
            if one[: len(mark)].lower() == mark:
                position = name
                one = one[len(mark) :].lstrip(" \t")
                break
        if not _is_header(one):
            one = f"X-ACL-Warn: {one}"
        entry = (f"{one}\n", position)
        if not any(entry[0] == waiting for waiting, _ in message.added_headers):
            message.added_headers.append(entry)


def _split(text: str) -> list[str]:
    """The separate header lines: a newline that is not followed by white space ends one."""
    lines: list[str] = []
    for part in text.split("\n"):
        if lines and part[:1] in (" ", "\t"):
            lines[-1] += "\n" + part
        elif part:
            lines.append(part)
    return lines


def _is_header(line: str) -> bool:
    """Whether `line` starts with a header name and a colon (RFC 5322 section 2.2)."""
    name, colon, _ = line.partition(":")
    name = name.rstrip(" \t")
    return bool(colon and name) and all("!" <= c <= "~" for c in name)
