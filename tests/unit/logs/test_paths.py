import pytest

from eximia.base.errors import ConfigError
from eximia.logs.paths import destination, file_name

DEFAULT = "/var/spool/exim/log/%slog"


@pytest.mark.parametrize(
    ("setting", "path", "syslog"),
    [
        ("", DEFAULT, False),
        ("syslog", "", True),
        (":syslog", DEFAULT, True),
        ("syslog : /usr/log/exim_%s", "/usr/log/exim_%s", True),
    ],
)
def test_destination(setting: str, path: str, syslog: bool) -> None:
    found = destination(setting, DEFAULT)
    assert (found.path, found.syslog, found.complaint) == (path, syslog, "")


def test_destination_trouble() -> None:
    assert destination("/a%s:/b%s", DEFAULT).complaint == "More than one path given in log_file_path: using /a%s"
    with pytest.raises(ConfigError, match='log_file_path "/tmp/x" does not contain "%s"'):
        destination("/tmp/x", DEFAULT)


@pytest.mark.parametrize(
    ("path", "main", "panic"),
    [
        ("/var/spool/exim/log/%slog-%D", "/var/spool/exim/log/mainlog-20021225", "/var/spool/exim/log/paniclog"),
        ("/var/log/exim-%s-%D.log", "/var/log/exim-main-20021225.log", "/var/log/exim-panic.log"),
        ("/var/spool/exim/log/%D-%slog", "/var/spool/exim/log/20021225-mainlog", "/var/spool/exim/log/paniclog"),
        ("/var/log/exim/%s.%M", "/var/log/exim/main.200212", "/var/log/exim/panic"),
    ],
)
def test_dates(path: str, main: str, panic: str) -> None:
    assert file_name(path, "main", "20021225") == main
    assert file_name(path, "panic", "20021225") == panic


@pytest.mark.parametrize(
    ("setting", "path", "syslog"), [("syslog:", "", True), (":", DEFAULT, False), (":syslog", DEFAULT, True)]
)
def test_empty_items(setting: str, path: str, syslog: bool) -> None:
    found = destination(setting, DEFAULT)
    assert (found.path, found.syslog, found.complaint) == (path, syslog, "")


@pytest.mark.parametrize("setting", ["/tmp/%s%s", "/tmp/%s%x", "/tmp/%D%D%s"])
def test_unexpected_percent(setting: str) -> None:
    with pytest.raises(ConfigError, match='contains unexpected "%" character'):
        destination(setting, DEFAULT)
