"""fail2ban's own filters for Exim find the hosts that misbehaved in our main log, each offence from its own address."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from support_servers import enterable, free_port

pytestmark = pytest.mark.skipif(shutil.which("fail2ban-regex") is None, reason="needs fail2ban")

SOURCE = Path(__file__).parents[2] / "src"
CONFIGURATION = """\
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
primary_hostname = mail.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
pid_file_path = {folder}/pid
keep_environment =
daemon_workers = 1
log_selector = +smtp_no_mail +smtp_connection +incoming_port
pipelining_connect_advertise_hosts =
auth_advertise_hosts = ! 127.0.3.0/24
smtp_accept_max_nonmail = 3
host_lookup =
smtp_accept_max_per_host = 0
acl_smtp_connect = connect
acl_smtp_rcpt = check
acl_smtp_data = body
begin acl
connect:
  drop hosts = 127.0.2.11
  warn hosts = 127.0.2.6
       delay = 1s
  accept
check:
  deny domains = black.test
       message = listed at dnsbl.test
  deny local_parts = unknown
       message = Unknown user
  deny senders = nobody@nowhere.test
       ! verify = sender
  deny domains = nowhere.test
       ! verify = recipient
  accept domains = mail.test
  deny message = relay not permitted
body:
  deny message = This message contains a virus (Eicar).
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = no
  server_set_id = $auth2
begin routers
here:
  driver = accept
  domains = mail.test
  transport = null
begin transports
null:
  driver = appendfile
  file = {folder}/mail
"""
MAIL = "MAIL FROM:<a@client.test>"
#: (what the filter of fail2ban 1.0 does not find in the logs of Exim 4.96 either: too many syntax errors)
#: last number of the client's address in 127.0.2.0/24 -> what it sends, a block of lines after each answer
OFFENCES: dict[int, Sequence[str]] = {
    1: ("EHLO c.test", MAIL, "RCPT TO:<x@elsewhere.test>"),
    2: ("EHLO c.test", MAIL, "RCPT TO:<unknown@mail.test>"),
    3: ("EHLO c.test", MAIL, "RCPT TO:<x@nowhere.test>"),
    4: ("EHLO c.test", "MAIL FROM:<nobody@nowhere.test>", "RCPT TO:<x@mail.test>"),
    5: ("EHLO c.test", "AUTH PLAIN AGpvZQBzZWNyZXQ="),
    7: ("EHLO c.test", *["NOOP"] * 5),
    6: ("EHLO c.test",),
    10: ("EHLO c.test",),
    11: (),
}
SPAM: dict[int, Sequence[str]] = {
    20: ("EHLO c.test", MAIL, "RCPT TO:<x@black.test>"),
    21: ("EHLO c.test", MAIL, "RCPT TO:<x@mail.test>", "DATA", "Subject: x\r\n\r\nx\r\n."),
}


def talk(port: int, address: str, blocks: Sequence[str]) -> None:
    with socket.create_connection(("127.0.0.1", port), 30, (address, 0)) as sock:
        sock.settimeout(30)
        try:
            if address.endswith(".6"):  # does not wait for the greeting
                sock.sendall(b"EHLO c.test\r\n")
            sock.recv(4096)
            for block in blocks:
                sock.sendall(f"{block}\r\n".encode())
                sock.recv(4096)
            sock.sendall(b"QUIT\r\n")
            while sock.recv(4096):
                pass
        except OSError:
            pass


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("banned")
    enterable(folder)
    folder.chmod(0o777)
    port = free_port()
    (folder / "conf").write_text(CONFIGURATION.format(folder=folder, port=port))
    command = [sys.executable, "-m", "eximia.cli.launched", "exim", "-C", str(folder / "conf"), "-bdf"]
    server = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(SOURCE)})
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                talk(port, "127.0.5.5", ["EHLO c.test", MAIL])
                break
            except OSError:
                time.sleep(0.05)
        for number, blocks in {**OFFENCES, **SPAM}.items():
            talk(port, f"127.0.2.{number}", blocks)
        talk(port, "127.0.3.9", ["EHLO c.test", "AUTH PLAIN AGpvZQBzZWNyZXQ="])
        yield folder / "mainlog"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def found(log: Path, name: str) -> set[str]:
    """The addresses that a filter finds."""
    program = shutil.which("fail2ban-regex")
    assert program is not None
    words = [program, "-o", "ip", str(log), name]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    return set(re.findall(r"127\.0\.\d+\.\d+", done.stdout))


def test_hosts_to_ban(log: Path) -> None:
    expected = {f"127.0.2.{number}" for number in OFFENCES} | {"127.0.3.9"}
    assert found(log, "exim") >= expected, log.read_text()
    assert "127.0.5.5" not in found(log, "exim"), log.read_text()


def test_senders_of_spam(log: Path) -> None:
    assert found(log, "exim-spam") == {"127.0.2.20", "127.0.2.21"}, log.read_text()
