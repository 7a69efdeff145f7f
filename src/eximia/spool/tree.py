"""The tree of addresses that are done (non-recipients), as `-H` files carry it (manual chapter 57).

Each line has two letters, Y or N, that say whether a left and a right branch follow, then the address. The tree is
balanced as addresses are added one after the other: no branch is more than one step deeper than its neighbour. So its
shape tells the order in which they were added, up to that, but for large ones; reading takes any shape.
"""

from __future__ import annotations

from collections.abc import Iterable

from eximia.base.ordered_set import OrderedSet

EMPTY = "XX\n"
#: more are not added one by one, which takes 20 us each, but sorted: other sessions wait
_MOST_ADDED = 1000


class _Node:
    __slots__ = ("address", "depth", "left", "right")

    def __init__(self, address: str) -> None:
        self.address = address
        self.left: _Node | None = None
        self.right: _Node | None = None
        self.depth = 1

    def measure(self) -> None:
        self.depth = 1 + max(_depth(self.left), _depth(self.right))


def _depth(node: _Node | None) -> int:
    return 0 if node is None else node.depth


def _turn_right(node: _Node, top: _Node) -> _Node:
    """`top`, the left branch of `node`, comes into its place."""
    node.left, top.right = top.right, node
    node.measure()
    top.measure()
    return top


def _turn_left(node: _Node, top: _Node) -> _Node:
    """`top`, the right branch of `node`, comes into its place."""
    node.right, top.left = top.left, node
    node.measure()
    top.measure()
    return top


def _added(node: _Node | None, address: str) -> _Node:
    """The branch `node` with `address` in it."""
    if node is None:
        return _Node(address)
    if address < node.address:
        left = node.left = _added(node.left, address)
        if left.depth - _depth(node.right) > 1:
            if left.right is not None and _depth(left.left) < left.right.depth:
                left = _turn_left(left, left.right)
            return _turn_right(node, left)
    else:
        right = node.right = _added(node.right, address)
        if right.depth - _depth(node.left) > 1:
            if right.left is not None and _depth(right.right) < right.left.depth:
                right = _turn_right(right, right.left)
            return _turn_left(node, right)
    node.measure()
    return node


def _halved(ordered: list[str], low: int, high: int) -> _Node | None:
    """The tree of sorted addresses from `low` to `high`, with the middle one on top."""
    if low == high:
        return None
    middle = (low + high) // 2
    node = _Node(ordered[middle])
    node.left = _halved(ordered, low, middle)
    node.right = _halved(ordered, middle + 1, high)
    return node


def write_tree(addresses: Iterable[str]) -> str:
    """The lines for `addresses`, all different, in the order in which they were added; `XX` when there are none."""
    given = list(addresses)
    root: _Node | None = None
    if len(given) > _MOST_ADDED:
        root = _halved(sorted(given), 0, len(given))
    else:
        for address in given:
            root = _added(root, address)
    if root is None:
        return EMPTY
    out: list[str] = []
    stack = [root]
    while stack:
        node = stack.pop()
        out.append(f"{'Y' if node.left else 'N'}{'Y' if node.right else 'N'} {node.address}\n")
        if node.right is not None:
            stack.append(node.right)
        if node.left is not None:
            stack.append(node.left)
    return "".join(out)


def read_tree(text: str, pos: int) -> tuple[OrderedSet, int]:
    """The addresses of the tree at `pos`, in an order that gives the same tree again, and the position behind it.
    Raises ValueError when it is damaged."""
    if text.startswith("XX", pos):
        end = text.find("\n", pos)
        if end < 0:
            raise ValueError("tree without end")
        return OrderedSet(), end + 1
    rows: list[list[str]] = []
    waiting = [0]
    while waiting:
        end = text.find("\n", pos)
        if end < pos + 3 or text[pos + 2] != " ":
            raise ValueError("damaged tree")
        row = waiting.pop()
        if row == len(rows):
            rows.append([])
        rows[row].append(text[pos + 3 : end])
        waiting += [row + 1] * ((text[pos] == "Y") + (text[pos + 1] == "Y"))
        pos = end + 1
    # row by row, left to right, nothing needs balancing
    return OrderedSet(address for row in rows for address in row), pos
