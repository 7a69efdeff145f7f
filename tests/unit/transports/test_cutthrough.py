"""What is passed on while a message comes in: line ends and dots, wherever the blocks are cut."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from eximia.protocols.smtp.client import Capabilities, Envelope, Recipient, Reply, ReplyReader, Transaction
from eximia.transports.smtp.cutthrough import Cutthrough, suits


class Wire:
    def __init__(self) -> None:
        self.sent = b""

    def send(self, data: bytes) -> None:
        self.sent += data


def through() -> tuple[Cutthrough, Wire]:
    wire = Wire()
    connection: Any = SimpleNamespace(stream=wire, wait=0, messages=0, reply=lambda _what: Reply(250, "250 OK"))
    return Cutthrough(SimpleNamespace(connection=connection)), wire  # type: ignore[arg-type]


@pytest.mark.parametrize("cut", range(1, 12))
def test_dots_and_line_ends_at_any_cut(cut: int) -> None:
    text = b".a\n\n.\n..b\nc"
    way, wire = through()
    for start in range(0, len(text), cut):
        assert way.body(text[start : start + cut])
    assert way.end(1) is not None
    assert wire.sent == b"..a\r\n\r\n..\r\n...b\r\nc\r\n.\r\n"


def test_a_transport_that_needs_the_whole_message_does_not_suit() -> None:
    assert suits(SimpleNamespace(protocol="smtp"))
    assert not suits(SimpleNamespace(protocol="smtp", arc_sign="x"))
    assert not suits(SimpleNamespace(protocol="lmtp"))


def test_a_transaction_whose_envelope_is_with_the_server_begins_with_data() -> None:
    ok = Reply(250, "250 OK")
    transaction = Transaction(ReplyReader(), Capabilities(), Envelope("a@b", (Recipient("c@d"),)), answered=(ok, [ok]))
    assert transaction.start() == b"DATA\r\n"
    assert transaction.receive(b"354 go\r\n") == b""
    assert transaction.data_due
    transaction.data_sent()
    transaction.receive(b"250 done\r\n")
    assert transaction.finished
    assert transaction.accepted == [0]
