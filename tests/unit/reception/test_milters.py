"""Milters in sessions: every phase, every answer, every change."""

from __future__ import annotations

import struct
import tempfile
from typing import Any

import pytest

from eximia.protocols import milter as wire
from support_milter import Filter, FilterNet, Script, going_on
from support_reception import make_process, talk

CONFIG = """
acl_smtp_rcpt = yes
acl_smtp_data = data
milters = {milters}
{extra}
begin acl
yes:
  accept
data:
  accept add_header = X-Acl: 1
begin routers
r:
  driver = accept
  transport = t
begin transports
t:
  driver = pipe
  command = /bin/true
"""
HELLO = [b"EHLO client.ex\r\n"]
ENVELOPE = [b"MAIL FROM:<s@x.ex> SIZE=10\r\n", b"RCPT TO:<a@y.ex>\r\n", b"RCPT TO:<b@y.ex>\r\n"]
CONTENT = [b"DATA\r\n", b"Received: before\r\nSubject: one\r\n two\r\nX-A:1\r\nX-A: 2\r\n\r\nline\r\n..dot\r\n.\r\n"]
QUIT = [b"QUIT\r\n"]


class World:
    """A session with filters; the answers after the greeting, what was delivered, the log."""

    def __init__(
        self, *filters: Filter | None, said: list[bytes] | None = None, milters: str = "", extra: str = ""
    ) -> None:
        milters = milters or " : ".join(f"127.0.0.1 {number + 1} name=f{number}" for number in range(len(filters)))
        with tempfile.TemporaryDirectory() as folder:
            process, log, delivered = make_process(folder, CONFIG.format(milters=milters, extra=extra))
            self.net = process.ports.net = FilterNet(*filters)  # type: ignore[misc]
            stream = talk(process, list(said or HELLO + ENVELOPE + CONTENT + QUIT))
            self.answers = b"".join(stream.answers).decode().replace("\r\n", "\n").splitlines()
            self.log = log.lines
            self.messages = delivered.messages
            self.bodies = [one.body.read() for one in delivered.messages]

    @property
    def last(self) -> str:
        return self.answers[-2]

    def headers(self, number: int = 0) -> list[str]:
        return [one.text for one in self.messages[number].headers if not one.deleted][1:]


def at(wanted: bytes, *answers: tuple[bytes, bytes]) -> Script:
    """Answer one command so, go on with all others."""
    return lambda letter, data: list(answers) if letter == wanted else [(b"c", b"")]


def test_all_phases() -> None:
    one = Filter(going_on)
    world = World(one, said=[*HELLO, b"NONSENSE\r\n", *ENVELOPE, *CONTENT, *QUIT])
    assert one.letters == "ODCHUDMDRDRTLLLLLDNBDEQ"
    assert one.told[0][1] == struct.pack(">III", 6, wire.ACTIONS, wire.STEPS)
    assert one.data_of(b"C") == [b"[192.0.2.1]\x004\x04\xd2192.0.2.1\0"]
    assert one.data_of(b"H") == [b"client.ex\0"]
    assert one.data_of(b"U") == [b"NONSENSE\0"]
    assert one.data_of(b"M") == [b"<s@x.ex>\0SIZE=10\0"]
    assert one.data_of(b"R") == [b"<a@y.ex>\0", b"<b@y.ex>\0"]
    assert one.data_of(b"L") == [
        b"Received\0before\0", b"Subject\0one\n two\0", b"X-A\x001\0", b"X-A\x002\0", b"X-Acl\x001\0",
    ]  # fmt: skip
    assert one.data_of(b"B") == [b"line\r\n.dot\r\n"]
    macros = {data[:1]: data[1:].split(b"\0") for data in one.data_of(b"D")}
    assert macros[b"C"][:2] == [b"j", b"mx.test.example"]
    assert macros[b"R"] == [b"{rcpt_addr}", b"b@y.ex", b"{rcpt_host}", b"y.ex", b"{rcpt_mailer}", b"local", b""]
    assert macros[b"E"][0] == b"i"
    assert macros[b"E"][1].decode() == world.messages[0].id
    assert world.last.startswith("250 OK id=")


@pytest.mark.parametrize(
    ("steps", "letters"),
    [
        (wire.NO_CONNECT | wire.NO_HELO | wire.NO_BODY | wire.NO_DATA, "ODMDRDRLLLLLDNDEQ"),
        (wire.NO_HEADERS | wire.NO_EOH | wire.NO_RCPT | wire.NO_MAIL, "ODCHTBDEQ"),
        (wire.NO_ANSWER_CONNECT | wire.NO_ANSWER_HEADER | wire.NO_ANSWER_BODY | wire.NO_ANSWER_RCPT, "ODCHDMDRDRTLLLLLDNBDEQ"),
    ],
)  # fmt: skip
def test_negotiated_steps(steps: int, letters: str) -> None:
    one = Filter(going_on, steps=steps)
    assert World(one).last.startswith("250 OK id=")
    assert one.letters == letters


def test_older_versions_and_leading_space() -> None:
    one = Filter(going_on, version=2, steps=0)
    World(one)
    assert "T" not in one.letters
    two = Filter(going_on, steps=wire.LEADING_SPACE)
    World(two)
    assert two.data_of(b"L")[0] == b"Received\0 before\0"


def test_leading_space_is_dropped_unless_agreed() -> None:
    one = Filter(going_on, steps=0)
    World(one)
    assert one.data_of(b"L")[0] == b"Received\0before\0"


def test_wanted_macros() -> None:
    one = Filter(going_on, macros=struct.pack(">I", 2) + b"i, {mail_addr} {nonsense}\0" + struct.pack(">I", 0) + b"\0")
    World(one)
    macros = {data[:1]: data[1:] for data in one.data_of(b"D")}
    assert macros[b"M"] == b"{mail_addr}\0s@x.ex\0"
    assert b"C" not in macros


REFUSALS = [
    ((b"r", b""), "550 5.7.1 Command rejected"),
    ((b"t", b""), "451 4.7.1 Service unavailable - try again later"),
    ((b"y", b"554 5.6.0 no%% thanks\0"), "554 5.6.0 no% thanks"),
    ((b"y", b"421-4.1.1 a\r\n421 4.1.1 b\0"), "421 4.1.1 b"),
]


@pytest.mark.parametrize(("answer", "reply"), REFUSALS)
@pytest.mark.parametrize(
    ("letter", "place", "log"),
    [
        (b"C", 0, 'rejected connection in "connect" ACL'),
        (b"H", 1, "rejected EHLO or HELO client.ex"),
        (b"M", 2, "rejected MAIL <s@x.ex>"),
        (b"T", 5, "rejected DATA"),
        (b"L", 6, "rejected after DATA"),
        (b"N", 6, "rejected after DATA"),
        (b"B", 6, "rejected after DATA"),
        (b"E", 6, "rejected after DATA"),
    ],
)
def test_refusals(letter: bytes, place: int, log: str, answer: tuple[bytes, bytes], reply: str) -> None:
    script = at(letter, answer)
    world = World(Filter(script), said=HELLO + ENVELOPE + CONTENT + QUIT)
    assert reply in world.answers
    assert not world.messages
    assert any(log in line and ": milter f0: " in line for line in world.log), world.log


def test_a_recipient_alone() -> None:
    def script(letter: bytes, data: bytes) -> list[tuple[bytes, bytes]]:
        return [(b"r", b"")] if data == b"<a@y.ex>\0" else [(b"c", b"")]

    world = World(Filter(script))
    assert [each.address for each in world.messages[0].recipients] == ["b@y.ex"]
    assert "550 5.7.1 Command rejected" in world.answers


@pytest.mark.parametrize("letter", [b"M", b"R", b"L", b"B", b"E"])
def test_discard(letter: bytes) -> None:
    world = World(Filter(at(letter, (b"d", b""))))
    assert world.last.startswith("250 OK id=")
    assert not world.messages
    assert any("=> blackhole (milter f0 ACL discarded recipients)" in line for line in world.log)


@pytest.mark.parametrize(
    ("letter", "letters"),
    [(b"C", "ODCQ"), (b"H", "ODCHQ"), (b"M", "ODCHDMQ"), (b"R", "ODCHDMDRQ"), (b"L", "ODCHDMDRDRTLQ"),
     (b"B", "ODCHDMDRDRTLLLLLDNBQ"), (b"E", "ODCHDMDRDRTLLLLLDNBDEQ")],
)  # fmt: skip
def test_accept_ends_the_asking(letter: bytes, letters: str) -> None:
    one = Filter(at(letter, (b"a", b"")))
    assert World(one).last.startswith("250 OK id=")
    assert one.letters == letters


def test_accepted_message_is_not_the_next_one() -> None:
    one = Filter(at(b"M", (b"a", b"")))
    World(one, said=HELLO + ENVELOPE + CONTENT + ENVELOPE + [b"RSET\r\n"] + QUIT)
    assert one.letters == "ODCHDMDMAQ"


def test_skip_progress_shutdown() -> None:
    chunks = Filter(at(b"B", (b"s", b"")))
    big = [b"DATA\r\n", b"\r\n" + b"x" * 900 + b"\r\n" * 70000 + b".\r\n"]
    World(chunks, said=HELLO + ENVELOPE + big + QUIT)
    assert chunks.letters.count("B") == 1
    assert World(Filter(at(b"E", (b"p", b""), (b"p", b""), (b"c", b"")))).last.startswith("250 OK id=")
    assert World(Filter(at(b"M", (b"4", b"")))).answers[-1] == "421 4.7.0 Server closing connection"


def changes(*found: tuple[bytes, bytes]) -> Filter:
    return Filter(at(b"E", *found, (b"c", b"")))


def indexed(number: int, name: bytes, value: bytes) -> bytes:
    return struct.pack(">I", number) + wire.strings(name, value)


def test_changes() -> None:
    one = changes(
        (b"h", wire.strings(b"X-End", b"e\n\tf")),
        (b"i", indexed(1, b"X-Second", b" s")),
        (b"i", indexed(0, b"X-Top", b"t")),
        (b"m", indexed(2, b"x-a", b"changed")),
        (b"m", indexed(1, b"X-A", b"")),
        (b"m", indexed(7, b"X-New", b"n")),
        (b"+", b"<c@y.ex>\0"),
        (b"2", b"<d@y.ex>\0NOTIFY=NEVER\0"),
        (b"-", b"<a@y.ex>\0"),
        (b"e", b"<new@x.ex>\0"),
        (b"b", b"new\r\n"),
        (b"b", b"body\r\n"),
    )
    world = World(one)
    assert world.headers() == [
        "X-Top: t\n", "Received: before\n", "X-Second: s\n", "Subject: one\n two\n", "x-a: changed\n", "X-Acl: 1\n",
        "X-End: e\n\tf\n", "X-New: n\n",
    ]  # fmt: skip
    (message,) = world.messages
    assert [each.address for each in message.recipients] == ["b@y.ex", "c@y.ex", "d@y.ex"]
    assert message.sender_address == "new@x.ex"
    assert world.bodies == [b"new\nbody\n"]
    assert any(" <= new@x.ex " in line for line in world.log)


def test_quarantine() -> None:
    world = World(changes((b"q", b"odd\0")))
    assert world.last.startswith("250 OK id=")
    assert any(line.endswith("quarantined by milter f0: odd") for line in world.log)
    assert any(line.endswith("frozen by ACL") for line in world.log)
    assert not world.messages


def test_later_filters_see_the_changes() -> None:
    second = Filter(going_on)
    World(changes((b"h", b"X-First\0yes\0"), (b"b", b"new\r\n")), second)
    assert b"X-First\0yes\0" in second.data_of(b"L")
    assert second.data_of(b"B") == [b"new\r\n"]


@pytest.mark.parametrize("fail", ["accept", "reject", "tempfail"])
@pytest.mark.parametrize(
    "filters",
    [
        (None,),
        (Filter(lambda letter, data: [(b"?", b"")]),),
        (Filter(at(b"H")),),
        (Filter(at(b"E", (b"h", b"X\0y\0"), (b"c", b"")), actions=0),),
        (Filter(going_on, version=9),),
    ],
    ids=["away", "garbage", "silent", "not agreed", "version"],
)
def test_failing_filters(filters: tuple[Filter | None, ...], fail: str) -> None:
    for one in filters:
        if one is not None:
            one.reader = wire.PacketReader()
    world = World(*filters, milters=f"127.0.0.1 1 name=f0 default={fail}")
    assert any("milter f0: " in line and f"(default: {fail})" in line for line in world.log)
    assert bool(world.messages) is (fail == "accept")
    if fail != "accept":
        wanted = "550 5.7.1" if fail == "reject" else "451 4.7.1"
        assert any(line.startswith(wanted) for line in world.answers)


def test_settings() -> None:
    assert World(milters="127.0.0.1 1 nonsense=x").answers == ["421 Temporary local problem - please try later"]
    assert World(milters="$nonsense").answers[0][:3] == "421"
    world = World(Filter(going_on), milters="/run/f timeout=5s connect=1s", extra="")
    assert world.net.places == ["/run/f"]
    assert World(milters="127.0.0.1 1", extra="milter_hosts = ! 192.0.2.0/24 : *").last.startswith("250 OK id=")


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\0\0\0", b"\xff\xff\xff\xffc", struct.pack(">I", 13) + b"O" + struct.pack(">III", 6, 1 << 20, 0)],
)
def test_garbage_in_negotiation(data: bytes) -> None:
    class Odd(Filter):
        def feed(self, _: bytes) -> bytes:
            return data

    world = World(Odd(going_on), milters="127.0.0.1 1 default=accept")
    assert world.last.startswith("250 OK id=")


def test_codec_takes_any_chunks() -> None:
    packets: list[Any] = [wire.packet(b"c"), wire.packet(b"h", b"a\0b\0"), wire.packet(b"b", b"x" * 1000)]
    for size in (1, 2, 7, 5000):
        reader, found = wire.PacketReader(), []
        data = b"".join(packets)
        for start in range(0, len(data), size):
            reader.feed(data[start : start + size])
            while (one := reader.next()) is not None:
                found.append(wire.packet(*one))
        assert found == packets
