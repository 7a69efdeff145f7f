import sys
from pathlib import Path

import pytest

from eximia.cli.utilities.id_update import command as id_update
from eximia.cli.utilities.id_update import other_form, rename
from eximia.cli.utilities.msgdate import Shown, describe
from eximia.cli.utilities.msgdate import command as msgdate
from eximia.context import Message, Recipient, Session
from eximia.message.dates import use_timezone
from eximia.spool import Place, Spool
from eximia.spool.durable import Arrival
from eximia.spool.header_file import write_header
from eximia.spool.snapshot import to_header

SHORT, LONG = "1xV3Hb-0001qt-0Z", "1xV3Hb-000000001qt-04YG"


def test_date() -> None:
    """As Exim 4.98.2's exim_msgdate."""
    use_timezone("Europe/Paris")
    assert describe(SHORT, Shown()) == ["2026-11-22 09:50:47.017500 CET"]
    assert describe(f"<E{SHORT}@mx.ex>", Shown(utc=True, pid=True)) == ["2026-11-22 08:50:47.017500\tpid 7123"]
    assert describe(f"{LONG}-H", Shown(unix=True)) == ["1795337447.017500"]
    assert describe("1xVDSy", Shown(unix=True, local=True, pid=True)) == [
        "1795376592.000000",
        "2026-11-22 20:43:12.000000 CET",
    ]
    assert describe("1XVDSY-05WE00-0J", Shown(base=36)) == ["1973-09-20 08:22:10.019000 CET"]
    assert describe("nonsense", Shown()) == []


def test_date_with_localhost_number() -> None:
    assert describe("1xVDSy-000000005wE-0jcF", Shown(unix=True, number=0)) == ["1795376592.350702"]
    assert describe("1xVDSy-0005wE-99", Shown(unix=True, number=2)) == ["1795376592.835000"]


def test_msgdate_command(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    conf = tmp_path / "conf"
    conf.write_text("localhost_number = 0\n")
    assert msgdate(["-C", str(conf), "-zulu", "--pi", "foo", "1xVDSy-000000005wE-0jcF"]) == 0
    sys.stdout.flush()
    assert capfdbinary.readouterr() == (b"2026-11-22 19:43:12.350702\tpid 22830\n", b"foo not parsed\n")
    assert msgdate(["-x", "1"]) == 2
    assert capfdbinary.readouterr().err.startswith(b"Unknown option: x\nUsage:\n")
    with pytest.raises(SystemExit) as status:
        msgdate(["--base", "36", "1xVDSy-000000005wE-0jcF"])
    assert status.value.code == 255
    assert b"1xVDSy is not base 36" in capfdbinary.readouterr().err


def test_other_form() -> None:
    """Exim 4.98's answers."""
    assert other_form("1abcde-000123-AB", short=False) == "1abcde-00000000123-AB00"
    assert other_form("1abcde-00000000123-0xyz", short=True) == "1abcde-000123-0x"
    with pytest.raises(ValueError, match="foo"):
        other_form("foo", short=True)


def _with_message(folder: Path) -> Spool:
    spool = Spool(str(folder))
    message = Message(id=SHORT, sender_address="a@b", recipients=[Recipient("c@d")], received_time=1.0)
    text = write_header(to_header(message, Session()))
    (held,) = spool.commit([Arrival(SHORT, Place(), text.encode("latin-1"), b"body\n")])
    assert not isinstance(held, OSError)
    held.close()
    return spool


def test_rename(tmp_path: Path) -> None:
    spool = _with_message(tmp_path)
    (tmp_path / "input" / f"{SHORT}-J").write_text("c@d\n")
    long = "1xV3Hb-000000001qt-0Z00"
    assert rename(spool, SHORT, Place(), short=False) == long
    assert sorted(path.name for path in (tmp_path / "input").iterdir()) == [f"{long}-D", f"{long}-H", f"{long}-J"]
    assert (tmp_path / "input" / f"{long}-D").read_text() == f"{long}-D\nbody\n"
    with spool.lock(long) as again:
        assert again.read().nonrecipients == {"c@d"}


def test_id_update_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exim 4.98's answers: one of -d and -u must be given."""
    spool = _with_message(tmp_path)
    assert id_update([str(tmp_path)]) == 1
    assert "Syntax:  exim_id_update" in capsys.readouterr().out
    assert id_update(["-u", str(tmp_path)]) == 0
    assert spool.ids_at(Place()) == ["1xV3Hb-000000001qt-0Z00"]
    assert id_update(["-d", str(tmp_path)]) == 0
    assert spool.ids_at(Place()) == [SHORT]
    with pytest.raises(SystemExit) as status:
        id_update(["-u", "/nosuch"])
    assert status.value.code == 2
