"""JSON as the items and conditions of the string language read it: by cutting, not by parsing.

Values come out as they were written, which is what a configuration compares and extracts again.
"""

from __future__ import annotations

from eximia.base.errors import ExpansionError

_SPACE = " \t\n\r\v\f"


def items(text: str) -> list[str]:
    """The top-level elements of a comma-separated text (the inside of an array or an object)."""
    found: list[str] = []
    pos, length = 0, len(text)
    while True:
        while pos < length and text[pos] in _SPACE:
            pos += 1
        if pos >= length:
            return found
        start = pos
        depth = 0
        quoted = False
        while pos < length:
            char = text[pos]
            if char == '"':
                quoted = not quoted
            elif char == "\\" and quoted:
                pos += 1
            elif not quoted:
                if char in "[{":
                    depth += 1
                elif char in "]}":
                    if depth == 0:
                        break
                    depth -= 1
                elif char == "," and depth == 0:
                    break
            pos += 1
        found.append(text[start:pos])
        pos += 1


def wrapped(text: str, pair: str, what: str) -> str:
    """What stands between the brackets `pair`. Raises ExpansionError."""
    text = text.lstrip(_SPACE)
    if text[:1] != pair[0]:
        raise ExpansionError(f"missing '{pair[0]}' wrapping {what}")
    text = text[1:].lstrip(_SPACE)
    depth = 0
    quoted = False
    pos = 0
    while pos < len(text):
        char = text[pos]
        if char == '"':
            quoted = not quoted
        elif char == "\\" and quoted:
            pos += 1
        elif not quoted:
            if char == pair[0]:
                depth += 1
            elif char == pair[1]:
                if depth == 0:
                    return text[:pos]
                depth -= 1
        pos += 1
    raise ExpansionError(f"missing '{pair[1]}' wrapping {what}")


def unquoted(text: str, what: str = "string result for extract jsons") -> str:
    """A JSON string without its quotes, nothing resolved inside. Raises ExpansionError."""
    text = text.strip(_SPACE)
    if text[:1] != '"':
        raise ExpansionError(f"missing '\"' wrapping {what}")
    end = 1
    while end < len(text) and text[end] != '"':
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        raise ExpansionError(f"missing '\"' wrapping {what}")
    return text[1:end]


def member(text: str, key: str) -> str | None:
    """The value of `key` in an object. Raises ExpansionError for what is no object."""
    for item in items(wrapped(text, "{}", "object for extract json")):
        name = unquoted(item, "string key for extract json")
        if name == key:
            rest = item.lstrip(_SPACE)[len(name) + 2 :].lstrip(_SPACE)
            return rest[1:].lstrip(_SPACE) if rest[:1] == ":" else None
    return None


def element(text: str, number: int) -> str | None:
    """Element `number` of an array (1 is the first)."""
    found = items(wrapped(text, "[]", "array for extract json"))
    if number <= 0:
        raise ExpansionError('first argument of "extract" must be greater than zero')
    return found[number - 1].rstrip(_SPACE) if number <= len(found) else None
