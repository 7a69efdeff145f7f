"""The client's side of SMTP: transcripts against the machine, in every chunking."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eximia.base.errors import RemoteProtocolError
from eximia.protocols.smtp.client import (
    Capabilities,
    Envelope,
    MalformedReply,
    Recipient,
    Reply,
    ReplyReader,
    Transaction,
    xtext,
)

FULL = Reply(
    250,
    "250-mx.example Hello\n250-SIZE 1000\n250-PIPELINING\n250-8BITMIME\n250-DSN\n250-PRDR\n250-CHUNKING\n"
    "250-SMTPUTF8\n250-AUTH PLAIN login\n250-AUTH=PLAIN CRAM-MD5\n250-LIMITS RCPTMAX=20 MAILMAX=5\n250 STARTTLS",
)


def envelope(*addresses: str, **kwargs) -> Envelope:
    return Envelope("s@from.example", tuple(Recipient(a) for a in addresses), **kwargs)


def feed(transaction: Transaction, data: bytes, step: int = 0) -> bytes:
    step = step or max(1, len(data))
    return b"".join(transaction.receive(data[i : i + step]) for i in range(0, len(data), step))


class TestReplies:
    def test_lines_and_codes(self):
        reader = ReplyReader()
        reader.feed(b"250-one\r\n250 two\n354 go\r\n")
        assert reader.next() == Reply(250, "250-one\n250 two")
        assert reader.next() == Reply(354, "354 go")
        assert reader.next() is None
        assert reader.idle

    def test_code_alone(self):
        reader = ReplyReader()
        reader.feed(b"250\r\n")
        assert reader.next() == Reply(250, "250")

    @pytest.mark.parametrize("line", [b"hello there\r\n", b"2x0 a\r\n", b"\r\n", b"25\r\n", b"250_x\r\n"])
    def test_malformed(self, line):
        reader = ReplyReader()
        reader.feed(line)
        with pytest.raises(MalformedReply) as caught:
            reader.next()
        assert caught.value.line == line.decode().strip()

    def test_endless_reply_is_refused(self):
        reader = ReplyReader()
        with pytest.raises(MalformedReply):
            for _ in range(100):
                reader.feed(b"250-" + b"x" * 996 + b"\r\n")
                assert reader.next() is None

    @given(st.binary(max_size=300), st.integers(1, 20))
    def test_garbage_raises_only_the_remote_error(self, data, step):
        reader = ReplyReader()
        try:
            for i in range(0, len(data), step):
                reader.feed(data[i : i + step])
                while reader.next() is not None:
                    pass
        except RemoteProtocolError:
            pass


class TestCapabilities:
    def test_all(self):
        peer = Capabilities.read(FULL)
        assert peer.name == "mx.example"
        assert (peer.size, peer.size_limit) == (True, 1000)
        assert all(
            (peer.pipelining, peer.eightbitmime, peer.dsn, peer.prdr, peer.chunking, peer.smtputf8, peer.starttls)
        )
        assert peer.auth == ("PLAIN", "LOGIN", "CRAM-MD5")
        assert (peer.limit_rcpt, peer.limit_mail, peer.limit_rcpt_domain) == (20, 5, 0)

    def test_none(self):
        peer = Capabilities.read(Reply(250, "250 x"))
        assert not peer.pipelining
        assert peer.auth == ()


class TestMail:
    def test_every_parameter(self):
        e = Envelope("", (Recipient("a@b", "SUCCESS", "rfc822;x@y"),), 77, "HDRS", "id1", "joe x@y", True, True)
        peer = Capabilities.read(FULL)
        assert e.mail(peer) == "MAIL FROM:<> SIZE=77 PRDR SMTPUTF8 RET=HDRS ENVID=id1 AUTH=joe+20x@y"
        assert e.rcpt(e.recipients[0], peer) == ("RCPT TO:<a@b>", " NOTIFY=SUCCESS ORCPT=rfc822;x@y")

    def test_nothing_the_server_did_not_announce(self):
        e = Envelope("s@x", (Recipient("a@b", "SUCCESS", "rfc822;x@y"),), 77, "HDRS", "id1", None, True, True)
        assert e.mail(Capabilities()) == "MAIL FROM:<s@x>"
        assert e.rcpt(e.recipients[0], Capabilities()) == ("RCPT TO:<a@b>", "")

    def test_xtext(self):
        assert xtext("a+b=c d") == "a+2Bb+3Dc+20d"
        assert xtext("") == "<>"


class TestTransaction:
    def test_one_command_at_a_time(self):
        t = Transaction(ReplyReader(), Capabilities(), envelope("a@b", "c@d"))
        assert t.start() == b"MAIL FROM:<s@from.example>\r\n"
        assert t.receive(b"250 ok\r\n") == b"RCPT TO:<a@b>\r\n"
        assert t.receive(b"550 no\r\n") == b"RCPT TO:<c@d>\r\n"
        assert t.awaiting() == "RCPT TO:<c@d>"
        assert t.receive(b"250 ok\r\n") == b"DATA\r\n"
        assert t.receive(b"354 go\r\n") == b""
        assert t.wants_data
        t.data_sent()
        assert t.awaiting() == "end of data"
        t.receive(b"250 id=1\r\n")
        assert t.finished
        assert t.accepted == [1]
        assert t.rcpt_replies[0] == Reply(550, "550 no")
        assert t.end_reply == Reply(250, "250 id=1")
        assert not t.needs_reset

    @pytest.mark.parametrize("step", [0, 1, 7])
    def test_pipelined(self, step):
        peer = Capabilities(pipelining=True, size=True)
        t = Transaction(ReplyReader(), peer, envelope("a@b", "c@d", size=5), pipelining=True)
        assert t.start() == b"MAIL FROM:<s@from.example> SIZE=5\r\nRCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
        assert t.awaiting() == "pipelined MAIL FROM:<s@from.example> SIZE=5"
        assert feed(t, b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n", step) == b""
        assert t.wants_data
        t.data_sent()
        assert t.awaiting() == "end of data"
        feed(t, b"451-later\r\n451 please\r\n", step)
        assert t.finished
        assert t.end_reply == Reply(451, "451-later\n451 please")

    def test_mail_refused_while_pipelining(self):
        t = Transaction(ReplyReader(), Capabilities(), envelope("a@b"), pipelining=True)
        t.start()
        t.receive(b"550 nope\r\n503 no\r\n503 no\r\n")
        assert t.finished
        assert t.mail_reply == Reply(550, "550 nope")
        assert not t.needs_reset

    def test_data_accepted_for_nobody(self):
        t = Transaction(ReplyReader(), Capabilities(), envelope("a@b"), pipelining=True)
        t.start()
        t.receive(b"250 ok\r\n550 no\r\n354 go\r\n")
        assert t.finished
        assert not t.wants_data
        assert t.refused_data_is_open

    def test_too_many_recipients_are_postponed(self):
        t = Transaction(ReplyReader(), Capabilities(), envelope("a@b", "c@d"), pipelining=True)
        t.start()
        t.receive(b"250 ok\r\n250 ok\r\n452 too many\r\n354 go\r\n")
        assert t.postponed == [1]
        assert t.accepted == [0]

    def test_the_first_452_is_an_answer(self):
        t = Transaction(ReplyReader(), Capabilities(), envelope("a@b", "c@d"), pipelining=True)
        t.start()
        t.receive(b"250 ok\r\n452 too many\r\n250 ok\r\n354 go\r\n")
        assert t.postponed == []
        assert t.rcpt_replies[0] == Reply(452, "452 too many")

    def test_bdat_in_the_first_flight(self):
        t = Transaction(ReplyReader(), Capabilities(), envelope("a@b"), pipelining=True, chunking=True)
        assert t.start() == b"MAIL FROM:<s@from.example>\r\nRCPT TO:<a@b>\r\n"
        assert t.wants_data
        assert t.chunk(321, last=True) == b"BDAT 321 LAST\r\n"
        t.receive(b"250 ok\r\n250 ok\r\n")
        assert t.awaiting() == "pipelined end of data"
        assert not t.finished
        t.receive(b"250 done\r\n")
        assert t.finished
        assert t.end_reply == Reply(250, "250 done")

    def test_bdat_refused_in_the_middle(self):
        t = Transaction(ReplyReader(), Capabilities(), envelope("a@b"), chunking=True)
        t.start()
        t.receive(b"250 ok\r\n")
        t.receive(b"250 ok\r\n")
        assert t.chunk(10, last=False) == b"BDAT 10\r\n"
        t.receive(b"552 too big\r\n")
        assert t.finished
        assert t.end_reply == Reply(552, "552 too big")
        assert t.needs_reset

    def test_lmtp_answers_by_recipient(self):
        t = Transaction(ReplyReader(), Capabilities(), envelope("a@b", "c@d", "e@f"), pipelining=True, lmtp=True)
        t.start()
        t.receive(b"250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n")
        t.data_sent()
        t.receive(b"250 first\r\n")
        assert not t.finished
        t.receive(b"450 third\r\n")
        assert t.finished
        assert t.end_replies == {0: Reply(250, "250 first"), 2: Reply(450, "450 third")}

    def test_lmtp_with_pipelined_bdat(self):
        t = Transaction(
            ReplyReader(), Capabilities(), envelope("a@b", "c@d"), pipelining=True, chunking=True, lmtp=True
        )
        t.start()
        t.chunk(5, last=True)
        t.receive(b"250 ok\r\n250 ok\r\n250 ok\r\n250 first\r\n")
        assert not t.finished
        t.receive(b"450 second\r\n")
        assert t.end_replies == {0: Reply(250, "250 first"), 1: Reply(450, "450 second")}

    def test_prdr(self):
        peer = Capabilities(prdr=True)
        t = Transaction(ReplyReader(), peer, envelope("a@b", "c@d", prdr=True), pipelining=True)
        assert t.start().startswith(b"MAIL FROM:<s@from.example> PRDR\r\n")
        t.receive(b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")
        t.data_sent()
        t.receive(b"353 here\r\n250 first\r\n550 second\r\n250 overall\r\n")
        assert t.finished
        assert t.prdr
        assert t.end_replies == {0: Reply(250, "250 first"), 1: Reply(550, "550 second")}
        assert t.end_reply == Reply(250, "250 overall")

    def test_many_recipients_go_in_windows(self):
        t = Transaction(ReplyReader(), Capabilities(), envelope(*(f"u{i}@b" for i in range(200))), pipelining=True)
        first = t.start()
        assert first.count(b"RCPT") == 128
        assert b"DATA" not in first
        second = t.receive(b"250 ok\r\n" * 129)
        assert second.count(b"RCPT") == 72
        assert second.endswith(b"DATA\r\n")
        t.receive(b"250 ok\r\n" * 72 + b"354 go\r\n")
        assert t.wants_data
        assert len(t.accepted) == 200

    def test_reset_first(self):
        t = Transaction(ReplyReader(), Capabilities(), envelope("a@b"), pipelining=True, reset=True)
        assert t.start().startswith(b"RSET\r\nMAIL FROM:")
        t.receive(b"250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n")
        assert t.mail_reply == Reply(250, "250 ok")
        assert t.wants_data

    @given(st.binary(max_size=400), st.integers(1, 30), st.booleans(), st.booleans())
    def test_garbage_raises_only_the_remote_error(self, data, step, pipelining, chunking):
        t = Transaction(ReplyReader(), Capabilities(), envelope("a@b", "c@d"), pipelining=pipelining, chunking=chunking)
        t.start()
        try:
            feed(t, b"250 ok\r\n" + data, step)
        except RemoteProtocolError:
            pass
