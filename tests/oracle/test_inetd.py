"""Connections that inetd hands over as standard input (`-bs`), in clear, with STARTTLS and with TLS from the start: what an
installed Exim and ours answer and log (manual 5.2 `-bs`, `-tls-on-connect`; 13.4, 49.4)."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from eximia.tls.binding import is_built
from support_rows import OURS, SOURCE, open_folder
from support_tls import Pki

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("exim4") is None or not is_built(),
    reason="root, exim4 and the binding are needed",
)
CONFIGURATION = """primary_hostname = my.example
spool_directory = FOLDER/spool
log_file_path = FOLDER/log/%slog
keep_environment =
host_lookup =
queue_only
acl_smtp_connect = ${if eq{$sender_host_address}{127.0.0.7}{deny}{accept}}
acl_smtp_mail = accept logwrite = MAIL with $received_protocol $tls_in_ver from $sender_host_address
smtp_receive_timeout = ${if eq{$sender_host_address}{127.0.0.8}{2s}{1m}}
tls_certificate = PKI/ec.chain
tls_privatekey = PKI/ec.key
tls_on_connect_ports = PORTS
log_selector = +smtp_connection +smtp_no_mail +incoming_interface
"""
TLS = "(TLS)"
SILENCE = "(silence)"
#: arguments beside -bs, the client's address, tls_on_connect_ports, what is done
CASES: dict[str, tuple[tuple[str, ...], str, str, tuple[str, ...]]] = {
    "in clear": ((), "127.0.0.1", "", ("EHLO a", "MAIL FROM:<a@b.example>", "QUIT")),
    "STARTTLS": ((), "127.0.0.1", "", ("EHLO a", "STARTTLS", TLS, "EHLO a", "MAIL FROM:<a@b.example>", "QUIT")),
    "from the start": (("-tls-on-connect",), "127.0.0.1", "", (TLS, "EHLO a", "MAIL FROM:<a@b.example>", "QUIT")),
    "a port for TLS": ((), "127.0.0.1", "PORT", (TLS, "EHLO a", "MAIL FROM:<a@b.example>", "QUIT")),
    "another port": ((), "127.0.0.1", "465", ("EHLO a", "QUIT")),
    "goes away": ((), "127.0.0.1", "", ("EHLO a",)),
    "refused": ((), "127.0.0.7", "", ()),
    "silent": ((), "127.0.0.8", "", ("EHLO a", SILENCE)),
}


def talk(sock: socket.socket, commands: tuple[str, ...]) -> list[str]:
    """The last lines of the replies; that the greeting is there counts, not its text."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    found = []

    def reply() -> str:
        while (line := file.readline())[3:4] == b"-":
            pass
        return line.decode("latin-1").rstrip()

    file = sock.makefile("rb")
    greeted = commands[:1] == (TLS,)
    if not greeted:
        found.append(reply()[:3])
    for command in commands:
        if command == TLS:
            file.close()
            sock = context.wrap_socket(sock)
            file = sock.makefile("rb")
            if greeted:
                found.append(reply()[:3])
                greeted = False
            continue
        if command != SILENCE:
            sock.sendall(command.encode() + b"\r\n")
        found.append(reply())
    file.close()
    sock.close()
    return found


def outcome(folder: Path, program: list[str], pki: Pki, name: str) -> tuple[list[str], list[str]]:
    args, source, ports, commands = CASES[name]
    owner = pwd.getpwnam("Debian-exim")
    for part in (folder, folder / "spool", folder / "log"):
        part.mkdir()
        os.chown(part, owner.pw_uid, owner.pw_gid)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        port = listener.getsockname()[1]
        text = CONFIGURATION.replace("FOLDER", str(folder)).replace("PKI", str(pki.folder))
        (folder / "conf").write_text(text.replace("PORTS", ports.replace("PORT", str(port))))
        client = socket.create_connection(("127.0.0.1", port), 30, (source, 0))
        accepted, _ = listener.accept()
    with accepted:
        process = subprocess.Popen(
            [*program, "-C", str(folder / "conf"), "-bs", *args],
            stdin=accepted,
            stdout=accepted,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
    try:
        replies = talk(client, commands)
        process.wait(30)
    finally:
        client.close()
        process.kill()
        process.wait()
    log = (folder / "log" / "mainlog").read_text("latin-1")
    lines = [re.sub(r"^\S+ \S+ | D=\S+| X=TLS1\.3:\S+", "", line) for line in log.splitlines()]
    return replies, [line.replace(f":{port}", ":PORT") for line in lines]


@pytest.mark.parametrize("name", CASES)
def test_same(name: str) -> None:
    with open_folder() as folder:
        (folder / "pki").mkdir()
        pki = Pki(folder / "pki")
        for path in pki.folder.iterdir():
            path.chmod(0o644)
        expected = outcome(folder / "exim", ["exim4"], pki, name)
        assert outcome(folder / "ours", OURS, pki, name) == expected
        assert any("(via inetd)" in line for line in expected[1])
