import pytest

from eximia.base.errors import ConfigError
from eximia.logs.selectors import Selectors


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
