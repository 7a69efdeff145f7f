"""Brightmail (features row 2): the vendor's library as a stand-in in C, a real Rspamd, a real spamd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support_services import MailServer, Running, c_library, mail_server, rspamd

RCPT = """
  warn local_parts = b
       bmi_optin = premium:extra
  deny local_parts = refused
       bmi_optin = nobody
  warn control = bmi_run
"""
ROUTERS = """
dropped:
  driver = redirect
  bmi_dont_deliver
  data = :blackhole:
alias:
  driver = redirect
  local_parts = alias
  data = c@test.ex
ruled:
  driver = accept
  bmi_rule = 5 : 8
  transport = seen
other:
  driver = accept
  bmi_deliver_alternate
  transport = seen
default:
  driver = accept
  bmi_deliver_default
  transport = seen
"""
TRANSPORTS = """
seen:
  driver = appendfile
  directory = {folder}/mail/other
  maildir_format
  headers_add = X-BMI: $local_part by $router_name [$bmi_deliver] [$bmi_alt_location] [$bmi_base64_tracker_verdict]
"""


def seen(server: MailServer, number: int) -> list[str]:
    """What the transport's header line says of each delivery."""
    messages = server.mail("other", number)
    return sorted(line[7:] for text in messages for line in text.split("\n") if line.startswith("X-BMI: "))


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MailServer]:
    main = request.param.format(folder=tmp_path, lib=c_library(Path(__file__).with_name("bmiclient.c"), tmp_path))
    parts = {"rcpt": RCPT, "routers": ROUTERS, "transports": TRANSPORTS.format(folder=tmp_path)}
    with mail_server(tmp_path, main=main, **parts) as made:
        (tmp_path / "bmi.cfg").write_text(f"{tmp_path}/log/bmi\n")
        yield made


@pytest.mark.parametrize("server", ["bmi_engine = library {lib}\nbmi_config_file = {folder}/bmi.cfg"], indirect=True)
class TestLibrary:
    def test_sequence_and_verdicts(self, server: MailServer) -> None:
        verdicts = (
            "@VERDICT a@test.ex - 0\r\n@VERDICT b@test.ex,Alias@test.ex spamfolder 5\r\n@VERDICT d@test.ex ! 9\r\n"
        )
        assert server.send(recipients=("refused@test.ex",))[0] == 550
        recipients = tuple(f"{each}@test.ex" for each in ("a", "b", "alias", "d", "x"))
        assert server.send(verdicts, recipients=recipients)[0] == 250
        assert seen(server, 4) == [
            "a by default [1] [] [tracker0]",
            "b by ruled [1] [spamfolder] [tracker5]",
            "c by ruled [1] [spamfolder] [tracker5]",  # the alias inherits the verdict
            "x by default [1] [] []",
        ]
        server.logged("=> :blackhole: <d@test.ex> R=dropped")
        told = (server.folder / "log" / "bmi").read_text().split("\n")
        assert told == [
            "connection 127.0.0.1", "from s@x.ex", "to a@test.ex []", "to b@test.ex [premium:extra]",
            "to alias@test.ex []", "to d@test.ex []", "to x@test.ex []", "end of to", "headers 1 0", "end of headers",
            "body 92", "end of body", "end of message", "",
        ]  # fmt: skip

    def test_verdict_is_kept_in_the_spool(self, server: MailServer) -> None:
        server.stop()
        done = server.run("-odq", "-f", "s@x.ex", "b@test.ex", data="Subject: x\n\n@VERDICT b@test.ex folder 8\n")
        assert done.returncode == 0, done.stderr
        assert not (server.folder / "log" / "bmi").exists(), "nobody said control = bmi_run"
        server.start()
        server.send("@VERDICT b@test.ex folder 8\r\n", recipients=("b@test.ex",))
        assert seen(server, 1) == ["b by ruled [1] [folder] [tracker8]"]

    def test_failure_is_logged_and_the_message_delivered(self, server: MailServer) -> None:
        assert server.send("@FAIL\r\n")[0] == 250
        assert seen(server, 1) == ["a by default [1] [] []"]
        assert "Brightmail: bmiEndMessage failed with error 7" in server.log("panic")
        (server.folder / "bmi.cfg").unlink()
        assert server.send("x\r\n")[0] == 250
        assert "Brightmail: bmiInitSystem failed with error 3" in server.log("panic")


@pytest.mark.parametrize("server", ["bmi_engine = library /nowhere/lib.so"], indirect=True)
def test_no_library(server: MailServer) -> None:
    assert server.send()[0] == 250
    assert seen(server, 1) == ["a by default [1] [] []"]
    assert "Brightmail: cannot use /nowhere/lib.so" in server.log("panic")


LUA = """
rspamd_config:register_symbol({ name = 'WORD', score = 7.0, callback = function(task)
  local id = task:get_request_header('Settings-ID')
  return (task:get_subject() or ''):find('word') ~= nil and (not id or tostring(id) ~= 'premium'), 1.0
end })
"""


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = rspamd(tmp_path_factory.mktemp("rspamd") / "r", LUA)
    yield made
    made.stop()


def test_rspamd(tmp_path: Path, checker: Running) -> None:
    main = f"bmi_engine = rspamd 127.0.0.1 {checker.port} tmo=10s\nbmi_rules = 5=WORD,OTHER : 9=GTUBE\n"
    main += "bmi_alternate_location = Junk\nbmi_discard_score = 50"
    with mail_server(
        tmp_path, main=main, rcpt=RCPT, routers=ROUTERS, transports=TRANSPORTS.format(folder=tmp_path)
    ) as server:
        server.send(subject="a word", recipients=("a@test.ex", "b@test.ex"))
        assert seen(server, 2) == ["a by ruled [1] [Junk] [7.00 WORD]", "b by default [1] [] [0.00 ]"]
        server.send("XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n")
        server.logged("=> :blackhole: <a@test.ex> R=dropped")
        checker.stop()
        assert server.send()[0] == 250
        assert "Brightmail: all rspamd servers failed" in server.log("panic")
        assert "a by default [1] [] []" in seen(server, 3)
        checker.start()
