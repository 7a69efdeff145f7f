from pathlib import Path

import pytest

from eximia.cli.utilities.id_update import other_form, rename
from eximia.cli.utilities.msgdate import describe
from eximia.context import Message, Recipient, Session
from eximia.message.dates import use_timezone
from eximia.spool import Place, Spool
from eximia.spool.durable import Arrival
from eximia.spool.header_file import write_header
from eximia.spool.snapshot import to_header

SHORT, LONG = "1xV3Hb-0001qt-0Z", "1xV3Hb-000000001qt-04YG"


def test_date() -> None:
    use_timezone("Europe/Paris")
    assert describe(SHORT, set()) == "2026-11-22 09:50:47.0175"
    assert describe(f"<E{SHORT}@mx.ex>", {"utc", "pid"}) == "2026-11-22 08:50:47.0175 UTC pid=7123"
    assert describe(f"{LONG}-H", {"u"}) == "1795337447.0175"
    assert describe("nonsense", set()) is None


def test_other_form() -> None:
    assert other_form(SHORT, short=False) == LONG
    assert other_form(LONG, short=True) == SHORT
    with pytest.raises(ValueError, match="foo"):
        other_form("foo", short=True)


def test_rename(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    message = Message(id=SHORT, sender_address="a@b", recipients=[Recipient("c@d")], received_time=1.0)
    text = write_header(to_header(message, Session()))
    (held,) = spool.commit([Arrival(SHORT, Place(), text.encode("latin-1"), b"body\n")])
    assert not isinstance(held, OSError)
    held.close()
    (tmp_path / "input" / f"{SHORT}-J").write_text("c@d\n")
    assert rename(spool, SHORT, Place(), short=False) == LONG
    assert sorted(path.name for path in (tmp_path / "input").iterdir()) == [f"{LONG}-D", f"{LONG}-H", f"{LONG}-J"]
    assert (tmp_path / "input" / f"{LONG}-D").read_text() == f"{LONG}-D\nbody\n"
    with spool.lock(LONG) as again:
        assert again.read().nonrecipients == {"c@d"}
