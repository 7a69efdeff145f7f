"""Bounces, warnings, success reports, frozen messages."""

import re
from pathlib import Path

import pytest

from eximia.context import Host, Outcome, Recipient, Result, Session, SmtpFacts
from eximia.delivery import AttemptEnd, deliver_received
from eximia.delivery.report_parts import broken, smtp_reply
from eximia.delivery.warnings import warnings_due
from support_delivery import ID, World, deferred, failed


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def plain(text: str) -> str:
    return re.sub(r"\d+-eximdsn-\d+", "BOUNDARY", text)


def test_the_whole_bounce(world: World) -> None:
    host = Host("mx.far.test", "10.9.9.9", 587)
    facts = SmtpFacts(host=host, greeting="220 hello", helo_response="250-hi\n250 SIZE")
    text = "SMTP error from remote mail server after RCPT TO:<a@far.test>: 550 5.1.1 no\nsuch user"
    world.says["a@far.test"] = Outcome(Result.FAILED, text, pass_message=True, smtp=facts)
    assert world.receive("a@far.test", "no@local.test") is AttemptEnd.COMPLETED
    bounce, recipients = world.submitted[0]
    assert recipients == ["sender@far.test"]
    assert plain(bounce) == (
        "X-Failed-Recipients: a@far.test,\n  no@local.test\n"
        "Auto-Submitted: auto-replied\n"
        "From: Mail Delivery System <Mailer-Daemon@local.test>\n"
        "To: sender@far.test\n"
        "References: <m@y.test>\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=BOUNDARY\n"
        "MIME-Version: 1.0\n"
        "Subject: Mail delivery failed: returning message to sender\n"
        "\n--BOUNDARY\nContent-type: text/plain; charset=us-ascii\n\n"
        "This message was created automatically by mail delivery software.\n\n"
        "A message that you sent could not be delivered to one or more of its\n"
        "recipients. This is a permanent error. The following address(es) failed:\n\n"
        "  a@far.test\n    host mx.far.test [10.9.9.9]\n"
        "    SMTP error from remote mail server after RCPT TO:<a@far.test>:\n"
        "    550 5.1.1 no\n    such user\n"
        "  no@local.test\n    gone away\n"
        "\n--BOUNDARY\nContent-type: message/delivery-status\n\nReporting-MTA: dns; mx.test\n\n"
        "Action: failed\nFinal-Recipient: rfc822;no@local.test\nStatus: 5.0.0\n\n"
        "Action: failed\nFinal-Recipient: rfc822;a@far.test\nStatus: 5.0.0\n"
        "Remote-MTA: dns; mx.far.test\nDiagnostic-Code: smtp; 550 5.1.1 no\n such user\n"
        "Remote-MTA: X-ip; [10.9.9.9]:587\n"
        "X-Remote-MTA-smtp-greeting: X-str; 220 hello\n"
        "X-Remote-MTA-helo-response: X-str; 250-hi\n"
        "X-Exim-Diagnostic: X-str; SMTP error from remote mail server after RCPT TO:<a@far.test>: "
        "550 5.1.1 no such user\n"
        "\n--BOUNDARY\nContent-type: message/rfc822\n\n"
        "Return-path: <sender@far.test>\nFrom: x@y.test\nMessage-ID: <m@y.test>\nSubject: hi\n\nbody\n"
        "\n--BOUNDARY--\n"
    )


def test_a_bounce_that_cannot_be_delivered_is_frozen(world: World) -> None:
    world.says["bob@local.test"] = failed()
    assert world.receive("bob@local.test", sender="") is AttemptEnd.FROZEN
    assert world.submitted == []
    assert world.lines[-1] == "Frozen (delivery error message)"
    assert world.header().frozen == int(world.now)
    assert world.again(queue_run=True) is AttemptEnd.SKIPPED
    assert world.lines[-1] == "Message is frozen"
    assert not world.header().manual_thaw
    assert world.again(forced=True, deliver_frozen=True) is AttemptEnd.FROZEN
    assert world.header().manual_thaw, "that it was thawed is kept when it is frozen once more"


def test_an_old_bounce_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch, main="ignore_bounce_errors_after = 1h")
    world.says["bob@local.test"] = failed()
    world.receive("bob@local.test", sender="")
    world.now += 3600
    assert world.again(queue_run=True) is AttemptEnd.COMPLETED
    assert world.lines[-4] == "Unfrozen by errmsg timer"
    assert world.lines[-2:] == ["bob@local.test: error ignored", "Completed"]


def test_frozen_messages_time_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch, main="timeout_frozen_after = 1h\nfreeze_tell = postmaster@local.test")
    world.says["bob@local.test"] = deferred("odd", freeze=True)
    assert world.receive("bob@local.test") is AttemptEnd.FROZEN
    note, recipients = world.submitted.pop()
    assert recipients == ["postmaster@local.test"]
    assert "Subject: Message frozen\n" in note
    assert "  bob@local.test: odd\n" in note
    world.now += 3600
    assert world.again(queue_run=True) is AttemptEnd.COMPLETED
    assert "cancelled by timeout_frozen_after" in world.lines
    assert world.submitted[0][1] == ["sender@far.test"]
    assert world.files() == []


def test_auto_thaw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch, main="auto_thaw = 1h")
    world.says["bob@local.test"] = deferred(freeze=True)
    world.receive("bob@local.test")
    world.says.clear()
    world.now += 3600
    assert world.again(queue_run=True) is AttemptEnd.COMPLETED
    assert "Unfrozen by auto-thaw" in world.lines


def test_forced_delivery_thaws(world: World) -> None:
    world.says["bob@local.test"] = deferred(freeze=True)
    world.receive("bob@local.test")
    world.says.clear()
    assert world.again(forced=True, deliver_frozen=True) is AttemptEnd.COMPLETED
    assert "Unfrozen by forced delivery" in world.lines


def test_giving_up_bounces_what_is_left(world: World) -> None:
    world.says["bob@local.test"] = deferred()
    world.receive("bob@local.test", "ann@local.test")
    world.again(forced=True, give_up="cancelled")
    text = world.submitted[0][0]
    assert "following address(es) failed:\n\n  bob@local.test\n\n" in text
    assert "ann@local.test" not in text


def test_errors_to_gets_its_own_bounce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routers = """list:
  driver = redirect
  local_parts = list : quiet
  data = no@local.test
  errors_to = ${if eq{$local_part}{list}{owner@local.test}}
"""
    world = World(tmp_path, monkeypatch, routers=routers)
    world.receive("list@local.test", "no@local.test", "quiet@local.test")
    assert sorted(recipients[0] for _, recipients in world.submitted) == ["owner@local.test", "sender@far.test"]
    to_owner = next(text for text, recipients in world.submitted if recipients == ["owner@local.test"])
    assert "A message sent by\n\n  <sender@far.test>\n\ncould not" in to_owner
    assert "  no@local.test\n    (generated from list@local.test)\n" in to_owner
    assert "no@local.test <quiet@local.test>: error ignored" in world.lines


def test_warnings_are_sent_when_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch, main="delay_warning = 4h\ndelay_warning_condition = yes")
    world.says["bob@local.test"] = deferred("busy")
    world.receive("bob@local.test")
    assert world.submitted == []
    world.now += 4 * 3600
    world.again(queue_run=True, forced=True)
    text, recipients = world.submitted[0]
    assert recipients == ["sender@far.test"]
    assert f"Subject: Warning: message {ID} delayed 4 hours\n" in text
    assert "Action: delayed\nFinal-Recipient: rfc822;bob@local.test\nStatus: 4.0.0\n" in text
    assert world.header().warning_count == 1
    world.again(queue_run=True, forced=True)
    assert len(world.submitted) == 1


def test_counts_of_warnings() -> None:
    times = (4 * 3600, 8 * 3600, 24 * 3600)
    assert [warnings_due(times, hours * 3600) for hours in (3, 4, 8, 24, 39, 40, 56)] == [0, 1, 2, 3, 3, 4, 5]
    assert warnings_due((3600,), 7300) == 2
    assert warnings_due((0,), 7300) == 0


def receive_with(world: World, *recipients: Recipient) -> AttemptEnd:
    message = world.message()
    message.recipients = list(recipients)
    message.dsn_envid = "env1"
    return deliver_received(world.process, Session(), message, world.store(message))


def test_success_report_unless_the_next_hop_sends_it(world: World) -> None:
    host = Host("mx.far.test", "10.9.9.9")
    world.says["a@far.test"] = Outcome(Result.DELIVERED, smtp=SmtpFacts(host=host, dsn_aware=True))
    world.says["b@far.test"] = Outcome(Result.DELIVERED, smtp=SmtpFacts(host=host))
    receive_with(
        world,
        Recipient("a@far.test", dsn_flags=4),
        Recipient("b@far.test", dsn_flags=4, orcpt="rfc822;o@x"),
        Recipient("bob@local.test", dsn_flags=8),
    )
    assert len(world.submitted) == 1
    text = world.submitted[0][0]
    assert "Subject: Delivery Status Notification\n" in text
    assert "<b@far.test> (relayed to non-DSN-aware mailer)\n" in text
    assert "Original-Envelope-ID: env1\n\nOriginal-Recipient: rfc822;o@x\nAction: delivered\n" in text
    assert "a@far.test" not in text
    assert "bob@local.test" not in text


def test_failures_nobody_wants_to_hear_of(world: World) -> None:
    world.says["a@far.test"] = failed()
    world.says["b@far.test"] = failed()
    receive_with(world, Recipient("a@far.test", dsn_flags=2), Recipient("b@far.test", dsn_flags=8))
    assert "a@far.test: error ignored: RFC 3461 DSN, failure notify not requested" in world.lines
    assert "a@far.test" not in world.submitted[0][0]


def test_long_lines_are_broken_after_colons() -> None:
    assert broken("a: b: c") == ["a: b: c"]
    text = "SMTP error from remote mail server after end of data: 554 no"
    assert broken(text) == ["SMTP error from remote mail server after end of data:", "554 no"]


def test_the_answer_in_an_error_text() -> None:
    assert smtp_reply("error after MAIL FROM:<a@b>: 550-one\n550 two") == "550-one\n550 two"
    assert smtp_reply("Connection refused") == ""
