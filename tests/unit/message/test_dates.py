import pytest

from eximia.message import dates


@pytest.fixture(autouse=True)
def _paris() -> None:
    dates.use_timezone("Europe/Paris")


WHEN = 1795337746.1016


def test_forms() -> None:
    assert dates.rfc5322(WHEN) == "Sun, 22 Nov 2026 09:55:46 +0100"
    assert dates.mbox(WHEN) == "Sun Nov 22 09:55:46 2026"
    assert dates.zulu(WHEN) == "20261122085546Z"
    assert dates.log_day(WHEN) == "20261122"
    assert dates.log_stamp(WHEN) == "2026-11-22 09:55:46"
    assert dates.log_stamp(WHEN, millisec=True, with_zone=True) == "2026-11-22 09:55:46.101 +0100"


def test_negative_zone() -> None:
    dates.use_timezone("America/St_Johns")
    assert dates.zone(int(WHEN)) == "-0330"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59, "59s"), (60, "1m"), (3661, "1h1m1s"), (694861, "1w1d1h1m1s"), (604800, "1w")]
)
def test_interval(seconds: int, text: str) -> None:
    assert dates.interval(seconds) == text


def test_elapsed() -> None:
    assert dates.elapsed(4.2289, millisec=True) == "4.228s"
    assert dates.elapsed(5.2, millisec=True) == "5s"
    assert dates.elapsed(4.9) == "4s"
    assert dates.elapsed(-1.0, millisec=True) == "0.000s"
