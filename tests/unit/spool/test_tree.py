"""The tree of addresses that are done: a search tree that Exim can search, whatever its size."""

import random

import pytest

from eximia.spool.tree import read_tree, write_tree


def depths(text):
    """(addresses from left to right, deepest) of a tree; each branch at most one step deeper than its neighbour."""
    lines = iter(text.splitlines())

    def branch():
        left_there, right_there, address = (line := next(lines))[0] == "Y", line[1] == "Y", line[3:]
        left, deep_left = branch() if left_there else ([], 0)
        right, deep_right = branch() if right_there else ([], 0)
        assert abs(deep_left - deep_right) <= 1
        return [*left, address, *right], 1 + max(deep_left, deep_right)

    found = branch()
    assert next(lines, None) is None
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 10, 999, 1000, 1001, 5000])
def test_search_tree(count):
    given = [f"user{number}@example{number % 7}.com" for number in range(count)]
    random.Random(count).shuffle(given)
    text = write_tree(given)
    ordered, _ = depths(text)
    assert ordered == sorted(given)
    found, end = read_tree(text, 0)
    assert set(found) == set(given)
    assert end == len(text)
    assert write_tree(found) == text, "reading and writing changes nothing"


def test_no_addresses():
    assert write_tree([]) == "XX\n"
    assert list(read_tree("XX\n", 0)[0]) == []
