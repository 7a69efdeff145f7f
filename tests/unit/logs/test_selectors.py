import re
from pathlib import Path

import pytest

from eximia.base.errors import ConfigError
from eximia.logs.selectors import SELECTORS, Selectors


def test_defaults_and_signs() -> None:
    selectors = Selectors("+subject -retry_defer+pid")
    assert selectors.subject
    assert selectors.pid
    assert not selectors.retry_defer
    assert selectors.msg_id
    assert not Selectors().deliver_time


def test_all() -> None:
    selectors = Selectors("+all -pid")
    assert selectors.eightbitmime
    assert selectors.millisec
    assert not selectors.pid
    assert not Selectors("-all").msg_id


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("subject", 'malformed log_selector setting: + or - expected but found "subject"'),
        ("+subject, -pid", 'malformed log_selector setting: + or - expected but found ", -pid"'),
        ("+subject -bar", "unknown log_selector setting: -bar"),
        ("+", "unknown log_selector setting: +"),
    ],
)
def test_errors(setting: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Selectors(setting)
    assert caught.value.message == words


@pytest.mark.parametrize(
    ("ports", "shown"),
    [("", [25, 587]), ("587", [587]), ("!25", [587]), ("25 : 587", [25, 587]), ("<; !25 ; 587", [587])],
)
def test_log_ports(ports: str, shown: list[int]) -> None:
    selectors = Selectors("", ports)
    assert [port for port in (25, 587) if selectors.shows_port(port)] == shown


def test_log_ports_are_numbers() -> None:
    with pytest.raises(ConfigError):
        Selectors("", "smtp")


def test_each_is_asked_for_somewhere() -> None:
    source = Path(__file__).parents[3] / "src" / "eximia"
    words: set[str] = set()
    for path in source.rglob("*.py"):
        if path.name != "selectors.py":
            words |= set(re.findall(r"\w+", path.read_text()))
    assert {name.replace("8bit", "eightbit") for name in SELECTORS} <= words
