"""Taking a list apart: separators, doubled separators, white space (manual 6.20 and 6.21).

Only the text's own structure; what items mean is known where the list is used.
"""

from __future__ import annotations

from .text import Untainted


def separator_of(text: str, separator: str = ":") -> tuple[str, str]:
    """What separates the items of a list, and the list without the words that change it."""
    text = text.lstrip()
    if len(text) > 1 and text[0] == "<" and not text[1].isalnum() and text[1] not in " \t":
        return text[1], text[2:]
    return separator, text


def split_list(text: str, separator: str = ":") -> list[str]:
    """The items of a list. `<` and another separator may come first. White space around items is dropped; a
    doubled separator stands for itself, unless it is a control character such as newline. An empty text has no
    items, and a separator at the very end adds none. Items are Untainted when `text` is."""
    clean = type(text) is Untainted
    separator, text = separator_of(text, separator)
    control = separator < " "
    white = " \t\r\v\f" if control else " \t\r\n\v\f"
    items: list[str] = []
    pos = 0
    length = len(text)
    while True:
        while pos < length and text[pos] in white:
            pos += 1
        if pos >= length:
            break
        item = ""
        while True:
            end = text.find(separator, pos)
            if end < 0:
                item += text[pos:]
                pos = length
                break
            item += text[pos:end]
            pos = end + 1
            if control or text[pos : pos + 1] != separator:
                break
            item += separator
            pos += 1
        item = item.rstrip(white)
        items.append(Untainted(item) if clean else item)
    return items
