"""A set that remembers the order of its members."""

from eximia.base.ordered_set import OrderedSet


def test_order_and_equality() -> None:
    members = OrderedSet("bca")
    members.add("b")
    members.update(["d", "c"])
    members.discard("x")
    assert list(members) == ["b", "c", "a", "d"]
    assert members == {"a", "b", "c", "d"}
    assert "d" in members
    assert list(members | OrderedSet("ea")) == ["b", "c", "a", "d", "e"]
    members.discard("c")
    assert (len(members), list(members)) == (3, ["b", "a", "d"])
