"""SMTP sessions about STARTTLS: replies and log lines of an installed Exim and ours (manual 43.6)."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import ssl
import time
from collections.abc import Iterator

import pytest

from eximia.tls.binding import is_built
from support_rows import OURS, Server, open_folder
from support_tls import Pki

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("exim4") is None or not is_built(),
    reason="root, exim4 and the binding are needed",
)
CONFIGURATION = """primary_hostname = my.example
acl_smtp_rcpt = accept
acl_smtp_starttls = start
acl_smtp_mail = mail
queue_only
log_selector = +smtp_connection +smtp_protocol_error +smtp_syntax_error +smtp_no_mail \\
  +smtp_incomplete_transaction
smtp_receive_timeout = ${if eq{$sender_host_address}{SILENT}{3s}{5m}}
tls_certificate = PKI/ec.chain
tls_privatekey = ${if eq{$sender_helo_name}{broken.example}{/nosuch/key}{PKI/ec.key}}
begin acl
mail:
  warn encrypted = *
       logwrite = [$sender_host_address] encrypted
  # the suite's name, without the version before and the bits behind it
  warn encrypted = ^TLS1 : ^.*256\\$
       logwrite = [$sender_host_address] not by the name
  accept
start:
  deny condition = ${if eq{$sender_helo_name}{denied.example}}
       message = not for you
  defer condition = ${if eq{$sender_helo_name}{later.example}}
       message = later
  drop condition = ${if eq{$sender_helo_name}{dropped.example}}
       message = away
  accept
"""
TLS = "(TLS)"
#: nothing more is said; what is answered to that is not compared
SILENCE = "(silence)"
SESSIONS = {
    "an argument": ("EHLO a", "STARTTLS now", "QUIT"),
    "first of all": ("STARTTLS", "QUIT"),
    "after HELO": ("HELO a", "STARTTLS", "QUIT"),
    "denied": ("EHLO denied.example", "STARTTLS", "MAIL FROM:<>", "QUIT"),
    "deferred": ("EHLO later.example", "STARTTLS", "QUIT"),
    "dropped": ("EHLO dropped.example", "STARTTLS", "QUIT"),
    "in a transaction": ("EHLO a", "MAIL FROM:<a@b>", "STARTTLS", TLS, "RCPT TO:<x@my.example>", "EHLO b", "QUIT"),
    "twice": ("EHLO a", "STARTTLS", TLS, "EHLO a", "STARTTLS", "QUIT"),
    "no EHLO inside": ("EHLO a", "STARTTLS", TLS, "MAIL FROM:<>", "RCPT TO:<x@my.example>", "QUIT"),
    "HELO inside": ("EHLO a", "STARTTLS", TLS, "HELO b", "MAIL FROM:<>", "RCPT TO:<x@my.example>", "QUIT"),
    "help": ("EHLO a", "HELP", "STARTTLS", TLS, "HELP", "NOOP", "RSET", "QUIT"),
    "TLS that does not work, in a transaction": (
        *("EHLO broken.example", "MAIL FROM:<a@b>", "RCPT TO:<x@my.example>", "STARTTLS"),
        *("RCPT TO:<y@my.example>", "MAIL FROM:<a@b>", "QUIT"),
    ),
    "denied in a transaction": (
        *(
            "EHLO denied.example",
            "MAIL FROM:<a@b>",
            "RCPT TO:<x@my.example>",
            "STARTTLS",
            "RCPT TO:<y@my.example>",
            "QUIT",
        ),
    ),
    "a transaction that is left": ("EHLO a", "STARTTLS", TLS, "EHLO a", "MAIL FROM:<a@b>", "QUIT"),
    "silent": ("EHLO a", "STARTTLS", TLS, "EHLO a", SILENCE),
    "in small letters": ("ehlo a", "starttls", TLS, "quit"),
    "a trailing space": ("EHLO a", "STARTTLS ", TLS, "QUIT"),
    "gone inside": ("EHLO a", "STARTTLS", TLS, "EHLO a"),
    "gone before": ("EHLO a", "STARTTLS"),
    "nonsense": ("EHLO a", "STARTTLS now", "RCPT", "RCPT", "RCPT"),
}
ADDRESS = {name: f"127.0.4.{number}" for number, name in enumerate(SESSIONS, 1)}


def talk(port: int, name: str) -> list[str]:
    """The replies; of EHLO's only whether STARTTLS is there."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    sock = socket.create_connection(("127.0.0.1", port), 20, (ADDRESS[name], 0))
    file = sock.makefile("rb")
    found = []

    def reply() -> list[str]:
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            line = file.readline().decode("latin-1")
            if not line:
                return [*lines, "closed"]
            lines.append(line.rstrip("\r\n"))
        return lines

    reply()
    for command in SESSIONS[name]:
        if command == TLS:
            inside = context.wrap_socket(sock)
            file.close()
            sock = inside
            file = sock.makefile("rb")
            continue
        if command == SILENCE:
            with contextlib.suppress(OSError):
                file.read()
            continue
        try:
            sock.sendall(command.encode() + b"\r\n")
            answer = reply()
        except OSError:  # the server closed while there was something to read
            answer = ["closed"]
        if command.upper().startswith("EHLO"):
            answer = [answer[0][:3], *(line for line in answer if "STARTTLS" in line)]
        found.append(" | ".join(answer))
    file.close()
    sock.close()
    return found


@pytest.fixture(scope="module")
def seen() -> Iterator[dict[str, dict[str, tuple[list[str], list[str]]]]]:
    """By program and session: the replies, and the log without the library's words."""
    found: dict[str, dict[str, tuple[list[str], list[str]]]] = {}
    with open_folder() as folder:
        (folder / "pki").mkdir()
        pki = Pki(folder / "pki")
        for path in pki.folder.iterdir():
            path.chmod(0o644)
        for which, program in (("ours", OURS), ("exim", ["exim4"])):
            text = CONFIGURATION.replace("PKI", str(pki.folder)).replace("SILENT", ADDRESS["silent"])
            server = Server(folder / which, program, text, tls=True)
            try:
                replies = {name: talk(server.port, name) for name in SESSIONS}
                time.sleep(1)
                found[which] = {name: (replies[name], log(server, ADDRESS[name])) for name in SESSIONS}
            finally:
                server.stop()
        yield found


def log(server: Server, address: str) -> list[str]:
    lines = []
    for name in ("main", "reject"):
        for line in server.log(name).splitlines():
            if f"[{address}]" in line and "connection count" not in line:
                line = re.sub(r"^\S+ \S+ | D=\S+", "", line)
                line = re.sub(r" X=(TLS1\.\d):\S+", r" X=\1", line)
                lines.append(f"{name}: " + re.sub(r"(TLS error on connection from .*?\]) \(.*", r"\1", line))
    return lines


@pytest.mark.parametrize("name", SESSIONS)
def test_session(seen: dict[str, dict[str, tuple[list[str], list[str]]]], name: str) -> None:
    assert seen["ours"][name] == seen["exim"][name]
