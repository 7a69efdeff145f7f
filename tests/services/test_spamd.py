"""A real spamd: the condition `spam` over TCP and a Unix socket, lists of servers, and Brightmail's engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support_services import Running, mail_server, spamd

DATA = """
  warn spam = nobody:true/defer_ok
       logwrite = [$spam_score] [$spam_score_int] [$spam_bar] [$spam_action] [$callout_address]
       add_header = X-Spam-Report: $spam_report
  deny spam = nobody/defer_ok
       message = spam
"""


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = spamd(tmp_path_factory.mktemp("spamd") / "d", "word")
    yield made
    made.stop()


def test_spam(tmp_path: Path, checker: Running) -> None:
    address = f"127.0.0.1 1 pri=3 retry=0s : 127.0.0.1 {checker.port} weight=3 tmo=30s time=0-24"
    with mail_server(tmp_path, main=f"spamd_address = {address}", data=DATA) as server:
        assert server.send(subject="a word") == (550, "spam"), server.log()
        server.logged(rf"\[7\.5\] \[75\] \[\+{{7}}\] \[reject\] \[\[127.0.0.1\]:{checker.port}\]")
        server.logged("spam acl condition: spamd: failed to connect to any address for 127.0.0.1: Connection refused")
        assert server.send(subject="plain")[0] == 250
        server.logged(r"\[0\.0\] \[0\] \[/\] \[no action\]")
        assert "X-Spam-Report: " in server.mail()[0]


def test_nobody_can_be_asked(tmp_path: Path) -> None:
    with mail_server(tmp_path, main="spamd_address = /nowhere", data=DATA) as server:
        assert server.send(subject="a word")[0] == 250
        assert "spam acl condition: all spamd servers failed" in server.log("panic")


def test_brightmail(tmp_path: Path, checker: Running) -> None:
    main = f"bmi_engine = spamd 127.0.0.1 {checker.port}\nbmi_rules = 12=OWN_WORD"
    routers = "moved:\n  driver = redirect\n  bmi_rule = 12\n  local_parts = a\n  data = c@test.ex\n"
    with mail_server(tmp_path, main=main, rcpt="  warn control = bmi_run\n", routers=routers) as server:
        assert server.send(subject="a word")[0] == 250
        assert server.mail("c")
        assert server.send(subject="plain")[0] == 250
        assert server.mail("a")
