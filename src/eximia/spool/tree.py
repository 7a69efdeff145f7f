"""The tree of addresses that are done (non-recipients), as `-H` files carry it (manual chapter 57).

Each line has two letters, Y or N, that say whether a left and a right branch follow, then the address. Exim searches
the tree, so it is written balanced and in byte order; reading takes any shape.
"""

from __future__ import annotations

from collections.abc import Iterable

EMPTY = "XX\n"


def write_tree(addresses: Iterable[str]) -> str:
    """The lines for `addresses`, or `XX` when there are none."""
    ordered = sorted(addresses)
    if not ordered:
        return EMPTY
    out: list[str] = []
    stack = [(0, len(ordered))]
    while stack:
        low, high = stack.pop()
        middle = (low + high) // 2
        left = middle > low
        right = high > middle + 1
        out.append(f"{'Y' if left else 'N'}{'Y' if right else 'N'} {ordered[middle]}\n")
        if right:
            stack.append((middle + 1, high))
        if left:
            stack.append((low, middle))
    return "".join(out)


def read_tree(text: str, pos: int) -> tuple[set[str], int]:
    """The addresses of the tree at `pos`, and the position behind it. Raises ValueError when it is damaged."""
    if text.startswith("XX", pos):
        end = text.find("\n", pos)
        if end < 0:
            raise ValueError("tree without end")
        return set(), end + 1
    found: set[str] = set()
    wanted = 1
    while wanted:
        end = text.find("\n", pos)
        if end < pos + 3 or text[pos + 2] != " ":
            raise ValueError("damaged tree")
        wanted += (text[pos] == "Y") + (text[pos + 1] == "Y") - 1
        found.add(text[pos + 3 : end])
        pos = end + 1
    return found, pos
