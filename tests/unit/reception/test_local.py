"""Messages handed in by local callers: who the sender is, and what is mended in the header (manual 48)."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field

import pytest

from eximia.daemon.invocation import Invocation
from eximia.reception.caller import Caller
from eximia.reception.local import receive_local
from support_reception import MemoryStream, make_process, normal


@dataclass
class Taken:
    """What came of one submission."""

    status: int
    log: list[str]
    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    body: bytes = b""


def hand_in(
    text: str, *, config: str = "", trusted: bool = False, delivery: str = "", pieces: int = 0, **options: object
) -> Taken:
    """Give `text` to the program as the user "jo"."""
    call = Invocation(action="bm", delivery=delivery)
    call.arguments = ["x@y.example"]
    call.error_handling = "p"
    for name, value in options.items():
        setattr(call, name, value)
    data = text.encode("latin-1")
    said: list[bytes | str] = [data] if not pieces else [data[at : at + pieces] for at in range(0, len(data), pieces)]
    caller = Caller("jo", "Jo Doe", uid=1000, gid=1000, qualify_domain="test.example", qualify_recipient="test.example")
    with tempfile.TemporaryDirectory() as folder:
        process, log, delivered = make_process(folder, config)
        process.is_trusted = trusted
        status = receive_local(process, call, MemoryStream(said), caller)
        taken = Taken(status, [normal(line) for line in log.lines])
        if delivered.messages:
            message = delivered.messages[0]
            taken.sender = message.sender_address
            taken.recipients = [recipient.address for recipient in message.recipients]
            taken.headers = [normal(one.text) for one in message.headers if not one.deleted]
            taken.deleted = [one.text for one in message.headers if one.deleted]
            taken.body = message.body.read()
        return taken


def lines(taken: Taken, *names: str) -> list[str]:
    return [line for line in taken.headers if line.partition(":")[0].lower() in names]


def test_header_is_completed() -> None:
    taken = hand_in("Subject: x\n\nbody\n")
    assert taken.status == 0
    assert taken.sender == "jo@test.example"
    assert taken.headers[1:] == [
        "Subject: x\n",
        "Message-Id: <EID@mx.test.example>\n",
        "From: Jo Doe <jo@test.example>\n",
        "Date: Sun, 22 Nov 2026 09:33:20 +0000\n",
    ]


@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_pieces_of_input_make_no_difference(pieces: int) -> None:
    taken = hand_in("From x@y Fri Jan  5 12:35 GMT 1996\nSubject: x\n a\n\nb\n..c\n.\nignored\n", pieces=pieces)
    assert taken.headers[1] == "Subject: x\n a\n"
    assert taken.body == b"b\n..c\n"


def test_dots_without_meaning() -> None:
    assert hand_in("A: b\n\nx\n.\ny", dot_ends=False).body == b"x\n.\ny\n"


@pytest.mark.parametrize(
    "config, text, options, sender, expected",
    [
        # A From: that is not the caller's gets a Sender:, and a Sender: of his own goes
        (
            "",
            "From: other@test.example\nSender: fake@x\n",
            {},
            "jo@test.example",
            ["Sender: Jo Doe <jo@test.example>\n"],
        ),
        ("", "From: Jo <jo@test.example>\nSender: fake@x\n", {}, "jo@test.example", []),
        ("", "From: jo\n", {}, "jo@test.example", []),
        ("", "From: jo@test.example, a@b\n", {}, "jo@test.example", ["Sender: Jo Doe <jo@test.example>\n"]),
        ("no_local_from_check\n", "From: a@b\nSender: fake@x\n", {}, "jo@test.example", []),
        (
            "no_local_from_check\nlocal_sender_retain\n",
            "From: a@b\nSender: s@t\n",
            {},
            "jo@test.example",
            ["Sender: s@t\n"],
        ),
        ("local_from_prefix = *-\n", "From: list-jo@test.example\n", {}, "jo@test.example", []),
        ("local_from_suffix = +*\n", "From: jo+tag@test.example\n", {}, "jo@test.example", []),
        # -f
        ("", "From: jo@test.example\n", {"sender": "a@b"}, "jo@test.example", []),
        ("", "From: jo@test.example\n", {"sender": ""}, "", []),
        ("untrusted_set_sender = *\n", "From: jo@test.example\n", {"sender": "a@b"}, "a@b", []),
        ("untrusted_set_sender = ^jo-\n", "From: jo@test.example\n", {"sender": "jo-x@b"}, "jo-x@b", []),
        # a trusted user is believed
        ("", "From: a@b\nSender: s@t\n", {"trusted": True, "sender": "c@d"}, "c@d", ["Sender: s@t\n"]),
        # -G
        ("", "From: a@b\nSender: s@t\n", {"suppress_fixups": True}, "jo@test.example", ["Sender: s@t\n"]),
        # resent messages
        (
            "",
            "Resent-From: a@b\nFrom: c@d\n",
            {},
            "jo@test.example",
            ["Resent-Sender: Jo Doe <jo@test.example>\n"],
        ),
    ],
)
def test_sender(config: str, text: str, options: dict[str, object], sender: str, expected: list[str]) -> None:
    taken = hand_in(text + "\nbody\n", config=config, **options)  # type: ignore[arg-type]
    assert taken.sender == sender
    assert lines(taken, "sender", "resent-sender") == expected


def test_message_id_options() -> None:
    config = "message_id_header_text = a b@c\nmessage_id_header_domain = $tod_epoch.x_y\n"
    taken = hand_in("\nx\n", config=config)
    assert lines(taken, "message-id") == ["Message-Id: <EID.a-b-c@1795340000.x-y>\n"]


def test_name_is_made_fit_for_a_header() -> None:
    taken = hand_in("\nx\n", trusted=True, sender="q@r")
    assert lines(taken, "from") == ["From: q@r\n"]


def test_recipients_of_the_header() -> None:
    text = "To: a@b, Foo <c@d>\nCc: grp: e, c@d;\nBcc: f@g\nSubject: s\n\nbody\n"
    taken = hand_in(text, extract_recipients=True, arguments=["a@b"])
    assert taken.recipients == ["c@d", "e@test.example", "c@d", "f@g"]
    assert taken.deleted == ["Cc: grp: e, c@d;\n", "Bcc: f@g\n"]


def test_received_line_of_the_caller() -> None:
    assert hand_in("\nx\n").headers[0] == (
        "Received: from jo by mx.test.example with local (Exim 4.99)\n\t(envelope-from <jo@test.example>)\n\tid ID\n\t"
        "for x@y.example;\n\tSun, 22 Nov 2026 09:33:20 +0000\n"
    )


def test_queueing() -> None:
    assert hand_in("\nx\n", delivery="q").recipients == []
    assert hand_in("\nx\n", config="queue_only\n").recipients == []
    assert hand_in("\nx\n", config="queue_only\n", delivery="b").recipients == ["x@y.example"]
    assert hand_in("\nx\n", config="queue_only\nno_queue_only_override\n", delivery="i").recipients == []


def test_timeout() -> None:
    call = Invocation(action="bm")
    call.arguments = ["a@b"]
    with tempfile.TemporaryDirectory() as folder:
        process, log, delivered = make_process(folder, "")
        status = receive_local(process, call, MemoryStream([b"A: b\n", "timeout"]), Caller("jo", ""))
        assert status == 1
        assert delivered.messages == []
        assert "timed out" in log.lines[0]


def test_submission_mode() -> None:
    config = "acl_smtp_rcpt = r\nbegin acl\nr:\n  accept control = submission/domain=d.example/name=Full Name\n"
    with tempfile.TemporaryDirectory() as folder:
        process, _, delivered = make_process(folder, config)
        data = b"From: a@b\r\nSender: s@t\r\n\r\n.\r\n"
        stream_input: list[bytes | str] = [b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", data]
        from eximia.context import Session
        from eximia.reception.session import SmtpSession

        session = Session(sender_host_address="192.0.2.1", authenticated_id="jo", sender_host_authenticated="plain")
        SmtpSession(process, MemoryStream(stream_input), session).run()
        message = delivered.messages[0]
        assert [one.text for one in message.headers if one.name == "sender" and not one.deleted] == [
            "Sender: Full Name <jo@d.example>\n"
        ]
        assert message.sender_address == "jo@d.example"
        assert "envelope-from <jo@d.example>" in message.headers[0].text


def test_not_taken_while_no_received_line_can_be_made() -> None:
    taken = hand_in("Subject: x\n\nhi\n", config="received_header_text = ${if\n")
    assert taken.status == 1
    assert not any("<=" in line for line in taken.log)
