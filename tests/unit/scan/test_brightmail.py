"""Verdicts of Brightmail's engines as the spool keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest

from eximia.acl import phases
from eximia.acl.result import Outcome
from eximia.base.text import Untainted
from eximia.context import Recipient
from eximia.scan.brightmail.judging import judge
from eximia.scan.brightmail.verdicts import ALTERNATE, decode, encode, verdict_for
from support_acl import World
from support_scan import Daemon, make


def test_own_verdicts() -> None:
    text = encode(["A@x"], ALTERNATE, "Junk", ["5", "8"], "7.0 X")
    assert ":" not in text
    verdict = decode(text)
    assert verdict is not None
    assert (verdict.action, verdict.location, verdict.rules, verdict.tracker) == (
        "alternate",
        "Junk",
        {"5", "8"},
        "7.0 X",
    )


@pytest.mark.parametrize("text", ["", "x", "e30=", "eyJleGltaWEiOjF9", "////", "\xff"])
def test_what_is_not_ours(text: str) -> None:
    assert decode(text) is None


def test_each_recipient_has_its_verdict(tmp_path: Path) -> None:
    world = World(tmp_path)
    texts = [encode(["A@x", "b@x"], "discard", "", [], ""), encode(["c@x"], "default", "", ["1"], "")]
    world.message.notes["bmi_verdicts"] = ":".join(texts)
    assert [getattr(verdict_for(world.context, f"{name}@x"), "action", None) for name in "aBcd"] == [
        "discard", "discard", "default", None,
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ["nonsense", "rspamd 192.0.2.1 11333", "spamd 192.0.2.1 783", "library /nowhere.so"])
def test_failures_go_to_the_panic_log(tmp_path: Path, engine: str) -> None:
    world = make(tmp_path, Daemon(closed=True), bmi_engine=Untainted(engine))
    world.message.recipients = [Recipient("a@x")]
    judge(world.context)
    assert [name for name, text in world.log.written if text.startswith("Brightmail: ")] == ["main", "panic"]
    assert "bmi_verdicts" not in world.message.notes


def test_spamd_is_asked_for_each_user(tmp_path: Path) -> None:
    report = " 9.0 BAYES_99  text\r\n"
    daemon = Daemon(f"SPAMD/1.1 0 EX_OK\r\nContent-length: 1\r\n\r\n9.0/5.0\r\n{report}".encode())
    world = make(tmp_path, daemon, bmi_engine=Untainted("spamd 192.0.2.1 783"), bmi_rules=Untainted("3=BAYES_99"))
    world.message.recipients = [Recipient("a@x"), Recipient("b@x", bmi_optin="joe:x"), Recipient("c@x")]
    judge(world.context)
    assert [asked.split(b"\r\n")[1] for asked in daemon.asked] == [b"User: nobody", b"User: joe"]
    for name in "abc":
        verdict = verdict_for(world.context, f"{name}@x")
        assert verdict is not None
        assert (verdict.action, verdict.location, verdict.rules) == (ALTERNATE, "spam", {"3"})


def test_opt_in_is_for_the_rcpt_acl(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.define("a:\n accept bmi_optin = x:y\n")
    assert world.run(phases.RCPT).outcome is Outcome.ACCEPT
    assert world.message.notes["bmi_optin"] == "x:y"
    assert world.run(phases.MAIL).outcome is Outcome.ERROR
