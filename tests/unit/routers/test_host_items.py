"""How lists of hosts are written."""

import pytest

from eximia.routers.host_items import HostItem, read_host_item, read_host_items


@pytest.mark.parametrize(
    "text, item",
    [
        ("host.test", HostItem("host.test")),
        ("host.test:26", HostItem("host.test", 26)),
        ("10.1.1.1:27", HostItem("10.1.1.1", 27)),
        ("[10.1.1.1]:27", HostItem("10.1.1.1", 27)),
        ("[::1]:26", HostItem("::1", 26)),
        ("2001:db8::25", HostItem("2001:db8::25")),
        ("dom.test/MX", HostItem("dom.test", 0, mx=True)),
        ("dom.test/mx:1225", HostItem("dom.test", 1225, mx=True)),
        ("localhost::26", HostItem("localhost::26")),
    ],
)
def test_items(text: str, item: HostItem) -> None:
    assert read_host_item(text) == item


def test_doubled_colons_and_groups() -> None:
    assert read_host_items("a.test::25 : b.test") == [HostItem("a.test", 25), HostItem("b.test")]
    shuffled = [read_host_items("a:b:+:c:d", randomize=True) for _ in range(50)]
    assert all({item.name for item in order[:2]} == {"a", "b"} for order in shuffled)
    assert len({tuple(order) for order in shuffled}) > 1
