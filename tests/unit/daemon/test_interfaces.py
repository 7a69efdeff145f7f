"""Where the daemon listens (manual chapter 13)."""

import pytest

from eximia.base.errors import ConfigError
from eximia.daemon.interfaces import configured


def listen(ports: str = "", addresses: str = "", override: str | None = None, *, ipv6: bool = True) -> list[str]:
    return [f"{each.address}/{each.port}" for each in configured(ports, addresses, override, ipv6=ipv6)]


def test_default_is_everything_on_the_smtp_port() -> None:
    assert listen() == ["::/25", "0.0.0.0/25"]
    assert listen(ipv6=False) == ["0.0.0.0/25"]


@pytest.mark.parametrize(
    ("ports", "addresses", "expected"),
    [
        ("25 : 26", "127.0.0.1", ["127.0.0.1/25", "127.0.0.1/26"]),
        ("smtp", "0.0.0.0 : 127.0.0.1.26", ["0.0.0.0/25", "127.0.0.1/26"]),
        (
            "",
            "<; 192.168.23.65.1234 ; 3ffe:ffff:836f::fe86:a061.1234",
            ["192.168.23.65/1234", "3ffe:ffff:836f::fe86:a061/1234"],
        ),
        (
            "",
            "<; [192.168.23.65]:1234 ; [3ffe:ffff:836f::fe86:a061]:1234",
            ["192.168.23.65/1234", "3ffe:ffff:836f::fe86:a061/1234"],
        ),
        ("", "<; ::0.25 ; ::0.26", ["::/25", "::/26"]),
    ],
)
def test_lists_of_the_manual(ports: str, addresses: str, expected: list[str]) -> None:
    assert listen(ports, addresses) == expected


def test_command_line_overrides() -> None:
    assert listen("25", "10.0.0.1", "1225") == ["10.0.0.1/1225"]
    assert listen("25", "10.0.0.1", "192.168.34.5.1125") == ["192.168.34.5/1125"]
    assert listen("25", "10.0.0.1", "127.0.0.1 : 26 : 27") == ["127.0.0.1/26", "127.0.0.1/27"]


@pytest.mark.parametrize("addresses", ["localhost.25", "1.2.3", "[::1", "1.2.3.4.x"])
def test_what_is_no_address_is_refused(addresses: str) -> None:
    with pytest.raises(ConfigError):
        listen("25", addresses)
