"""The condition `dcc`: what its documentation says (features row 6)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eximia.acl import phases
from eximia.acl.result import Outcome
from eximia.base.text import Untainted
from eximia.context import Recipient
from eximia.scan.mbox import mailbox
from support_acl import World
from support_scan import Daemon, make

HEADER = "X-DCC-test-Metrics: host 1; Body=1"


def world(tmp_path: Path, daemon: Daemon, **options: Any) -> World:
    options.setdefault("dccifd_address", Untainted("127.0.0.1 6276"))
    made = make(tmp_path, daemon, **options)
    made.message.recipients = [Recipient("a@test.ex")]
    return made


def run(one: World, acl: str) -> Outcome:
    one.define(f"a:\n {acl}\n logwrite = [$dcc_result][$dcc_header]\n accept\n")
    return one.run(phases.DATA).outcome


@pytest.mark.parametrize(
    ("letter", "plain", "negated"),
    [
        ("A", Outcome.DENY, Outcome.ACCEPT),
        ("S", Outcome.DENY, Outcome.ACCEPT),
        ("R", Outcome.ACCEPT, Outcome.DENY),
        ("G", Outcome.ACCEPT, Outcome.DENY),
        ("T", Outcome.DEFER, Outcome.DEFER),
    ],
)
def test_letters(tmp_path: Path, letter: str, plain: Outcome, negated: Outcome) -> None:
    daemon = Daemon(f"{letter}\n{letter}\n{HEADER}\n".encode())
    one = world(tmp_path, daemon)
    assert run(one, "deny dcc = *") is plain
    assert run(one, "deny !dcc = *") is negated
    assert len(daemon.asked) == 1, "asked once, and remembered"
    assert run(one, "accept") is Outcome.ACCEPT
    assert one.message.variables == {"dcc_result": letter, "dcc_header": HEADER}
    assert one.message.added_headers == [(f"{HEADER}\n", "at_end")]
    logged = [text for name, text in one.log.written if name == "main" and text.startswith("dcc ")]
    assert len(logged) == (letter in "RGT")


def test_what_is_asked(tmp_path: Path) -> None:
    daemon = Daemon(b"A\nA\n")
    one = world(tmp_path, daemon, dccifd_options=Untainted("header log"))
    run(one, "require dcc = *")
    assert daemon.asked == [b"header log\n1.2.3.4\nHELO cl.ex\ns@x.ex\na@test.ex\n\nSubject: x\n\nbody\n<end>"]
    assert daemon.places == ["127.0.0.1 6276"]
    other = world(tmp_path, daemon, dccifd_address=Untainted("/run/dccifd"))
    other.message.sender_address = ""
    run(other, "require set acl_m_dcc_override_client_ip = 192.0.2.9\n dcc = *")
    assert daemon.asked[1].startswith(b"header\n192.0.2.9\nHELO cl.ex\n<>\n")
    assert daemon.places[1] == "/run/dccifd"


@pytest.mark.parametrize("argument", ["false", "0", "", "FALSE/defer_ok"])
def test_never_asked(tmp_path: Path, argument: str) -> None:
    daemon = Daemon(b"A\nA\n")
    assert run(world(tmp_path, daemon), f"deny dcc = {argument}") is Outcome.ACCEPT
    assert not daemon.asked


@pytest.mark.parametrize("daemon", [Daemon(closed=True), Daemon(b"T\nT\n"), Daemon(b"nonsense\n"), Daemon()])
def test_defer_ok(tmp_path: Path, daemon: Daemon) -> None:
    one = world(tmp_path, daemon)
    assert run(one, "deny dcc = *") is Outcome.DEFER
    assert run(one, "deny dcc = */defer_ok") is Outcome.ACCEPT
    assert run(one, "defer !dcc = */defer_ok") is Outcome.ACCEPT
    assert [name for name, text in one.log.written if text.startswith("dcc ")] == ["main"]


def test_header_at_once(tmp_path: Path) -> None:
    one = world(tmp_path, Daemon(f"A\nA\n{HEADER}\n".encode()), dcc_direct_add_header=True)
    run(one, "warn set acl_m_dcc_add_header = X-One: 1\\n\\nno colon\\nX-Two: 2\\n 3\n dcc = *")
    assert [header.text for header in one.message.headers] == [
        "Subject: x\n",
        f"{HEADER}\n",
        "X-One: 1\n",
        "no colon\n",
        "X-Two: 2\n 3\n",
    ]
    assert not one.message.added_headers
    assert HEADER.encode() in mailbox(one.context), "scanners that are asked later see it"
