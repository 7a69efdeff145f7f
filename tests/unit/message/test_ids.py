import pytest

from eximia.message.ids import IdSource, base62, from_base62, is_message_id, parts_of, seconds_of

NOW = 1795337447_178932_000


def test_long_form() -> None:
    name, when = IdSource(pid=6869, now_ns=lambda: NOW).next()
    assert len(name) == 23
    assert name.startswith("1xV3Hb-000000001mn-")
    assert when == pytest.approx(1795337447.178932)
    assert parts_of(name) == (pytest.approx(1795337447.178932), 6869, 0)
    assert seconds_of(name) == 1795337447


def test_short_form_of_exim() -> None:
    assert is_message_id("1xV3Hb-0001qt-0Z")
    assert seconds_of("1xV3Hb-0001qt-0Z") == 1795337447
    name, _ = IdSource(pid=6571, short=True, now_ns=lambda: NOW).next()
    assert name == f"1xV3Hb-{base62(6571, 6)}-{base62(178932 * 2000 // 1000000, 2)}"


def test_localhost_number() -> None:
    name, _ = IdSource(number=16, pid=1, now_ns=lambda: NOW).next()
    assert from_base62(name[19:]) == 16 * 500_000 + 178932 // 2
    assert parts_of(name, localhost_number=True)[2] == 16
    name, _ = IdSource(number=16, short=True, pid=1, now_ns=lambda: NOW).next()
    assert from_base62(name[14:]) == 16 * 200 + 178932 * 200 // 1000000


@pytest.mark.parametrize("short", [False, True])
def test_ids_grow_while_the_clock_stands_or_goes_back(short: bool) -> None:
    times = iter([NOW] * 3000 + [NOW - 10**9] * 3)
    source = IdSource(short=short, pid=5, now_ns=lambda: next(times))
    names = [source.next()[0] for _ in range(3003)]
    assert names == sorted(set(names))


@pytest.mark.parametrize(
    "text", ["", "1xV3Hb-0001qt-0", "1xV3Hb-0001qt_0Z", "1xV3Hb-0001q--0Z", "../../etc/passwd", "1xV3H/-0001qt-0Z"]
)
def test_not_ids(text: str) -> None:
    assert not is_message_id(text)
    with pytest.raises(ValueError, match=r"^"):
        parts_of(text)
