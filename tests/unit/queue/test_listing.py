import pytest

from eximia.base.ordered_set import OrderedSet
from eximia.queue.listing import ListingOptions, format_age, format_size, list_queue

from .house import NOW, House

A, B, C = "1xV3H1-0001qt-0A", "1xV3H2-0001qt-0B", "1xV3H3-0001qt-0C"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, " 0m"),
        (59 * 60, "59m"),
        (90 * 60 + 5, "90m"),
        (91 * 60, " 2h"),
        (7199, " 2h"),
        (72 * 3600 + 5, "72h"),
        (72 * 3600 + 3599, " 3d"),
        (73 * 3600, " 3d"),
        (120 * 86400, "120d"),
        (-500, "-8m"),
    ],
)
def test_age(seconds: int, text: str) -> None:
    assert format_age(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (219, "  219"),
        (1209, " 1.2K"),
        (10449, "  10K"),
        (100208, "  98K"),
        (1047761, "1023K"),
        (10485969, "  10M"),
        (1572864209, "1500M"),
        (-1, "     "),
    ],
)
def test_size(size: int, text: str) -> None:
    assert format_size(size) == text


def listing(house: House, letters: str = "", **more: object) -> str:
    out: list[str] = []
    list_queue(house.process.spool, out.append, NOW, ListingOptions.from_letters(letters), **more)  # type: ignore[arg-type]
    return "".join(out)


def test_entries(house: House) -> None:
    house.add(
        B, to=("x@y.ex", "z@y.ex"), nonrecipients=OrderedSet({"x@y.ex", "child@y.ex"}), frozen=True, frozen_at=1.0
    )
    house.add(A, sender="", sender_set_untrusted=True)
    first = f" 1m    19 {A} <> (user)\n          c@d.ex\n\n"
    line = f" 1m    19 {B} <a@b.ex> *** frozen ***\n"
    assert listing(house) == f"{first}{line}        D x@y.ex\n          z@y.ex\n\n"
    assert listing(house, "a").endswith(f"{line}        D x@y.ex\n          z@y.ex\n       +D child@y.ex\n\n")
    assert listing(house, "u") == f"{first}{line}          z@y.ex\n\n"
    assert listing(house, "i") == f"{A}\n{B}\n"
    assert sorted(listing(house, "ri").split()) == [A, B]


def test_journal_counts(house: House) -> None:
    house.add(A, to=("x@y.ex", "z@y.ex"))
    (house.folder / "input" / f"{A}-J").write_text("x@y.ex\n")
    assert "        D x@y.ex\n          z@y.ex\n" in listing(house)


def test_damage_and_absence(house: House) -> None:
    for message_id in (A, B, C):
        house.add(message_id)
    folder = house.folder / "input"
    (folder / f"{A}-H").write_bytes((folder / f"{A}-H").read_bytes()[:100])
    whole = (folder / f"{B}-H").read_bytes()
    (folder / f"{B}-H").write_bytes(whole[:-3])
    (folder / f"{C}-D").unlink()
    assert listing(house) == (
        f"      {A}\n    *** spool format error: size=100 ***\n\n"
        f" 1m    19 {B} <a@b.ex>\n    *** spool format error: size={len(whole) - 3} ***\n          c@d.ex\n\n"
        f" 1m       {C} <a@b.ex>\n          c@d.ex\n\n"
    )
    gone = "1xV3H9-0001qt-0A"
    assert listing(house, ids=[gone]) == f"      {gone}\n    *** spool read error: No such file or directory ***\n\n"


def test_queues(house: House) -> None:
    house.add(A, queue="night")
    assert listing(house) == ""
    assert A in listing(house, queue="night")


def test_a_message_that_is_just_being_written_is_not_listed(house: House) -> None:
    """Its header file has its name before it is whole."""
    house.add(A)
    header = house.folder / "input" / f"{A}-H"
    text = header.read_bytes()
    for size in (0, 30, len(text) - 5):
        header.write_bytes(text[:size])
        with house.process.spool.lock(A):
            assert listing(house) == ""
        assert "*** spool format error" in listing(house)
