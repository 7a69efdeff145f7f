from pathlib import Path

from eximia.hints import Hints
from eximia.hints.counting import DAY, count, digest_of, drop_old, due, forget

NOON = 20_000 * DAY + DAY // 2


def test_counts_are_reported_once(tmp_path: Path) -> None:
    table = Hints(str(tmp_path / "db"), print, lambda: NOON).dmarc
    for domain, text, moment in (
        ("a.example", "x", NOON),
        ("a.example", "x", NOON + 5),
        ("a.example", "y", NOON),
        ("b.example", "x", NOON),
        ("a.example", "x", NOON + DAY),
    ):
        count(table, domain, text, moment)
    found = {(each.domain, each.day, each.record.text): each for each in due(table, NOON + DAY, today=False)}
    assert set(found) == {("a.example", 20_000, "x"), ("a.example", 20_000, "y"), ("b.example", 20_000, "x")}
    both = found["a.example", 20_000, "x"]
    assert (both.record.first, both.record.last, both.record.count) == (NOON, NOON + 5, 2)
    assert len(list(due(table, NOON + DAY, today=True))) == 4
    assert [each.domain for each in due(table, NOON + DAY, today=True, only="b.example")] == ["b.example"]

    count(table, "a.example", "x", NOON)  # after the report was made
    forget(table, [(each.key, each.record.count) for each in found.values()])
    left = list(due(table, NOON + DAY, today=False))
    assert [(each.domain, each.record.text, each.record.count) for each in left] == [("a.example", "x", 1)]


def test_what_is_empty_or_old_goes(tmp_path: Path) -> None:
    table = Hints(str(tmp_path / "db"), print, lambda: NOON).tls_reports
    count(table, "old.example", "x", NOON - 15 * DAY)
    count(table, "late.example", "x", NOON - 14 * DAY)
    count(table, "done.example", "x", NOON - DAY)
    count(table, "now.example", "x", NOON)
    forget(
        table,
        [(each.key, 1) for each in due(table, NOON, today=True) if each.domain in ("done.example", "now.example")],
    )
    drop_old(table, NOON)
    assert {key.split(":")[1] for key, _, _ in table.scan()} == {"late.example", "now.example"}


def test_a_report_has_the_same_name_when_it_is_tried_again() -> None:
    counted = [("1:a:b", 3), ("1:a:c", 4)]
    assert digest_of("h", "a", counted) == digest_of("h", "a", list(reversed(counted)))
    assert digest_of("h", "a", counted) != digest_of("h", "a", [("1:a:b", 4), ("1:a:c", 4)])
