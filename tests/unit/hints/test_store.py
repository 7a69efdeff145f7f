"""The hints databases: records, several processes, damaged files."""

import os
import time
from pathlib import Path

import pytest

from eximia.hints import (
    CalloutAddress,
    CalloutDomain,
    Hints,
    RateRecord,
    RetryRecord,
    SeenRecord,
    TlsRecord,
    WaitRecord,
    lmdb,
    sqlite,
)
from support_together import AT_ONCE, in_processes


@pytest.fixture
def panics() -> list[str]:
    return []


@pytest.fixture
def hints(tmp_path: Path, panics: list[str]) -> Hints:
    return Hints(str(tmp_path / "db"), panics.append, lambda: 1000.5)


def test_absent_key_makes_no_file(hints: Hints, tmp_path: Path) -> None:
    assert hints.retry.get("R:a.example") is None
    assert not hints.retry.delete("R:a.example")
    assert not (tmp_path / "db").exists()


RECORDS = [
    ("retry", RetryRecord(1, 2, 3, -44, 25, 'h\xe9 "q"', expired=True)),
    ("seen", SeenRecord(12.25)),
    ("ratelimit", RateRecord(1.5, 2.25, 7.0, b"12345678abcdefgh")),
    ("callout_domains", CalloutDomain("accept", "reject", 5, "unknown", 0)),
    ("callout_addresses", CalloutAddress(accepted=True)),
    ("tls", TlsRecord(99.5, b"\0\xffsession")),
]


@pytest.mark.parametrize("table, record", RECORDS)
def test_records_survive_storage(hints: Hints, table: str, record: object) -> None:
    getattr(hints, table).put("k\xfc", record)
    assert getattr(hints, table).entry("k\xfc") == (record, 1000.5)


def test_delete_and_scan(hints: Hints) -> None:
    wait = hints.wait("remote_smtp")
    for key in ("b.example", "a.example", "a.example.org"):
        wait.put(key, WaitRecord((f"id-{key}",)))
    assert [key for key, _, _ in wait.scan("a.")] == ["a.example", "a.example.org"]
    assert wait.delete("a.example")
    assert not wait.delete("a.example")
    assert [key for key, _, _ in wait.scan()] == ["a.example.org", "b.example"]
    assert hints.backend.names() == ["wait-remote_smtp"]


def test_update_reads_and_writes_as_one(hints: Hints) -> None:
    def count(old: WaitRecord | None) -> WaitRecord:
        return WaitRecord((old.ids if old else ()) + ("x",))

    wait = hints.wait("t")
    wait.update("h", count)
    wait.update("h", count)
    wait.update("h", lambda old: None)
    assert wait.get("h") == WaitRecord(("x", "x"))


def test_failing_update_leaves_the_store_usable(hints: Hints) -> None:
    def fail(old: SeenRecord | None) -> SeenRecord:
        raise LookupError

    with pytest.raises(LookupError):
        hints.seen.update("k", fail)
    hints.seen.put("k", SeenRecord(1.0))
    assert hints.seen.get("k") == SeenRecord(1.0)


def test_two_processes_count_every_update(hints: Hints, tmp_path: Path) -> None:
    def add(old: RateRecord | None) -> RateRecord:
        return RateRecord(0.0, (old.rate if old else 0.0) + 1)

    hints.ratelimit.update("k", add)
    child = os.fork()
    if not child:
        # the inherited object must work on a connection of its own
        for _ in range(200):
            hints.ratelimit.update("k", add)
        os._exit(0)
    for _ in range(200):
        hints.ratelimit.update("k", add)
    assert os.waitpid(child, 0)[1] == 0
    assert hints.ratelimit.get("k") == RateRecord(0.0, 401.0)


def test_a_new_file_is_opened_by_several_processes_at_once(tmp_path: Path) -> None:
    for count in range(40):
        panics: list[str] = []
        hints = Hints(str(tmp_path / str(count)), panics.append, lambda: 1000.5)

        def work(number: int, hints: Hints = hints, panics: list[str] = panics) -> str:
            hints.seen.put(f"k{number}", SeenRecord(1.0))
            return "".join(panics)

        assert in_processes(work) == [""] * AT_ONCE
        assert len(list(hints.seen.scan())) == AT_ONCE


def test_a_damaged_file_is_replaced(hints: Hints, tmp_path: Path, panics: list[str]) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db/seen.sqlite").write_bytes(b"not a database at all, but long enough to be one" * 50)
    assert hints.seen.get("k") is None
    assert len(panics) == 1
    assert "is damaged" in panics[0]
    hints.seen.put("k", SeenRecord(1.0))
    assert hints.seen.get("k") == SeenRecord(1.0)


FILES = [("sqlite", "seen.sqlite"), ("lmdb", "hints.lmdb/data.mdb")]


@pytest.mark.parametrize("database, file", FILES)
def test_a_damaged_file_met_by_several_at_once_is_replaced_once(tmp_path: Path, database, file, monkeypatch) -> None:
    remove = os.unlink

    def slowly(path: str, **more: object) -> None:
        remove(path, **more)
        time.sleep(0.005)

    monkeypatch.setattr(os, "unlink", slowly)
    for count in range(10):
        panics: list[str] = []
        folder = tmp_path / str(count)
        (folder / file).parent.mkdir(parents=True)
        (folder / file).write_bytes(b"not a database at all, but long enough to be one" * 500)
        hints = Hints(str(folder), panics.append, lambda: 1000.5, database=database)

        def work(number: int, hints: Hints = hints, panics: list[str] = panics) -> str:
            hints.seen.put(f"k{number}", SeenRecord(1.0))
            return "\n".join(panics)

        told = [text for text in in_processes(work) if text]
        assert len(told) == 1
        assert "is damaged" in told[0]
        assert len(list(hints.seen.scan())) == AT_ONCE


def test_pages_that_go_bad_under_several_are_replaced_once(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sqlite, "_RECHECK", 0.0)
    for count in range(5):
        folder = tmp_path / str(count)
        first = Hints(str(folder), [].append, lambda: 1000.5)
        for number in range(500):
            first.seen.put(f"{number:05}", SeenRecord(1.0))
        first.close()
        file = folder / "seen.sqlite"
        data = file.read_bytes()
        file.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
        panics: list[str] = []
        hints = Hints(str(folder), panics.append, lambda: 1000.5)

        def work(number: int, hints: Hints = hints, panics: list[str] = panics) -> str:
            hints.seen.put(f"k{number}", SeenRecord(1.0))
            time.sleep(0.1)
            hints.seen.put(f"l{number}", SeenRecord(1.0))
            return "\n".join(panics)

        told = [text for text in in_processes(work) if text]
        assert len(told) == 1, told
        assert "is damaged" in told[0]
        assert {f"l{number}" for number in range(AT_ONCE)} <= {key for key, _, _ in hints.seen.scan()}


@pytest.mark.parametrize("database, file", FILES)
def test_a_removed_file_is_noticed(tmp_path: Path, panics: list[str], database, file, monkeypatch) -> None:
    monkeypatch.setattr(sqlite, "_RECHECK", 0.0)
    monkeypatch.setattr(lmdb, "_RECHECK", 0.0)
    hints = Hints(str(tmp_path / "db"), panics.append, lambda: 1000.5, database=database)
    hints.seen.put("k", SeenRecord(1.0))
    for each in (tmp_path / "db" / file).parent.iterdir():
        each.unlink()
    assert hints.seen.get("k") is None

    def work(number: int) -> str:
        hints.seen.put(f"k{number}", SeenRecord(1.0))
        return "".join(panics)

    assert in_processes(work) == [""] * AT_ONCE
    hints.seen.put("i", SeenRecord(1.0))
    assert len(list(hints.seen.scan())) == AT_ONCE + 1
    assert panics == []


def test_processes_that_were_killed_hold_no_places_of_readers(tmp_path: Path, panics: list[str], monkeypatch) -> None:
    monkeypatch.setattr(lmdb, "_MOST_READERS", 2 * AT_ONCE)
    hints = Hints(str(tmp_path / "db"), panics.append, lambda: 1000.5, database="lmdb")
    hints.seen.put("k", SeenRecord(1.0))

    def work(number: int) -> str:
        return f"{hints.seen.get('k') is not None} {panics}"

    for _ in range(5):
        assert in_processes(work) == ["True []"] * AT_ONCE
    assert hints.seen.get("k") is not None


def test_a_record_of_another_shape_is_absent(hints: Hints) -> None:
    hints.backend.put("retry", "k", b"[1,2]", 0.0)
    hints.backend.put("retry", "j", b"\xff", 0.0)
    assert hints.retry.get("k") is None
    assert hints.retry.get("j") is None
    assert list(hints.retry.scan()) == []


def test_an_unusable_directory_costs_only_the_hint(tmp_path: Path, panics: list[str]) -> None:
    (tmp_path / "db").write_text("a file where the directory should be")
    hints = Hints(str(tmp_path / "db"), panics.append, lambda: 0.0)
    hints.seen.put("k", SeenRecord(1.0))
    assert hints.seen.get("k") is None
    assert panics
