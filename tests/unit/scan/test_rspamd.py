"""Rspamd over HTTP: the condition `rspamd`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eximia.acl import phases
from eximia.acl.result import Outcome
from eximia.base.template import Template
from eximia.context import Recipient
from eximia.message.header import Header
from support_acl import World
from support_scan import Daemon, make


def answering(action: str, **more: Any) -> Daemon:
    said = {"action": action, "score": 6.4, "required_score": 15.0, "symbols": {}, "messages": {}, **more}
    body = json.dumps(said).encode()
    return Daemon(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)


def world(tmp_path: Path, daemon: Daemon) -> World:
    made = make(tmp_path, daemon, rspamd_address=Template("192.0.2.1 11333"))
    made.message.recipients = [Recipient("a@test.ex")]
    return made


def run(one: World, acl: str) -> Outcome:
    one.define(f"a:\n {acl}\n")
    return one.run(phases.DATA).outcome


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("reject", Outcome.DENY),
        ("soft reject", Outcome.DEFER),
        ("greylist", Outcome.DEFER),
        ("add header", Outcome.DISCARD),
        ("no action", Outcome.ACCEPT),
    ],
)
def test_actions(tmp_path: Path, action: str, outcome: Outcome) -> None:
    daemon = answering(action, messages={"smtp_message": "told"})
    one = world(tmp_path, daemon)
    acl = "deny rspamd = reject\n defer rspamd = soft reject : Greylist\n discard rspamd = *\n accept"
    assert run(one, acl) is outcome
    assert len(daemon.asked) == 1
    assert run(one, "accept logwrite = $spam_score $spam_score_int $spam_bar $spam_action $rspamd_message")
    assert one.log.written[-1] == ("main", f"6.4 64 ++++++ {action} told")


def test_what_is_asked(tmp_path: Path) -> None:
    daemon = answering("no action", symbols={"A": {"score": 1.5, "options": ["x", "y"]}, "B": {"score": -1}})
    one = world(tmp_path, daemon)
    one.session.authenticated_id = "joe\r\nIP: 9.9.9.9"
    run(one, "accept rspamd = * / settings=strict / user=a")
    run(one, "accept logwrite = $rspamd_symbols")
    assert one.log.written[-1] == ("main", "A(1.50)[x, y], B(-1.00)")
    head, _, body = daemon.asked[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /checkv2 HTTP/1.1", b"Host: localhost", b"Connection: close", b"Content-Length: 17", b"From: s@x.ex",
        b"Rcpt: a@test.ex", b"IP: 1.2.3.4", b"Helo: cl.ex", b"User: joeIP: 9.9.9.9", b"Deliver-To: a",
        b"Settings-ID: strict", b"Queue-ID: 1abcde-0001", b"MTA-Name: mx.test.ex",
    ]  # fmt: skip
    assert body == b"Subject: x\n\nbody\n"


def test_changes(tmp_path: Path) -> None:
    milter = {
        "remove_headers": {"X-Bad": 0, "X-Two": 2},
        "add_headers": {"X-Own": "seen", "X-More": ["a", "b"], "X-Top": {"value": "t\nBcc: x", "order": 0}},
        "add_rcpt": ["<b@test.ex>"],
        "del_rcpt": ["a@test.ex"],
        "change_from": "new@x.ex",
        "reject": "quarantine",
    }
    daemon = answering("rewrite subject", milter=milter, subject="*** x", **{"dkim-signature": "v=1; s"})
    one = world(tmp_path, daemon)
    one.message.headers += [Header(f"{text}\n") for text in ("X-Bad: 1", "X-Two: 1", "x-two: 2", "X-Bad: 2")]
    assert run(one, "deny rspamd = reject\n accept") is Outcome.ACCEPT
    assert [header.text for header in one.message.headers if not header.deleted] == [
        "DKIM-Signature: v=1; s\n",
        "X-Top: t\n\tBcc: x\n",
        "Subject: *** x\n",
        "X-Two: 1\n",
        "X-Own: seen\n",
        "X-More: a\n",
        "X-More: b\n",
    ]
    assert one.message.freeze
    assert (one.message.sender_address, [each.address for each in one.message.recipients]) == (
        "new@x.ex",
        ["b@test.ex"],
    )
    other = world(tmp_path, answering("add header", milter=milter))
    run(other, "deny rspamd = reject / no_changes\n accept")
    assert [header.text for header in other.message.headers] == ["Subject: x\n"]


@pytest.mark.parametrize(
    "daemon",
    [
        Daemon(closed=True),
        Daemon(b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n"),
        Daemon(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"),
        Daemon(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"),
        Daemon(b"HTTP/1.1 200 OK\r\n\r\n" + b'{"action":"reject"}'),
        Daemon(b"\xff" * 100),
    ],
)
def test_trouble(tmp_path: Path, daemon: Daemon) -> None:
    one = world(tmp_path, daemon)
    assert run(one, "deny rspamd = *") is Outcome.DEFER
    assert run(one, "deny rspamd = */defer_ok\n accept") is Outcome.ACCEPT
    assert run(one, "deny !rspamd = no action/defer_ok\n accept") is Outcome.ACCEPT
    assert run(one, "deny rspamd = */nonsense\n accept") is Outcome.ERROR
    assert any(name == "panic" and "rspamd acl condition" in text for name, text in one.log.written)


@pytest.mark.parametrize("nonsense", [None, 1, "x", [], {"add_headers": [1], "remove_headers": {"a": "b"}}])
def test_nonsense_in_the_changes_is_ignored(tmp_path: Path, nonsense: Any) -> None:
    one = world(tmp_path, answering("no action", milter=nonsense, messages=nonsense, symbols=nonsense))
    assert run(one, "deny rspamd = *\n accept") is Outcome.ACCEPT
