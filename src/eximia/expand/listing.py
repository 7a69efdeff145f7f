"""Lists as the items that walk over them see them (manual chapter 6.20 to 6.22).

Only splitting and joining; matching is the layer `lists`.
"""

from __future__ import annotations

_SPACE = " \t\n\r\v\f"


def separator(text: str) -> tuple[str, str]:
    """The separator of a list and the list without its separator setting."""
    text = text.lstrip(_SPACE)
    if text == "<":
        return ":", ""
    if text[:1] == "<" and len(text) > 1 and (_is_punctuation(text[1]) or text[1] < " " or text[1] == "\x7f"):
        return text[1], text[2:].lstrip(_SPACE.replace(text[1], ""))
    return ":", text


def _is_punctuation(char: str) -> bool:
    return "!" <= char <= "~" and not char.isalnum()


def split_list(text: str) -> tuple[str, list[str]]:
    """The separator and the items: white space around items removed, doubled separators made single, an empty
    last item dropped."""
    char, rest = separator(text)
    items: list[str] = []
    if not rest:
        return char, items
    if char < " " or char == "\x7f":
        # A control character cannot be data: two of them enclose an empty item.
        space = _SPACE.replace(char, "")
        items = [part.strip(space) for part in rest.split(char)]
        if not items[-1]:
            items.pop()
        return char, items
    if char + char not in rest:
        items = rest.split(char)
        if not rest.isprintable():
            items = [part.strip(_SPACE) for part in items]
        elif " " in rest:
            # Of what can be printed, only the space is white.
            items = [part.strip() for part in items]
        if not items[-1]:
            items.pop()
        return char, items
    pos, length = 0, len(rest)
    current: list[str] = []
    while pos < length:
        end = rest.find(char, pos)
        if end < 0:
            current.append(rest[pos:])
            pos = length
        elif rest[end + 1 : end + 2] == char:
            current.append(rest[pos : end + 1])
            pos = end + 2
            continue
        else:
            current.append(rest[pos:end])
            pos = end + 1
        items.append("".join(current).strip(_SPACE))
        current = []
    if current:
        items.append("".join(current).strip(_SPACE))
    return char, items


def quote_item(item: str, char: str) -> str:
    """`item` so that it is one item of a list with separator `char`: doubled separators, a space for empty."""
    if not item:
        return " "
    return item.replace(char, char + char) if char in item else item


def join_list(items: list[str], char: str) -> str:
    """A list of `items`, without a separator setting."""
    joined = char.join(items)
    if joined.count(char) == len(items) - 1 and all(items):
        return joined
    quoted = [quote_item(item, char) for item in items]
    if items and not items[0]:
        # An empty first item needs no space: nothing stands before it.
        quoted[0] = ""
    joined = char.join(quoted)
    if char * 3 not in joined:
        return joined
    # What begins with the separator must not run together with the one before it.
    return char.join([quoted[0], *(f" {each}" if each[0] == char else each for each in quoted[1:])])
