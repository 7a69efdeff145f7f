"""A real Rspamd: the condition `rspamd` over HTTP, and `spam` with the older protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support_services import MailServer, Running, mail_server, rspamd

LUA = """
rspamd_config:register_symbol({ name = 'WORD', score = 7.0, callback = function(task)
  local subject = task:get_subject() or ''
  task:set_milter_reply({
    add_headers = {['X-Own'] = 'seen', ['X-Two'] = {'a', 'b'}, ['X-Top'] = {value = 'first', order = 0}},
    remove_headers = {['X-Bad'] = 0}})
  if subject:find('word') then return true, 1.0, 'why' end
  if subject:find('soft') then task:set_pre_result('soft reject', 'come later') end
  if subject:find('grey') then task:set_pre_result('greylist', 'grey') end
  if subject:find('subj') then
    task:set_metric_subject('[SPAM] ' .. subject)
    task:set_pre_result('rewrite subject', 'x')
  end
  if subject:find('facts') then
    local rcpts = task:get_recipients('smtp')
    task:set_pre_result('reject', string.format('%s %s %s %s %s', tostring(task:get_from_ip()),
      task:get_from('smtp')[1].addr, rcpts[#rcpts].addr, task:get_helo(), task:get_queue_id()))
  end
end })
"""
DATA = """
  deny   rspamd = reject / defer_ok
         message = ${if def:rspamd_message {$rspamd_message}{spam}}
  defer  rspamd = soft reject : greylist / defer_ok
         message = $rspamd_message
  warn   rspamd = * / defer_ok
         logwrite = rspamd $spam_action $spam_score $rspamd_symbols
"""
GTUBE = "{}JS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = rspamd(tmp_path_factory.mktemp("rspamd") / "r", LUA)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, checker: Running) -> Iterator[MailServer]:
    main = f"rspamd_address = 127.0.0.1 1 retry=1s pri=2 : 127.0.0.1 {checker.port}"
    main += f"\nspamd_address = 127.0.0.1 {checker.port} variant=rspamd"
    with mail_server(tmp_path_factory.mktemp("server"), main=main, data=DATA) as made:
        yield made


def test_actions(server: MailServer) -> None:
    assert server.send(GTUBE.format("X")) == (550, "Gtube pattern")
    assert server.send(subject="soft") == (451, "come later")
    assert server.send(subject="grey") == (451, "grey")
    code, text = server.send(subject="facts", recipients=("a@test.ex", "b@test.ex"))
    assert (code, text.split()[:4]) == (550, ["127.0.0.1", "s@x.ex", "b@test.ex", "client.ex"])
    assert len(text.split()[4]) == 23
    server.logged(r"spam acl condition: rspamd: failed to connect to any address for 127.0.0.1: Connection refused")


def test_changes(server: MailServer) -> None:
    assert server.send(subject="a word", headers="X-Bad: 1\r\nx-bad: 2\r\n")[0] == 250
    server.logged(r"rspamd add header 7.0 WORD\(7.00\)\[why\]")
    (text,) = server.mail()
    head = text.partition("\n\n")[0]
    added = [line for line in head.split("\n") if line.startswith("X-")]
    # rspamd tells the fields in the order of a Lua table, which differs from start to start
    assert (added[0], added[-1]) == ("X-Top: first", "X-Spam: Yes")
    assert [line for line in added if line != "X-Own: seen"] == ["X-Top: first", "X-Two: a", "X-Two: b", "X-Spam: Yes"]
    assert added.count("X-Own: seen") == 1
    assert "bad" not in head.lower()
    assert head.index("Received:") < head.index("X-Top"), "our own line stays on top"
    assert server.send(subject="subj")[0] == 250
    assert "Subject: [SPAM] subj\n" in server.mail(number=2)[1]


def test_older_protocol(tmp_path: Path, checker: Running) -> None:
    main = f"spamd_address = 127.0.0.1 {checker.port} variant=rspamd"
    data = "  warn spam = nobody:true\n       logwrite = [$spam_score_int] [$spam_action] [$spam_bar]\n"
    with mail_server(tmp_path, main=main, data=data) as server:
        assert server.send(subject="a word")[0] == 250
        server.logged(r"\[70\] \[add header\] \[\+{7}\]")


def test_rspamd_away(tmp_path: Path, checker: Running) -> None:
    with mail_server(tmp_path, main="rspamd_address = 127.0.0.1 1", data=DATA) as server:
        assert server.send()[0] == 250
        assert "rspamd acl condition: all rspamd servers failed" in server.log("panic")
    with mail_server(tmp_path, main="rspamd_address = 127.0.0.1 1", data="  deny rspamd = reject\n") as server:
        assert server.send()[0] == 451
