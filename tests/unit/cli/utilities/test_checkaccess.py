import pytest

from eximia.cli.utilities.checkaccess import command, last_lines, take_sender


def test_replies_of_several_lines() -> None:
    text = "220 mx\r\n250-mx Hello\r\n250 HELP\r\n\r\n**** comment\r\n550-no\r\n550 relay\r\n"
    assert last_lines(text) == ["220 mx", "250-mx Hello\n250 HELP", "550-no\n550 relay"]


def test_sender_among_the_options() -> None:
    assert take_sender(["-C", "conf", "-f", "<a@b>"]) == ("a@b", ["-C", "conf"])
    assert take_sender(["-DX=1"]) == ("", ["-DX=1"])


@pytest.mark.parametrize("host", ["foo", "1.2.3", "1.2.3.4.25", "999.1.1.1", "1:2"])
def test_no_address(host: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert command([host, "a@b.example"]) == 1
    usage = "Usage: exim_checkaccess <IP address> <email address> [exim options]\n"
    assert capfdbinary.readouterr().out.decode() == f'** Invalid IP address "{host}"\n{usage}'
