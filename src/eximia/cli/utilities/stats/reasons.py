"""Why mail was rejected: the lines of the log that say so, brought to few texts."""

from __future__ import annotations

import re

UNKNOWN = "Unknown"

_REJECTED = re.compile(r"\b(?:rejected|refused|dropped)\b")
_TEMPORARY = re.compile(r"\btemporarily (?:rejected|refused)\b")
#: what makes a temporary rejection count as one for good
_AFTER = re.compile(
    r"rejected (?:after )?DATA|rejected by non-SMTP ACL|rejected by local_scan|SMTP protocol synchronization error"
)
#: where the address of the client stands; in other places it is not looked for
_ADDRESS = re.compile(r"(?:H=|SMTP call from |Connection from |HELO from |EHLO from ).*?\[([0-9a-fA-F:.]+)\]")

_DATA = re.compile(r"rejected after DATA: (.+)")
_HELLO = re.compile(r"rejected [EH][EH]LO from (?:[^\[]* )?\[[^]]*\]: syntactically invalid argument")
_NOT_SMTP = re.compile(r"(rejected by non-SMTP ACL: .+)")
_SAID = re.compile(r'response to "(RCPT TO).*? was: (.+)')
_WHOLE = re.compile(r"(rejected (?:DATA: .+|by local_scan\(\).*))")
_COMMAND = re.compile(r"((?:temporarily )?rejected [A-Z]+) .*?: ([^:]+)")
_CONNECTION = re.compile(r'(temporarily rejected connection in "connect" ACL.*)')
_DROPPED = re.compile(r"(dropped: too many (?:nonmail commands|syntax or protocol errors|unrecognized commands))")
_REFUSED = re.compile(r"refused connection from [^(]*(\(.*)")
_RELAY = re.compile(r"(refused relay \([^)]*\))")
_CONNECTION_REFUSED = re.compile(r"Connection from .*? (refused: .+)")
_UNANSWERED = re.compile(r": Connection refused|[Cc]onnection from .*?: refused")
#: what tells the reason wherever it stands
_WORDS = (
    ("unqualified recipient rejected", "Unqualified recipient rejected"),
    ("sender rejected", "Sender rejected"),
    ("too many recipients", "Too many recipients"),
    ("message too big", "Message too big"),
)


def rejection(text: str) -> tuple[str, str, bool] | None:
    """(reason, `[address]` or `local`, whether it was temporary) of a line without its time; None for other lines."""
    if _REJECTED.search(text) is None:
        return None
    found = _ADDRESS.search(text)
    address = f"[{found[1]}]" if found is not None else "local"
    temporary = _TEMPORARY.search(text) is not None and _AFTER.search(text) is None
    return _reason(text), address, temporary


def _reason(text: str) -> str:
    if "SMTP protocol synchronization error" in text:
        return "SMTP protocol synchronization error"
    if (found := _DATA.search(text)) is not None:
        return _capital(found[1])
    if (found := _SAID.search(text)) is not None:
        return f"Response to {found[1]} was: {found[2]}"
    if (found := _WHOLE.search(text)) is not None:
        return _capital(found[1])
    if _HELLO.search(text) is not None:
        return "Rejected HELO/EHLO: syntactically invalid argument"
    if (found := _NOT_SMTP.search(text)) is not None:
        return _capital(found[1])
    for words, reason in _WORDS:
        if words in text:
            return reason
    if (found := _COMMAND.search(text)) is not None:
        return _capital(f"{found[1]}: {found[2]}")
    for pattern in (_CONNECTION, _DROPPED, _RELAY):
        if (found := pattern.search(text)) is not None:
            return _capital(found[1])
    if (found := _REFUSED.search(text)) is not None:
        return f"Refused connection {found[1]}"
    if (found := _CONNECTION_REFUSED.search(text)) is not None:
        return f"Connection {found[1]}"
    return "Connection refused" if _UNANSWERED.search(text) is not None else UNKNOWN


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
