"""TLS that ends before its connection does (manual 43.13): a client goes on in clear or begins anew, as an installed Exim
that gives its connection to another process (`hosts_noproxy_tls`)."""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import ssl
from collections.abc import Iterator

import pytest

from eximia.tls.binding import is_built
from support_rows import OURS, Server, open_folder, until
from support_tls import Pki

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("exim4") is None or not is_built(),
    reason="needs root, exim4 and the OpenSSL binding",
)
SERVER = """primary_hostname = my.example
acl_smtp_mail = mail
acl_smtp_rcpt = accept
queue_only
log_selector = +smtp_connection +incoming_port
tls_certificate = PKI/ec.chain
tls_privatekey = PKI/ec.key
begin acl
mail:
  accept logwrite = MAIL in=$tls_in_ver,$tls_in_cipher by=$authenticated_id with=$received_protocol
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{x}}
  server_set_id = $auth2
"""
CLIENT = """primary_hostname = client.example
queue_run_in_order
begin routers
r:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = t
begin transports
t:
  driver = smtp
  port = FAR
  hosts_try_fastopen =
  hosts_noproxy_tls = *
  hosts_require_tls = *
  hosts_require_auth = *
begin retry
* * F,1h,1m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^u^x
"""
AUTH = "AUTH PLAIN " + base64.b64encode(b"\0u\0x").decode()
MESSAGE = ("MAIL FROM:<a@b.example>", "RCPT TO:<x@my.example>", "DATA", "Subject: x\r\n\r\nx\r\n.")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with open_folder() as folder:
        (folder / "pki").mkdir()
        pki = Pki(folder / "pki")
        for path in pki.folder.iterdir():
            path.chmod(0o644)
        made = Server(folder / "ours", OURS, SERVER.replace("PKI", str(pki.folder)), tls=True)
        try:
            yield made
        finally:
            made.stop()


class Client:
    """A session by hand that can begin and end TLS."""

    def __init__(self, port: int, version: ssl.TLSVersion) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), 20)
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self.context.maximum_version = version

    def reply(self) -> str:
        file = self.sock.makefile("rb")
        while (line := file.readline())[3:4] == b"-":
            pass
        return line[:3].decode("latin-1")

    def say(self, *commands: str) -> str:
        """The codes of the answers."""
        codes = []
        for command in commands:
            self.sock.sendall(command.encode() + b"\r\n")
            codes.append(self.reply())
        return " ".join(codes)

    def begin(self) -> None:
        assert self.say("EHLO a", "STARTTLS") == "250 220"
        self.sock = self.context.wrap_socket(self.sock)

    def end(self) -> None:
        assert isinstance(self.sock, ssl.SSLSocket)
        self.sock = self.sock.unwrap()  # the server has to say farewell, too


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_in_clear_and_again(server: Server, version: ssl.TLSVersion) -> None:
    before = len(server.log())
    client = Client(server.port, version)
    try:
        assert client.reply() == "220"
        client.begin()
        assert client.say("EHLO b", AUTH, *MESSAGE) == "250 235 250 250 354 250"
        client.end()
        # nothing of what was said within TLS counts
        assert client.say("MAIL FROM:<a@b.example>") == "503"
        assert client.say("EHLO c", *MESSAGE) == "250 250 250 354 250"
        client.begin()
        assert client.say("EHLO d", *MESSAGE, "QUIT") == "250 250 250 354 250 221"
    finally:
        client.sock.close()
    mails = re.findall(r"MAIL in=(\S*),(\S*) by=(\S*) with=(\S*)", server.log()[before:])
    inside = (version.name.replace("v", "").replace("_", "."), "u", "esmtpsa")
    assert [(each[0], *each[2:]) for each in mails] == [inside, ("", "", "esmtp"), (inside[0], "", "esmtps")]
    assert mails[1][1] == ""


def test_not_within_a_message(server: Server) -> None:
    client = Client(server.port, ssl.TLSVersion.TLSv1_3)
    try:
        assert client.reply() == "220"
        client.begin()
        assert client.say("EHLO b", *MESSAGE[:2]) == "250 250 250"
        assert isinstance(client.sock, ssl.SSLSocket)
        client.sock = client.sock.unwrap()
        assert client.say("RCPT TO:<y@my.example>") == ""
    except OSError:  # the server is gone already
        pass
    finally:
        client.sock.close()
    assert "y@my.example" not in server.log()


def test_an_exim_gives_its_connection_on(server: Server) -> None:
    """Three messages over one connection, each by a process of its own with TLS of its own."""
    with open_folder() as folder:
        sender = Server(folder / "exim", ["exim4"], CLIENT.replace("FAR", str(server.port)))
        sender.stop()
        before = len(server.log())
        for number in range(3):
            sender.call("-odqs", "-oi", "-f", f"s{number}@b.example", "x@my.example", text="Subject: x\n\nx\n")
        sender.call("-q")
        until(lambda: sender.log().count("Completed") == 3)
        ports = re.findall(r" <= s\d@b.example H=\S+ \[127.0.0.1\]:(\d+) .*P=esmtpsa ", server.log()[before:])
        assert len(ports) == 3
        assert len(set(ports)) == 1
