"""What goes wrong with TLS on the wire: bad settings, garbage, early goodbyes, and plaintext put in before TLS begins."""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path
from typing import Any

import pytest

from eximia.tls.binding import is_built
from interop.test_tls_client import Client
from interop.tls_world import Ours
from support_servers import Listening
from support_tls import Pki

pytestmark = pytest.mark.skipif(not is_built(), reason="the OpenSSL binding is not built")


class Talk:
    """A client by hand."""

    def __init__(self, port: int) -> None:
        self.sock: Any = socket.create_connection(("127.0.0.1", port), 30)

    def say(self, text: bytes) -> bytes:
        """Send, and read one reply."""
        if text:
            self.sock.sendall(text)
        data = b""
        while not (data.endswith(b"\r\n") and data.splitlines()[-1][3:4] == b" "):
            more = self.sock.recv(65536)
            if not more:
                break
            data += more
        return data

    def begin(self) -> None:
        self.say(b"")
        assert b"STARTTLS" in self.say(b"EHLO first.example\r\n")

    def encrypt(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.sock = context.wrap_socket(self.sock)


def logged(ours: Ours, text: str) -> str:
    """The line with this text, when it is there."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = [line for line in ours.log().splitlines() if text in line]
        if found:
            return found[-1]
        time.sleep(0.05)
    raise AssertionError(text + " was not logged:\n" + "\n".join(ours.log().splitlines()[-6:]))


def test_a_certificate_that_is_not_there(ours: Ours) -> None:
    talk = Talk(ours.ports["broken"])
    talk.begin()
    assert talk.say(b"STARTTLS\r\n") == b"454 TLS currently unavailable\r\n"
    line = logged(ours, "nothere.chain")
    assert "TLS error on connection from (first.example) [127.0.0.1] (SSL_CTX_use_certificate_chain_file file=" in line
    assert talk.say(b"MAIL FROM:<a@b.example>\r\n").startswith(b"250 ")
    assert talk.say(b"QUIT\r\n").startswith(b"221 ")
    early = Talk(ours.early["broken"])
    assert early.say(b"") == b""


def test_what_was_sent_before_tls_is_not_obeyed(ours: Ours) -> None:
    """RFC 3207 4.2: who could put commands in before TLS must not speak within it."""
    talk = Talk(ours.ports["ec"])
    talk.begin()
    talk.sock.sendall(b"STARTTLS\r\nRSET\r\nMAIL FROM:<evil@b.example>\r\n")
    assert talk.say(b"") == b"220 TLS go ahead\r\n"
    talk.encrypt()
    assert talk.say(b"NOOP\r\n") == b"250 OK\r\n"
    # what was said in clear is forgotten
    assert talk.say(b"MAIL FROM:<a@b.example>\r\n") == b"503 HELO or EHLO required\r\n"
    offered = talk.say(b"EHLO second.example\r\n")
    assert b"STARTTLS" not in offered
    assert talk.say(b"STARTTLS\r\n").startswith(b"503 ")


def test_garbage_for_a_hello(ours: Ours) -> None:
    talk = Talk(ours.ports["ec"])
    talk.begin()
    assert talk.say(b"STARTTLS\r\n") == b"220 TLS go ahead\r\n"
    talk.sock.sendall(b"EHLO once more, in clear\r\n")
    assert talk.sock.recv(100) == b""
    assert "(SSL_accept): error:0A00010B:SSL routines::wrong version number" in logged(ours, "wrong version")
    logged(ours, "SMTP connection from (first.example) [127.0.0.1] closed by EOF")


def test_goodbye_in_the_middle(ours: Ours) -> None:
    talk = Talk(ours.ports["rsa"])
    talk.begin()
    talk.say(b"STARTTLS\r\n")
    talk.sock.close()
    assert "(SSL_accept): error:0A000126:SSL routines::unexpected eof while reading" in logged(
        ours, "SSL_accept): error:0A000126"
    )
    talk = Talk(ours.early["rsa"])
    talk.encrypt()
    assert talk.say(b"").startswith(b"220 ")
    assert b"250" in talk.say(b"EHLO cut.example\r\n")
    talk.sock.close()
    assert "(SSL_read): error:0A000126" in logged(ours, "from (cut.example) [127.0.0.1] (SSL_read)")


def test_clear_text_on_a_port_for_tls(ours: Ours) -> None:
    talk = Talk(ours.early["ec"])
    talk.sock.sendall(b"EHLO me\r\nQUIT\r\n")
    assert talk.sock.recv(100) == b""


def test_a_server_that_answers_before_tls(pki: Pki, tmp_path: Path) -> None:
    """The other direction of the same trick."""

    def serve(sock: socket.socket) -> None:
        sock.sendall(b"220 s\r\n")
        sock.recv(1000)
        sock.sendall(b"250-s\r\n250 STARTTLS\r\n")
        sock.recv(1000)
        sock.sendall(b"220 go\r\n250 OK for what comes\r\n")
        sock.recv(1000)

    listener = socket.create_server(("127.0.0.1", 0))
    server = Listening(listener, serve)
    client = Client(tmp_path, "TLS1.3")
    line = client.send(listener.getsockname()[1])
    assert not client.delivered
    assert "TLS session: the server sent data after its answer to STARTTLS" in line
    server.close()
