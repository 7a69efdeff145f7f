import io
import time
from pathlib import Path

import pytest

from eximia.cli.utilities import dumpdb, exinext, fixdb, tidydb
from eximia.hints.records import (
    CalloutAddress,
    CalloutDomain,
    EhloRecord,
    RateRecord,
    RetryRecord,
    SeenRecord,
    WaitRecord,
)
from eximia.hints.store import Hints
from eximia.message.dates import use_timezone

NOW = 1795341184
KEY = "R:temp@out1.ex:<s@s.ex>"
RETRY = RetryRecord(NOW, NOW, NOW + 900, -44, 12865, "450-try\n450 later")
Output = pytest.CaptureFixture[bytes]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    use_timezone("UTC")
    (tmp_path / "db").mkdir()
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "1xV3Hb-0001qt-0Z-H").write_text("")
    hints = Hints(str(tmp_path / "db"), pytest.fail, lambda: float(NOW))
    hints.retry.put(KEY, RETRY)
    hints.retry.put("T:mx.ex:10.0.0.1:1xV3Hb-0001qt-0A", RETRY)
    hints.wait("smtp").put("mx.ex", WaitRecord(("1xV3Hb-0001qt-0Z", "1xV3Hb-0001qt-0A")))
    hints.wait("smtp").put("gone.ex", WaitRecord(("1xV3Hb-0001qt-0B",)))
    hints.callout_domains.put("out1.ex", CalloutDomain("accept", "accept", NOW))
    hints.callout_addresses.put("perm@out1.ex", CalloutAddress(accepted=False))
    hints.ratelimit.put("1h/per_mail/key1", RateRecord(NOW + 0.890422, 1.0))
    hints.seen.put("skey", SeenRecord(NOW))
    hints.ehlo.put("192.0.2.1:25", EhloRecord("250-mx.ex\n250 LIMITS RCPTMAX=2"))
    hints.close()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "retry",
            (
                f"  {KEY} -44 12865 450-try\\n450 later\n"
                "22-Nov-2026 09:53:04  22-Nov-2026 09:53:04  22-Nov-2026 10:08:04 \n"
                "  T:mx.ex:10.0.0.1:1xV3Hb-0001qt-0A -44 12865 450-try\\n450 later\n"
                "22-Nov-2026 09:53:04  22-Nov-2026 09:53:04  22-Nov-2026 10:08:04 \n"
            ),
        ),
        ("wait-smtp", "gone.ex 1xV3Hb-0001qt-0B \nmx.ex 1xV3Hb-0001qt-0Z 1xV3Hb-0001qt-0A \n"),
        (
            "callout",
            (
                "22-Nov-2026 09:53:04 out1.ex callout=accept postmaster=accept (22-Nov-2026 09:53:04) random=unknown\n"
                "22-Nov-2026 09:53:04 perm@out1.ex callout=reject\n"
            ),
        ),
        ("ratelimit", "22-Nov-2026 09:53:04.890422 rate:      1.000 key: 1h/per_mail/key1\n"),
        ("seen", "skey\t22-Nov-2026 09:53:04\n"),
        ("ehlo", "22-Nov-2026 09:53:04 192.0.2.1:25 250-mx.ex\\n250 LIMITS RCPTMAX=2\n"),
    ],
)
def test_dump(spool: Path, capfdbinary: Output, name: str, text: str) -> None:
    assert dumpdb.command([str(spool), name]) == 0
    assert capfdbinary.readouterr().out.decode() == text


def test_dump_keys_and_misuse(spool: Path, capfdbinary: Output) -> None:
    dumpdb.command(["-k", str(spool), "seen"])
    assert capfdbinary.readouterr().out == b"  skey\n"
    with pytest.raises(SystemExit):
        dumpdb.command([str(spool), "nonsense"])
    assert capfdbinary.readouterr().err.startswith(b"Usage: exim_dumpdb [-z] [-k]  <spool-directory>")


def test_tidy_removes_messages_that_are_gone(spool: Path, capfdbinary: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: float(NOW + 60))
    tidydb.command([str(spool), "retry"])
    tidydb.command([str(spool), "wait-smtp"])
    assert capfdbinary.readouterr().out.decode() == (
        f"Tidying Exim hints database {spool}/db/retry\n"
        "deleted T:mx.ex:10.0.0.1:1xV3Hb-0001qt-0A (no message)\nTidying complete\n"
        f"Tidying Exim hints database {spool}/db/wait-smtp\n"
        "deleted gone.ex (empty)\ndeleted mx.ex (no message) 1xV3Hb-0001qt-0A\nTidying complete\n"
    )
    hints = Hints(str(spool / "db"), pytest.fail, time.time)
    assert hints.wait("smtp").get("mx.ex") == WaitRecord(("1xV3Hb-0001qt-0Z",))


def test_tidy_keeps_what_is_written_meanwhile(spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hints = Hints(str(spool / "db"), pytest.fail, time.time)
    find = tidydb.Spool.find_header

    def find_header(self: object, message_id: str) -> object:
        def add(record: WaitRecord | None) -> WaitRecord:
            return WaitRecord((*(record.ids if record is not None else ()), "1xV3Hb-0001qt-0C"))

        for host in ("mx.ex", "gone.ex"):
            hints.wait("smtp").update(host, add)
        return find(self, message_id)

    monkeypatch.setattr(tidydb.Spool, "find_header", find_header)
    tidydb.command([str(spool), "wait-smtp"])
    for host in ("mx.ex", "gone.ex"):
        record = hints.wait("smtp").get(host)
        assert record is not None
        assert "1xV3Hb-0001qt-0C" in record.ids
        assert "1xV3Hb-0001qt-0A" not in record.ids


def test_tidy_removes_what_is_old(spool: Path, capfdbinary: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: float(NOW + 3600))
    tidydb.command(["-t", "2h", str(spool), "ratelimit"])
    assert b"deleted" not in capfdbinary.readouterr().out
    tidydb.command(["-t", "30m", str(spool), "ratelimit"])
    assert b"deleted 1h/per_mail/key1 (too old)\n" in capfdbinary.readouterr().out


def test_fix(spool: Path, capfdbinary: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = f"nothing\n{KEY}\n4 261122:1000\n5 yes\nd\nq\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(commands.encode())))
    assert fixdb.command([str(spool), "retry"]) == 0
    text = capfdbinary.readouterr().out.decode()
    assert "> record nothing not found\n" in text
    assert (
        "0 error number: -44 450-try\\n450 later\n1 extra data:   12865\n2 first failed: 22-Nov-2026 09:53:04\n"
        "3 last try:     22-Nov-2026 09:53:04\n4 next try:     22-Nov-2026 10:08:04\n5 expired:      no\n"
    ) in text
    assert "4 next try:     22-Nov-2026 10:00:00\n5 expired:      yes\n> deleted\n" in text


def test_exinext() -> None:
    hosts = [("mx.ex", "10.0.0.1")]
    assert exinext.concerns("T:mx.ex:10.0.0.1:5525", "out1.ex", hosts)
    assert exinext.concerns("R:out1.ex", "a@out1.ex", [])
    assert exinext.concerns(KEY, "temp@out1.ex", [])
    assert not exinext.concerns(KEY, "other@out1.ex", hosts)
    assert exinext.concerns(KEY, "out1.ex", [])
    assert exinext.concerns("T:local@out1.ex", "out1.ex", [])
    assert not exinext.concerns("T:local@out1.ex", "ut1.ex", [])
    assert not exinext.concerns("R:out1.ex.net", "out1.ex", [])
    use_timezone("UTC")
    record = RetryRecord(NOW, NOW, NOW + 900, 111, 0, "Connection refused", expired=True)
    assert exinext.show("T:mx.ex:10.0.0.1", record) == (
        "Transport: mx.ex [10.0.0.1] error 111: Connection refused\n  first failed: 22-Nov-2026 09:53:04\n"
        "  last tried:   22-Nov-2026 09:53:04\n  next try at:  22-Nov-2026 10:08:04\n  past final cutoff time\n"
    )


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("T:mx.ex:10.0.0.1:2525", "Transport: mx.ex [10.0.0.1]:2525 error -44: 450-try"),
        ("T:mx.ex:2001:db8::1", "Transport: mx.ex [2001:db8::1] error -44: 450-try"),
        ("T:mx.ex:10.0.0.1:1xV3Hb-0001qt-0A", "Transport: mx.ex [10.0.0.1] 1xV3Hb-0001qt-0A error -44: 450-try"),
        ("T:joe@out1.ex", "Transport: joe@out1.ex error -44: 450-try"),
        (KEY, "Route: temp@out1.ex:<s@s.ex> error -44: 450-try"),
    ],
)
def test_head_of_exinext(key: str, line: str) -> None:
    assert exinext.show(key, RETRY).split("\n")[0] == line
