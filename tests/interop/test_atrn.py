"""ATRN (RFC 2645): a provider of ours and a customer of ours; and a customer made by hand."""

from __future__ import annotations

import base64
import os
import shutil
import smtplib
import socket
from collections.abc import Iterator

import pytest

from support_rows import MESSAGE, OURS, Server, open_folder, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("exim4") is None, reason="needs root")

PROVIDER = """primary_hostname = provider.example
acl_smtp_rcpt = accept
acl_smtp_atrn = atrn
begin acl
atrn:
  accept atrn_domains = ${if eq{$authenticated_id}{me}{cust.example : other.example}}
         logwrite = mail waits, host $atrn_host mode $atrn_mode
  defer message = 453 You have no mail
begin routers
turned:
  driver = manualroute
  domains = cust.example : other.example
  condition = ${if def:atrn_host}
  route_data = <+$atrn_host
  self = send
  transport = smtp
wait:
  driver = redirect
  allow_defer
  data = :defer: waits for ATRN
begin transports
smtp:
  driver = smtp
  allow_localhost
begin retry
* * F,1d,1h
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{secret}}
  server_set_id = $auth2
"""
CUSTOMER = """primary_hostname = cust.example
acl_smtp_rcpt = accept
begin routers
provider:
  driver = manualroute
  condition = ${if eq{$atrn_mode}{C}}
  route_list = * 127.0.0.1::%d
  self = send
  transport = smtp
local:
  driver = accept
  transport = box
begin transports
smtp:
  driver = smtp
  allow_localhost
  hosts_require_auth = *
box:
  driver = appendfile
  file = @D/box/joe
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^me^secret
"""


@pytest.fixture
def provider() -> Iterator[Server]:
    with open_folder() as folder:
        server = Server(folder / "provider", OURS, PROVIDER)
        yield server
        server.stop()


def wait_for_queue(server: Server, *recipients: str) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, "client.example") as client:
        for recipient in recipients:
            client.sendmail("s@from.example", [recipient], MESSAGE)
    until(lambda: server.log().count(" == ") == len(recipients))
    until(lambda: spooled(server) == len(recipients) and server.attempted())


def spooled(server: Server) -> int:
    return len(list((server.folder / "spool" / "input").rglob("*-H")))


def test_customer_of_ours(provider: Server) -> None:
    wait_for_queue(provider, "joe@cust.example", "ann@cust.example", "x@third.example")
    customer = Server(provider.folder.parent / "customer", OURS, CUSTOMER % provider.port)
    try:
        assert customer.call("-atrn", "provider.example", "cust.example") == ""
        until(lambda: spooled(provider) == 1)
        until(lambda: provider.log().count("Completed") == 2)
        assert "mail waits, host 127.0.0.1:" in provider.log()
        until(lambda: customer.box("joe").count("Subject: row") == 2)
        assert customer.call("-atrn", "provider.example", "").strip() == "453 You have no mail"
    finally:
        customer.stop()


def test_customer_by_hand(provider: Server) -> None:
    wait_for_queue(provider, "joe@cust.example")
    with socket.create_connection(("127.0.0.1", provider.port)) as sock, sock.makefile("rb") as lines:

        def reply() -> bytes:
            text = b""
            while True:
                line = lines.readline()
                text += line
                if line[3:4] != b"-":
                    return text

        def say(text: str) -> bytes:
            sock.sendall(text.encode() + b"\r\n")
            return reply()

        reply()
        assert b"250-ATRN" in say("EHLO cust.example")
        assert say("ATRN").startswith(b"530 ")
        assert say("AUTH PLAIN " + base64.b64encode(b"\0me\0secret").decode()).startswith(b"235 ")
        assert say("ATRN elsewhere.example").startswith(b"453 ")
        assert say("ATRN cust.example").startswith(b"250 ")
        sock.sendall(b"220 cust.example ready\r\n")
        assert lines.readline().startswith(b"EHLO provider.example")
        sock.sendall(b"250 cust.example\r\n")
        assert lines.readline() == b"MAIL FROM:<s@from.example>\r\n"
        sock.sendall(b"250 OK\r\n")
        assert lines.readline() == b"RCPT TO:<joe@cust.example>\r\n"
        sock.sendall(b"250 OK\r\n")
        assert lines.readline() == b"DATA\r\n"
        sock.sendall(b"354 go\r\n")
        while lines.readline() not in (b".\r\n", b""):
            pass
        sock.sendall(b"250 thanks\r\n")
        assert lines.readline() == b"QUIT\r\n"
    until(lambda: spooled(provider) == 0)
