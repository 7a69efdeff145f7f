from pathlib import Path

import pytest

from eximia.base.ordered_set import OrderedSet
from eximia.base.text import Untainted
from eximia.cli.utilities import exipick, exiqgrep
from eximia.cli.utilities.exipick_conditions import Condition
from eximia.context import Message, Recipient, Session
from eximia.message.header import Header
from eximia.spool import Spool
from eximia.spool.durable import Arrival
from eximia.spool.header_file import write_header
from eximia.spool.snapshot import to_header

A, B = "1xV3H1-0001qt-0A", "1xV3H2-000000001qt-0BBB"
Output = pytest.CaptureFixture[bytes]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    spool = Spool(str(tmp_path))
    for message_id, sender, size in ((A, "a@from.ex", 10), (B, "", 5000)):
        message = Message(
            id=message_id,
            sender_address=sender,
            recipients=[Recipient("x@y.ex"), Recipient("z@y.ex")],
            headers=[Header("Subject: =?utf-8?q?h=C3=A9?=\n")],
            received_time=1795337447,
            nonrecipients=OrderedSet({"x@y.ex"}),
            frozen=not sender,
            frozen_at=1795337448,
            acl_vars={"_v": Untainted("w")},
        )
        text = write_header(to_header(message, Session()))
        (held,) = spool.commit([Arrival(message_id, spool.place_for(message_id), text.encode("latin-1"), b"x" * size)])
        assert not isinstance(held, OSError)
        held.close()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ([], [A, B]),
        (["--reverse"], [B, A]),
        (["$deliver_freeze"], [B]),
        (["-x"], [A]),
        (["$message_size > 4K"], [B]),
        (["--not", "$message_size > 4K"], [A]),
        (["$sender_address = FROM.ex"], [A]),
        (["--caseful", "$sender_address = FROM.ex"], []),
        (["$sender_address eq a@from.ex", "$message_size > 4K"], []),
        (["--or", "$sender_address eq a@from.ex", "$message_size > 4K"], [A, B]),
        (["$each_recipients =~ /^[xz]@/"], [A, B]),
        (["$each_recipients =~ /^x@/"], []),
        (["$each_recipients_undel =~ /^z@/"], [A, B]),
        (["--or", "$each_recipients =~ /^x@/"], [A, B]),
        (["$h_subject =~ /^h/"], [A, B]),
        (["$acl_m_v ne w"], []),
        (["$foo == 1"], []),
        (["--sort", "$message_size", "--reverse"], [B, A]),
    ],
)
def test_selection(spool: Path, capfdbinary: Output, words: list[str], ids: list[str]) -> None:
    assert exipick.command(["-spool", str(spool), "-i", *words]) == 0
    assert capfdbinary.readouterr().out.decode().split() == ids


def test_output_forms(spool: Path, capfdbinary: Output) -> None:
    def run(*words: str) -> str:
        exipick.command(["--spool", str(spool), "$deliver_freeze", *words])
        return capfdbinary.readouterr().out.decode()

    assert run("-b") == f"{B} From: <> To: z@y.ex\n"
    assert run("-i", "--show-vars", "$recipients_count,$acl_m_v") == f"{B} $recipients_count='2' $acl_m_v='w'\n"
    assert run("-bpc") == "1\n"
    assert run("--size") == "5030\n"
    assert run("--flatq").endswith(f" 4.9K {B} <> *** frozen *** z@y.ex\n")
    listing = run("--show-vars", "$recipients_count")
    assert listing.split("\n")[1:4] == ["          $recipients_count = '2'", "        D x@y.ex", "          z@y.ex"]


@pytest.mark.parametrize("text", ["$sender_address eq", "$message_size ==", "$message_size > many", "a b c", ""])
def test_bad_conditions(text: str) -> None:
    assert Condition.parse(text) is None


def test_exiqgrep_formats(spool: Path, capfdbinary: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    class Configured:
        def __init__(self) -> None:
            self.spool = Spool(str(spool))

    monkeypatch.setattr(exiqgrep, "open_configured", lambda options: Configured())

    def run(*words: str) -> str:
        assert exiqgrep.command(words) == 0
        return capfdbinary.readouterr().out.decode()

    assert run("-i", "-f", "^<>$") == f"{B}\n"
    assert run("-i", "-r", "X@y") == ""
    assert run("-i", "-a", "-r", "X@y", "-R") == f"{B}\n{A}\n"
    assert run("-b", "-x", "-a") == f"{A} From: <a@from.ex> To: D x@y.ex;z@y.ex\n"
    assert run("-c", "-s", "K") == "1 matches out of 2 messages\n"
    assert run("-z").split("\n", 1)[1] == "\t  z@y.ex\n\n"
    assert exiqgrep.command(["-i"]) == 1
