"""Debian's log tools read the lines that we write. Those of 4.96 know 16 character ids only."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from eximia.context import Context, Process, Recipient
from eximia.context.delivery import Address, Host, Outcome, Result, SmtpFacts
from eximia.logs.lines import delivery, events
from eximia.logs.lines.arrival import ArrivalExtras, arrival
from eximia.logs.log import Log, LogSettings
from eximia.logs.paths import Destination
from eximia.logs.selectors import Selectors

#: where Debian's are, not those of an environment that we are installed in
PLACES = "/usr/sbin:/usr/bin"
pytestmark = pytest.mark.skipif(shutil.which("eximstats", path=PLACES) is None, reason="needs Exim's log tools")

FIRST, SECOND, THIRD = "1xV3Hb-0001mn-0a", "1xV3Hb-0001mn-0b", "1xV3Hb-0001mn-0c"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two relayed messages, and a local one that is put off."""
    selectors = Selectors("+delivery_size +queue_time +deliver_time")
    process = Process(None)  # type: ignore[arg-type]
    process.log = Log(
        LogSettings(Destination(f"{tmp_path}/%slog", syslog=False), selectors), now=lambda: 1795337447.0, stderr=-1
    )
    for message_id in (FIRST, THIRD):
        ctx = Context(process)
        ctx.message.sender_address = "sender@from.ex"
        ctx.message.received_protocol = "esmtp"
        ctx.message.size = 2000
        ctx.message.recipients = [Recipient("a@out.ex")]
        ctx.session.sender_host_address = "10.0.0.1"
        ctx.session.sender_host_name = "client.from.ex"
        process.log.main("<= " + arrival(ctx, ArrivalExtras(header_id="x@from.ex"))[0], message_id)
        address = Address("a@out.ex")
        address.router = SimpleNamespace(name="dnslookup")
        address.transport = SimpleNamespace(name="remote_smtp")
        address.outcome = Outcome(
            Result.DELIVERED, size=2000, smtp=SmtpFacts(host=Host("mx.out.ex", "10.9.9.9", 25), confirmation="250 OK")
        )
        line = delivery.delivered(address, selectors, sender="sender@from.ex", return_path="", queue_time=3.0)
        process.log.main(line, message_id)
        process.log.main(events.completed(selectors, 3.0), message_id)
    ctx = Context(process)
    ctx.session.sender_ident = "user"
    ctx.message.sender_address = "user@here.ex"
    ctx.message.received_protocol = "local"
    ctx.message.size = 500
    process.log.main("<= " + arrival(ctx, ArrivalExtras())[0], SECOND)
    address = Address("later@out.ex")
    address.router = SimpleNamespace(name="dnslookup")
    address.outcome = Outcome(Result.DEFERRED, "host lookup did not complete", errno=-1)
    process.log.main(delivery.deferred(address, selectors), SECOND)
    return tmp_path / "mainlog"


def tool(*words: str) -> str:
    program = str(shutil.which(words[0], path=PLACES))
    return subprocess.run([program, *words[1:]], capture_output=True, check=True, text=True, timeout=30).stdout


def test_exigrep_collects_a_message(log: Path) -> None:
    found = tool("exigrep", "later@out.ex", str(log))
    assert f"{SECOND} <= user@here.ex" in found
    assert f"{SECOND} == later@out.ex" in found
    assert FIRST not in found
    assert tool("exigrep", FIRST, str(log)).count(FIRST) == 3


def test_eximstats_counts(log: Path) -> None:
    text = tool("eximstats", "-nr", "-t0", str(log))
    totals = [line.split() for line in text.splitlines() if line.startswith(("  Received", "  Delivered"))]
    assert totals[0][:3] == ["Received", "4500", "3"]
    assert totals[1][:3] == ["Delivered", "4000", "2"]
    assert "remote_smtp" in text
