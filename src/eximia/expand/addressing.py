"""Forms of IP addresses (the tests `isip`, `match_ip` and the operators on addresses share them)."""

from __future__ import annotations

from eximia.base.pattern import pattern

_FOUR = pattern(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")
_HEX = pattern(r"[0-9A-Fa-f]{1,4}")


def ip_words(text: str) -> list[int] | None:
    """Four numbers for an IPv4 address, eight for an IPv6 address (a `%scope` is ignored), None otherwise."""
    if ":" not in text:
        return _four(text)
    body, percent, scope = text.partition("%")
    if percent and not scope:
        return None
    return _eight(body)


def _four(text: str) -> list[int] | None:
    if _FOUR.fullmatch(text) is None:
        return None
    numbers = [int(part) for part in text.split(".")]
    return numbers if max(numbers) < 256 else None


def _eight(text: str) -> list[int] | None:
    tail: list[int] = []
    if "." in text:
        text, _, dotted = text.rpartition(":")
        numbers = _four(dotted)
        if numbers is None:
            return None
        tail = [numbers[0] << 8 | numbers[1], numbers[2] << 8 | numbers[3]]
        if not text.endswith(":"):
            pass
        elif text != ":" and not text.endswith("::"):
            text += ":"
        else:
            text = "::" if text == ":" else text
    left, gap, right = text.partition("::")
    if gap and "::" in right:
        return None
    head = _words(left)
    rest = _words(right)
    if head is None or rest is None:
        return None
    rest += tail
    if not gap:
        return head + rest if len(head) + len(rest) == 8 else None
    missing = 8 - len(head) - len(rest)
    return head + [0] * missing + rest if missing > 0 else None


def _words(text: str) -> list[int] | None:
    if not text:
        return []
    words: list[int] = []
    for part in text.split(":"):
        if _HEX.fullmatch(part) is None:
            return None
        words.append(int(part, 16))
    return words
