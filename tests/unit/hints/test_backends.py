"""What every place that keeps hints must do; Redis is a small stand-in that understands the commands used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hiredis
import pytest

from eximia.base.errors import ConfigError, NetworkError
from eximia.hints import Hints, RateRecord, SeenRecord, WaitRecord
from eximia.hints import redis as hints_redis
from eximia.hints.records import GONE, MiscRecord
from eximia.protocols.resp import command
from support_together import AT_ONCE, in_processes


class FakeRedis:
    """A dictionary behind RESP. `away`: connections are refused and lost."""

    def __init__(self) -> None:
        self.data: dict[bytes, bytes] = {}
        self.away = False
        self.dialled: list[Any] = []
        self.opening: list[list[bytes]] = []
        #: done before a swap, as another process would
        self.between: list[Any] = []

    def dial(self, server: Any, timeout: float) -> FakeStream:
        self.dialled.append(server)
        if self.away:
            raise NetworkError("Connection refused", 111)
        return FakeStream(self)

    def obey(self, words: list[bytes]) -> bytes:
        name, *rest = words
        if name == b"GET":
            value = self.data.get(rest[0])
            return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
        if name == b"SET":
            self.data[rest[0]] = rest[1]
            return b"+OK\r\n"
        if name == b"DEL":
            return b":%d\r\n" % (self.data.pop(rest[0], None) is not None)
        if name == b"SCAN":
            start = rest[2].rstrip(b"*").replace(b"\\", b"")
            found = [key for key in self.data if key.startswith(start)]
            return b"*2\r\n$1\r\n0\r\n" + command(*found) if found else b"*2\r\n$1\r\n0\r\n*0\r\n"
        if name == b"EVAL":
            if self.between:
                self.between.pop()()
            _, _, key, old, new, _ = rest
            now = self.data.get(key, b"")
            if now != old:
                return b"$%d\r\n%s\r\n" % (len(now), now)
            if new:
                self.data[key] = new
            else:
                self.data.pop(key, None)
            return b"$-1\r\n"
        self.opening.append(words)
        return b"+OK\r\n"


class FakeStream:
    def __init__(self, redis: FakeRedis) -> None:
        self.redis = redis
        self.reader = hiredis.Reader()
        self.answers = b""

    def send(self, data: bytes) -> None:
        self.reader.feed(data)
        while (words := self.reader.gets()) is not False:
            self.answers += self.redis.obey(words)

    def recv(self, timeout: float) -> bytes:
        if self.redis.away:
            return b""
        answer, self.answers = self.answers[:7], self.answers[7:]
        return answer

    def abort(self) -> None: ...


@pytest.fixture
def redis() -> FakeRedis:
    return FakeRedis()


@pytest.fixture(params=["sqlite", "lmdb", "redis://h:1/2"])
def hints(request: pytest.FixtureRequest, tmp_path: Path, redis: FakeRedis) -> Iterator[Hints]:
    made = Hints(
        str(tmp_path / "db"), pytest.fail, lambda: 1000.5, database=request.param, host="mx.ex", dial=redis.dial
    )
    yield made
    made.close()


def test_one_record(hints: Hints) -> None:
    table = hints.seen
    assert table.get("k") is None
    assert not table.delete("k")
    table.put("k\xfc:*", SeenRecord(5))
    assert table.entry("k\xfc:*") == (SeenRecord(5), 1000.5)
    assert hints.misc.get("k\xfc:*") is None, "databases do not share keys"
    assert table.delete("k\xfc:*")
    assert table.get("k\xfc:*") is None


def test_a_record_is_taken_once(hints: Hints) -> None:
    assert hints.seen.take("k") is None
    hints.seen.put("k", SeenRecord(5))
    assert hints.seen.take("k") == SeenRecord(5)
    assert hints.seen.take("k") is None
    assert list(hints.seen.scan()) == []


@pytest.mark.parametrize("database", ["sqlite", "lmdb"])
def test_what_several_take_and_add_at_once_is_not_lost(tmp_path: Path, database: str) -> None:
    wait = Hints(str(tmp_path / "db"), pytest.fail, lambda: 1000.5, database=database).wait("t")

    def work(number: int) -> str:
        mine = []
        for count in range(100):
            wait.update("h", lambda old, count=count: WaitRecord((*(old.ids if old else ()), f"{number}-{count}")))
            taken = wait.take("h")
            mine += taken.ids if taken is not None else ()
        return " ".join(mine)

    taken = " ".join(in_processes(work)).split()
    assert sorted(taken) == sorted(f"{number}-{count}" for number in range(AT_ONCE) for count in range(100))


def test_update_scan_names(hints: Hints) -> None:
    def more(old: RateRecord | None) -> RateRecord | None:
        return RateRecord(1.0, 1.0 if old is None else old.rate + 1)

    for _ in range(3):
        hints.ratelimit.update("a", more)
    hints.ratelimit.update("b", lambda _: None)
    assert hints.ratelimit.get("a") == RateRecord(1.0, 3.0)
    assert hints.ratelimit.get("b") is None
    for key in ("x1", "x2", "y", "x" * 900):
        hints.seen.put(key, SeenRecord(1))
    assert [key for key, _, _ in hints.seen.scan("x")] == ["x1", "x2", "x" * 900]
    assert len(list(hints.seen.scan())) == 4
    hints.wait("smtp").put("h", hints_record())
    assert hints.backend.names() == ["ratelimit", "seen", "wait-smtp"]


def hints_record() -> Any:
    from eximia.hints import WaitRecord

    return WaitRecord(("id",))


@pytest.mark.parametrize(
    ("url", "server", "opening"),
    [
        ("redis://h", ("h", 6379, "", False), []),
        ("redis://:pw@[::1]:7000/3", ("::1", 7000, "", False), [[b"AUTH", b"pw"], [b"SELECT", b"3"]]),
        ("rediss://u:pw@h/0", ("h", 6379, "", True), [[b"AUTH", b"u", b"pw"]]),
        ("redis:///run/redis.sock", ("", 0, "/run/redis.sock", False), []),
    ],
)
def test_urls(tmp_path: Path, redis: FakeRedis, url: str, server: Any, opening: Any) -> None:
    Hints(str(tmp_path), pytest.fail, lambda: 1.0, database=url, dial=redis.dial).seen.get("k")
    assert tuple(redis.dialled[0]) == server
    assert redis.opening == opening


@pytest.mark.parametrize("setting", ["nonsense", "redis:", "redis://", "redis://h:x", "http://h"])
def test_bad_settings(tmp_path: Path, redis: FakeRedis, setting: str) -> None:
    with pytest.raises(ConfigError, match="hints_database"):
        Hints(str(tmp_path), pytest.fail, lambda: 1.0, database=setting, dial=redis.dial)


def test_swap_sees_what_another_server_did(tmp_path: Path, redis: FakeRedis) -> None:
    one = Hints(str(tmp_path), pytest.fail, lambda: 1.0, database="redis://h", dial=redis.dial)
    two = Hints(str(tmp_path), pytest.fail, lambda: 1.0, database="redis://h", dial=redis.dial)
    redis.between = [lambda: two.ratelimit.put("k", RateRecord(1.0, 40.0))]
    one.ratelimit.update("k", lambda old: RateRecord(1.0, 1.0 if old is None else old.rate + 1))
    assert two.ratelimit.get("k") == RateRecord(1.0, 41.0)


def test_waiting_messages_are_no_other_hosts_business(tmp_path: Path, redis: FakeRedis) -> None:
    one, two = (
        Hints(str(tmp_path), pytest.fail, lambda: 1.0, database="redis://h", dial=redis.dial, host=host)
        for host in ("a.ex", "b.ex")
    )
    one.wait("smtp").put("mx", hints_record())
    assert two.wait("smtp").get("mx") is None
    assert (one.backend.names(), two.backend.names()) == (["wait-smtp"], [])


def test_loss_of_redis(tmp_path: Path, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(hints_redis.clock, "monotonic", lambda: now[0])
    told: list[str] = []
    hints = Hints(str(tmp_path / "db"), told.append, lambda: 1.0, database="redis://h", dial=redis.dial)
    hints.seen.put("before", SeenRecord(1))
    redis.away = True
    for step in range(100):
        now[0] = 101.0 + step
        hints.ratelimit.update("k", lambda old: RateRecord(1.0, 1.0 if old is None else old.rate + 1))
        assert hints.seen.get("before") is None
    assert hints.ratelimit.get("k") == RateRecord(1.0, 100.0), "limits still hold on this host"
    assert told == [
        "hints server h:6379 is away: Connection refused; hints are kept on this host alone",
    ] * 2, "once a minute"  # fmt: skip
    assert len(redis.dialled) < 50, "it is not tried all the time"
    redis.away = False
    now[0] += 10
    assert hints.seen.get("before") == SeenRecord(1)
    assert told[2:] == ["hints server h:6379 is back"]


def test_turns_are_given_back_where_they_were_taken(
    tmp_path: Path, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(hints_redis.clock, "monotonic", lambda: now[0])
    hints = Hints(str(tmp_path / "db"), lambda _: None, lambda: 1.0, database="redis://h", dial=redis.dial)

    def enter() -> None:
        hints.misc.update("host", lambda old: MiscRecord(1 + (old.count if old is not None else 0)))

    def leave() -> None:
        hints.misc.settle("host", lambda old: GONE if old is None or old.count == 1 else MiscRecord(old.count - 1))

    enter()
    enter()
    redis.away = True
    now[0] += 10
    leave()
    leave()
    assert hints.misc.get("host") is None
    enter()
    enter()
    assert hints.misc.get("host") == MiscRecord(2)
    redis.away = False
    now[0] += 10
    hints.seen.get("any")
    assert hints.misc.get("host") is None
    enter()
    leave()
    leave()
    assert hints.misc.get("host") == MiscRecord(1)
    leave()
    assert hints.misc.get("host") is None
    redis.away = True
    now[0] += 10
    assert hints.misc.get("host") is None


def test_a_return_is_told_of_only_after_a_loss(
    tmp_path: Path, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(hints_redis.clock, "monotonic", lambda: now[0])
    told: list[str] = []
    hints = Hints(str(tmp_path / "db"), told.append, lambda: 1.0, database="redis://h", dial=redis.dial)
    for _ in range(5):
        for redis.away in (True, False):
            now[0] += 4
            hints.seen.get("any")
    assert [text.split(" is ")[1][:4] for text in told] == ["away", "back"]


def test_damaged_lmdb(tmp_path: Path) -> None:
    told: list[str] = []
    folder = tmp_path / "db" / "hints.lmdb"
    folder.mkdir(parents=True)
    (folder / "data.mdb").write_bytes(b"nonsense" * 2000)
    hints = Hints(str(tmp_path / "db"), told.append, lambda: 1.0, database="lmdb")
    hints.seen.put("k", SeenRecord(1))
    assert hints.seen.get("k") == SeenRecord(1)
    assert "is damaged" in told[0]
    other = Hints(str(tmp_path / "db"), told.append, lambda: 1.0, database=f"lmdb:{tmp_path}/own")
    other.seen.put("k", SeenRecord(2))
    assert (tmp_path / "own" / "data.mdb").exists()
