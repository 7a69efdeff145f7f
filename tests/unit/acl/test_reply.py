"""Replies and log lines of refusals, by phase."""

from pathlib import Path

import pytest

from eximia.acl import phases
from eximia.acl.refusal import refuse
from eximia.acl.reply import fold
from eximia.acl.result import AclResult, Outcome
from eximia.context.verification import Verified
from support_acl import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize(
    "phase, argument, code, line",
    [
        (phases.CONNECT, "", "550", 'H=(cl.ex) [1.2.3.4] rejected connection in "connect" ACL: why'),
        (phases.HELO, "x", "550", "H=(cl.ex) [1.2.3.4] rejected EHLO or HELO x: why"),
        (phases.MAIL, "<s@x.ex>", "550", "H=(cl.ex) [1.2.3.4] rejected MAIL <s@x.ex>: why"),
        (phases.RCPT, "<q@t.ex>", "550", "H=(cl.ex) [1.2.3.4] F=<s@x.ex> rejected RCPT <q@t.ex>: why"),
        (phases.PREDATA, "", "550", "H=(cl.ex) [1.2.3.4] rejected DATA: why"),
        (phases.DATA, "", "550", "H=(cl.ex) [1.2.3.4] F=<s@x.ex> rejected after DATA: why"),
        (phases.MIME, "", "550", "H=(cl.ex) [1.2.3.4] F=<s@x.ex> rejected during MIME ACL checks: why"),
        (phases.NOT_SMTP, "", "550", "F=<s@x.ex> rejected by non-SMTP ACL: why"),
        (phases.VRFY, "x@y", "252", "H=(cl.ex) [1.2.3.4] rejected VRFY x@y: why"),
        (phases.ETRN, "#x", "458", "H=(cl.ex) [1.2.3.4] rejected ETRN #x: why"),
        (phases.AUTH, "PLAIN", "503", "H=(cl.ex) [1.2.3.4] rejected AUTH PLAIN: why"),
        (phases.EXPN, "x", "550", "H=(cl.ex) [1.2.3.4] rejected EXPN x: why"),
    ],
)
def test_denied(world: World, phase: phases.Phase, argument: str, code: str, line: str) -> None:
    refusal = refuse(world.context, phase, AclResult(Outcome.DENY, "", "why\nmore"), argument)
    assert refusal.lines == [f"{code} Administrative prohibition"]
    assert ("main", line) in world.log.written
    assert ("reject", line) in world.log.written
    assert not refusal.close


def test_drop_closes(world: World) -> None:
    refusal = refuse(world.context, phases.RCPT, AclResult(Outcome.DROP, "bye"), "<q@t.ex>")
    assert refusal.close
    assert refusal.lines == ["550 bye"]


@pytest.mark.parametrize("outcome", [Outcome.DEFER, Outcome.ERROR])
def test_deferred(world: World, outcome: Outcome) -> None:
    refusal = refuse(world.context, phases.RCPT, AclResult(outcome, "", "why"), "<q@t.ex>")
    assert refusal.lines == ["451 Temporary local problem - please try later"]
    assert world.log.written[0][1] == ("H=(cl.ex) [1.2.3.4] F=<s@x.ex> temporarily rejected RCPT <q@t.ex>: why")


def test_log_targets(world: World) -> None:
    refuse(world.context, phases.RCPT, AclResult(Outcome.DENY, log_targets=()), "<q@t.ex>")
    assert world.log.written == []
    refuse(world.context, phases.RCPT, AclResult(Outcome.DENY, log_targets=("main",)), "<q@t.ex>")
    assert [where for where, _ in world.log.written] == ["main"]


def test_long_lines_break_after_a_colon_if_it_is_far_enough() -> None:
    assert fold(
        "Rejected after DATA: '>' missing at end of address: failing address in \"From:\" header is: <a@b.ex"
    ) == [
        "Rejected after DATA: '>' missing at end of address:",
        'failing address in "From:" header is: <a@b.ex',
    ]


class Answers:
    """Routers that answer from a list."""

    def __init__(self, *answers: Verified) -> None:
        self.answers = list(answers)

    def verify(self, *_: object, **__: object) -> Verified:
        return self.answers.pop(0)


def test_sender_failure_is_told_once_a_message(world: World) -> None:
    world.define("a:\n require verify = sender\n accept\n")
    assert world.rcpt("q") == [
        "550-Verification failed for <s@x.ex>",
        "550-Unrouteable address",
        "550 Sender verify failed",
    ]
    assert world.rcpt("r") == ["550 Sender verify failed"]
    assert world.routers.asked == ["s@x.ex"]
    told = [line for where, line in world.log.written if where == "main" and "sender verify fail" in line]
    assert told == ["H=(cl.ex) [1.2.3.4] sender verify fail for <s@x.ex>: Unrouteable address"]


def test_sender_deferral_with_error_details(tmp_path: Path) -> None:
    world = World(tmp_path, smtp_return_error_details=True)
    world.message.sender_address = "ldefer@test.ex"
    world.define("a:\n require verify = sender\n accept\n")
    assert world.rcpt("q") == ["451-not now", "451 Could not complete sender verify"]
