"""SpamAssassin and Rspamd (manual 45.2, 45.3); texts of variables are those of an Exim 4.96 with the same answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from eximia.acl import phases
from eximia.acl.result import Outcome
from eximia.base.template import Template
from eximia.scan.servers import ScanError
from eximia.scan.spam import Score, parse, variables
from eximia.scan.spam_servers import choose, read
from support_scan import Daemon, make

REPORT = "Report\r\n\r\nContent preview: x\r\n\r\n 1.0 RULE  text\r\n\r\n"


def spamd(score: str) -> bytes:
    return f"SPAMD/1.1 0 EX_OK\r\nContent-length: {len(REPORT)}\r\n\r\n{score}/5.0\r\n{REPORT}".encode()


@pytest.mark.parametrize(
    ("score", "shown", "number", "bar", "action"),
    [
        (4.4, "4.4", "44", "++++", "no action"),
        (12.36, "12.4", "123", "+" * 12, "reject"),
        (-3.7, "-3.7", "-36", "---", "no action"),
        (0.3, "0.3", "3", "/", "no action"),
        (99.0, "99.0", "990", "+" * 50, "reject"),
    ],
)
def test_variables(score: float, shown: str, number: str, bar: str, action: str) -> None:
    assert variables(parse(spamd(str(score)).decode(), "x", rspamd=False)) == {
        "spam_score": shown,
        "spam_score_int": number,
        "spam_bar": bar,
        "spam_action": action,
        "spam_report": "Report\n \n Content preview: x\n \n  1.0 RULE  text",
    }


def test_other_answers() -> None:
    old = "SPAMD/1.0 0 EX_OK\r\nSpam: True ; 6.1 / 5.0\r\n\r\nrep"
    assert parse(old, "x", rspamd=False) == Score(6.1, 5.0, "reject", "rep")
    new = "RSPAMD/1.3 0 EX_OK\r\nMetric: default; True; 6.4 / 5.0 / 15.0\r\nAction: add header\r\nSymbol: A\r\n"
    assert parse(new, "x", rspamd=True) == Score(6.4, 5.0, "add header", "Action: add header\r\nSymbol: A\r\n")
    with pytest.raises(ScanError, match="cannot parse spamd x output"):
        parse("SPAMD/1.1 76 Bad header line\r\n", "x", rspamd=False)


def test_condition_asks_once(tmp_path: Path) -> None:
    answer = spamd("6.0")
    daemon = Daemon(answer[:10], answer[10:])
    world = make(tmp_path, daemon, spamd_address=Template("192.0.2.7 783"))
    world.define(
        "a:\n warn spam = nobody:true\n logwrite = $spam_score $callout_address\n deny spam = nobody\n accept\n"
    )
    assert world.run(phases.DATA).outcome is Outcome.DENY
    assert world.log.written[0] == ("main", "6.0 [192.0.2.7]:783")
    (asked,) = daemon.asked
    head, _, message = asked.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines == ["REPORT SPAMC/1.2", "User: nobody", f"Content-length: {len(message) - len('<end>')}"]
    assert message.startswith(b"From MAILER-DAEMON ")
    assert message.endswith(b"\nX-Envelope-From: <s@x.ex>\nSubject: x\n\nbody\n<end>")


def test_no_server(tmp_path: Path) -> None:
    world = make(tmp_path, Daemon(closed=True), spamd_address=Template("192.0.2.7 783-784 : /run/spamd"))
    world.define("a:\n deny spam = nobody/defer_ok\n deny spam = 0\n deny spam = nobody\n accept\n")
    assert world.run(phases.DATA).outcome is Outcome.DEFER
    main = [text for name, text in world.log.written if name == "main"]
    assert sorted(main[:2]) == [
        "spam acl condition: spamd: failed to connect to any address for 192.0.2.7: Connection refused",
        "spam acl condition: spamd: unable to connect to UNIX socket (/run/spamd): Connection refused",
    ]
    assert main[2] == "spam acl condition: all spamd servers failed"


def test_server_options(tmp_path: Path) -> None:
    world = make(tmp_path, Daemon())
    made = read(world.context, "/run/s pri=3 weight=2 time=8-17.30 retry=5s tmo=1m variant=rspamd")
    assert made is not None
    assert (made.priority, made.weight, made.start, made.end) == (3, 2, 28800, 63000)
    assert (made.retry, made.timeout, made.rspamd) == (5, 60, True)
    assert read(world.context, "192.0.2.7") is None
    assert world.log.written[-1][1] == "spam acl condition: warning - invalid spamd address: '192.0.2.7'"
    plain = read(world.context, "192.0.2.7 1 foo")
    assert plain is not None
    assert world.log.written[-1][1] == "spam acl condition: warning - invalid spamd parameter: 'foo'"
    assert choose([plain, made]) is made
