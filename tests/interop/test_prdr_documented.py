"""What the documentation of PRDR promises, claim by claim, through the daemon."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator

import pytest

from support_rows import Server, Talk, open_folder, send, two_servers, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("exim4") is None, reason="needs root and exim4")

MAIN = """prdr_enable = true
acl_smtp_data_prdr = prdr
acl_smtp_data = data
acl_smtp_mail = mail"""
ACLS = """mail:
  warn logwrite = T: MAIL <$smtp_command> $prdr_requested
  accept
prdr:
  warn logwrite = T: PRDR $local_part@$domain size=$message_size from=$sender_address subject=$h_subject:
  deny local_parts = no
       message = not for $local_part
  defer local_parts = later
       message = later for $local_part
  accept
data:
  warn logwrite = T: DATA $recipients_count
  accept
"""
ROUTER = """asks:
  driver = manualroute
  domains = none.example : other.example : this.example
  route_list = * 127.0.0.1::@F
  self = send
  transport = ${extract{1}{.}{$domain}}
"""
TRANSPORTS = "".join(
    f"{name}:\n  driver = smtp\n  hosts_try_fastopen =\n  hosts_try_prdr = {hosts}\n"
    for name, hosts in (("none", ""), ("other", "10.1.1.1"), ("this", "127.0.0.1"))
)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    with (
        open_folder() as folder,
        two_servers(folder, main=MAIN, acl=ACLS, routers=ROUTER, transports=TRANSPORTS) as both,
    ):  # fmt: skip
        yield both


def session(server: Server, recipients: list[str], mail: str = " PRDR") -> tuple[list[str], list[str]]:
    """One message: the replies from the end of the data on, and what our ACLs wrote."""
    before = len(server.log())
    with Talk(server.port) as talk:
        assert re.search(r"^250.PRDR$", talk.greeted(), re.MULTILINE)
        assert talk.say(f"MAIL FROM:<s@back.example>{mail}").startswith("250")
        for each in recipients:
            assert talk.say(f"RCPT TO:<{each}@far.example>").startswith("250")
        assert talk.say("DATA").startswith("354")
        replies = [talk.say("From: s@back.example\r\nSubject: row\r\n\r\nHello\r\n.")]
        if replies[0].startswith("353"):
            replies += [talk.reply() for _ in range(len(recipients) + 1)]
        assert talk.say("QUIT").startswith("221")
    lines = server.log()[before:].splitlines()
    return replies, [line.partition(" T: ")[2] for line in lines if " T: " in line]


def test_advertised_when_enabled(servers: tuple[Server, Server]) -> None:
    """`prdr_enable` decides whether EHLO offers PRDR (that it does is seen in every session here)."""
    server, _ = servers
    off = server.folder / "off"
    off.write_text(server.conf.read_text().replace("prdr_enable = true", "prdr_enable = false"))
    said = server.call("-bs", text="EHLO client.example\r\nQUIT\r\n", configuration=off)
    assert "250-PIPELINING" in said
    assert "PRDR" not in said


def test_order(servers: tuple[Server, Server]) -> None:
    """The ACL runs once for each recipient when the data is there, before the DATA ACL; $smtp_command of MAIL has the
    word; 353, an answer for each recipient, then the overall one."""
    replies, told = session(servers[0], ["joe", "no", "ann", "later"])
    assert re.match(r"353[ -]", replies[0])
    assert [reply[:3] for reply in replies] == ["353", "250", "550", "250", "450", "250"]
    assert replies[2].endswith("not for no")
    assert replies[4].endswith("later for later")
    assert told[0] == "MAIL <MAIL FROM:<s@back.example> PRDR> yes"
    assert [re.sub("size=[0-9]+", "size", line) for line in told[1:5]] == [
        f"PRDR {each}@far.example size from=s@back.example subject=row" for each in ("joe", "no", "ann", "later")
    ]
    assert told[5].startswith("DATA ")
    until(lambda: "-> ann@far.example" in servers[0].log())
    assert re.findall(r"[-=]> (\w+)@far\.example", servers[0].log()) == ["joe", "ann"]


def test_one_recipient(servers: tuple[Server, Server]) -> None:
    """With a single recipient the per-recipient ACL does not run, and the answer is an ordinary one."""
    replies, told = session(servers[0], ["no"])
    assert [reply[:3] for reply in replies] == ["250"]
    assert [line[:4] for line in told] == ["MAIL", "DATA"]


def test_not_asked_for(servers: tuple[Server, Server]) -> None:
    """Without the word at MAIL nothing is asked for each recipient."""
    replies, told = session(servers[0], ["joe", "no"], "")
    assert [reply[:3] for reply in replies] == ["250"]
    assert [line[:4] for line in told] == ["MAIL", "DATA"]
    assert told[0].endswith("> no")


def test_nobody_takes_it(servers: tuple[Server, Server]) -> None:
    """All recipients refused: the overall answer is a refusal too."""
    replies, told = session(servers[0], ["no", "no"])
    assert [reply[:3] for reply in replies][:3] == ["353", "550", "550"]
    assert replies[-1][:3] == "550"
    assert [line[:4] for line in told][:3] == ["MAIL", "PRDR", "PRDR"]


@pytest.mark.parametrize(
    ("domain", "asks"), [("far", True), ("none", False), ("this", True), ("other", False)], ids=str
)
def test_client(servers: tuple[Server, Server], domain: str, asks: bool) -> None:
    """`hosts_try_prdr` (all by default) says whom our client asks for it."""
    near, far = servers
    send(near.port, [f"joe@{domain}.example", f"ann@{domain}.example"])
    line = until(lambda: re.search(rf"=> (?:joe|ann)@{domain}\.example .*", near.log()))
    assert isinstance(line, re.Match)
    assert (" PRDR " in line[0]) is asks
    arrived = until(lambda: re.search(rf"<= s@back\.example .* for .*@{domain}\.example", far.log()))
    assert isinstance(arrived, re.Match)
    assert (" PRDR " in arrived[0]) is asks
