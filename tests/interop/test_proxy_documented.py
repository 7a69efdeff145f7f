"""What the documentation of the PROXY protocol promises, claim by claim, with its examples as they are printed."""

from __future__ import annotations

import os
import re
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from support_rows import OURS, Server, Talk, open_folder, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

CONFIGURATION = """primary_hostname = mail.example.net
hosts_proxy = 127.0.0.2 : 127.0.0.3
smtp_accept_max_per_host = 50
acl_smtp_connect = conn
acl_smtp_mail = mail
acl_smtp_rcpt = accept
log_selector = +proxy +smtp_connection
begin acl
conn:
  warn    condition      = ${if and{ {bool{$proxy_session}} \\
                                     {eq{$proxy_host}{}} } }
          logwrite       = Failed required proxy protocol negotiation \\
                           from $sender_host_name [$sender_host_address]
  warn    condition      = ${if and{ {bool{$proxy_session}} \\
                                     {!eq{$proxy_host_address}{}} } }
          logwrite       = Successfully required proxy protocol negotiation \\
                           $sender_host_name \\
                           [$sender_host_address] through proxy protocol \\
                           host $proxy_host_address

    # Possibly more clear
  warn logwrite = Remote Source Address: $sender_host_address:$sender_host_port
       logwrite = Proxy Target Address: $proxy_target_address:$proxy_target_port
       logwrite = Proxy Internal Address: $proxy_host_address:$proxy_host_port
       logwrite = Internal Server Address: $received_ip_address:$received_port

  # Set max number of connections per host
  LIMIT   = 5
  # Or do some kind of IP lookup in a flat file or database
  # LIMIT = ${lookup{$sender_host_address}iplsearch{/etc/exim/proxy_limits}}

  defer   message        = Too many connections from this IP right now
          ratelimit      = LIMIT / 5s / per_conn / strict
  accept
mail:
  warn logwrite = MAIL proxy=$proxy_session
  accept
begin routers
r:
  driver = redirect
  data = :blackhole:
"""
V2 = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with open_folder() as folder:
        made = Server(folder / "near", OURS, CONFIGURATION, tls=True)
        yield made
        made.stop()


def v2(command: int, family: int, addresses: bytes, extra: bytes = b"") -> bytes:
    return V2 + bytes((0x20 | command, family)) + struct.pack("!H", len(addresses) + len(extra)) + addresses + extra


INET = socket.inet_aton("203.0.113.7") + socket.inet_aton("198.51.100.25") + struct.pack("!HH", 4711, 25)
INET6 = (
    socket.inet_pton(socket.AF_INET6, "2001:db8::7")
    + socket.inet_pton(socket.AF_INET6, "2001:db8::25")
    + struct.pack("!HH", 4712, 25)
)
HEADERS = {
    "version 1": (b"PROXY TCP4 203.0.113.7 198.51.100.25 4711 25\r\n", "203.0.113.7:4711", "198.51.100.25:25"),
    "version 1, IPv6": (b"PROXY TCP6 2001:db8::7 2001:db8::25 4712 25\r\n", "2001:db8::7:4712", "2001:db8::25:25"),
    "version 2": (v2(1, 0x11, INET), "203.0.113.7:4711", "198.51.100.25:25"),
    "version 2, IPv6": (v2(1, 0x21, INET6), "2001:db8::7:4712", "2001:db8::25:25"),
    "version 2, more": (v2(1, 0x11, INET, b"\x04\0\2xx"), "203.0.113.7:4711", "198.51.100.25:25"),
}


def told(server: Server, before: int, words: str) -> re.Match[str]:
    found = until(lambda: re.search(words, server.log()[before:]))
    assert isinstance(found, re.Match)
    return found


@pytest.mark.parametrize("name", HEADERS)
def test_addresses(server: Server, name: str) -> None:
    """After the header the client is the one behind the proxy; the variables have the proxy's inner side and the
    target that the client spoke to. The `proxy` selector puts PRX= into the log line."""
    header, client, target = HEADERS[name]
    time.sleep(1.1)  # the example limits connections
    before = len(server.log())
    with Talk(server.port, "127.0.0.2") as talk:
        own = talk.sock.getsockname()[1]
        talk.sock.sendall(header)
        assert talk.greeted().startswith("250-mail.example.net Hello client.example")
        talk.say("MAIL FROM:<s@x.example>")
        talk.say("RCPT TO:<joe@x.example>")
        talk.say("DATA")
        assert talk.say("Subject: x\r\n\r\nx\r\n.").startswith("250 OK")
        talk.say("QUIT")
    told(server, before, rf"Remote Source Address: {re.escape(client)}\n")
    before = server.log().index(f"Remote Source Address: {client}", before)
    assert told(server, before, r"Proxy Target Address: (.*)\n")[1] == target
    assert told(server, before, r"Proxy Internal Address: (.*)\n")[1] == f"127.0.0.2:{own}"
    assert told(server, before, r"Internal Server Address: (.*)\n")[1] == f"127.0.0.1:{server.port}"
    shown = re.escape(f"[{client.rpartition(':')[0]}] through proxy protocol host 127.0.0.2")
    assert re.search(rf"Successfully required proxy protocol negotiation +{shown}\n", server.log())
    assert "MAIL proxy=yes" in server.log()[before:]
    assert re.search(rf"<= s@x\.example .*\[{client.rpartition(':')[0]}\].* PRX=127\.0\.0\.2", server.log()[before:])


def test_local_command(server: Server) -> None:
    """Version 2, LOCAL: the proxy speaks for itself, the connection's own addresses hold."""
    time.sleep(1.1)
    before = len(server.log())
    with Talk(server.port, "127.0.0.3") as talk:
        talk.sock.sendall(v2(0, 0x00, b""))
        talk.greeted()
        assert talk.say("MAIL FROM:<s@x.example>").startswith("250")
        talk.say("QUIT")
    told(server, before, r"Remote Source Address: 127\.0\.0\.3:")


def test_others_need_no_header(server: Server) -> None:
    """Hosts that are not listed speak SMTP at once; $proxy_session is no."""
    before = len(server.log())
    with Talk(server.port, "127.0.0.9") as talk:
        assert talk.greeted().startswith("250-")
        assert talk.say("MAIL FROM:<s@x.example>").startswith("250")
        talk.say("QUIT")
    assert "MAIL proxy=no" in server.log()[before:]


@pytest.mark.parametrize("header", [b"", b"EHLO me\r\n", b"PROXY TCP4 300.1.1.1 1.1.1.1 1 1\r\n", V2 + b"\x31\x11\0\0"])
def test_refused(server: Server, header: bytes) -> None:
    """A proxy that sends no header, or none that can be read, within three seconds: the banner is shown, all commands
    but QUIT get 503, and the connect ACL can tell by $proxy_session without $proxy_host."""
    before = len(server.log())
    with Talk(server.port, "127.0.0.2") as talk:
        began = time.monotonic()
        talk.sock.sendall(header)
        assert talk.reply().startswith("220 mail.example.net ")
        took = time.monotonic() - began
        if not header:
            assert 2.8 < took < 20
        for command in ("HELO x.example", "EHLO x.example", "MAIL FROM:<s@x.example>", "RCPT TO:<joe@x.example>"):
            assert talk.say(command) == "503 Command refused, required Proxy negotiation failed"
        assert talk.say("QUIT") == "221 mail.example.net closing connection"
    assert "MAIL proxy" not in server.log()[before:]
    assert re.search(r"Failed required proxy protocol negotiation +from +\[127\.0\.0\.2\]", server.log()[before:])
    assert "Successfully" not in server.log()[before:]


def test_connections_of_one_client(server: Server) -> None:
    """The limit counts the client, not the proxy: too many connections of one are put off, another's are not."""

    def banner(client: bytes) -> str:
        with Talk(server.port, "127.0.0.2") as talk:
            talk.sock.sendall(b"PROXY TCP4 " + client + b" 198.51.100.25 4711 25\r\n")
            return talk.reply()

    replies = [banner(b"203.0.113.99") for _ in range(8)]
    assert replies[0].startswith("220 ")
    assert replies[-1] == "451 Too many connections from this IP right now"
    assert banner(b"203.0.113.98").startswith("220 ")
