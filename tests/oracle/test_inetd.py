"""Connections that inetd hands over as standard input (`-bs`), in clear, with STARTTLS and with TLS from the start, and the
listening socket itself (`-bw`): what an installed Exim and ours answer and log (manual 5.2 `-bs`, `-bw`,
`-tls-on-connect`; 13.4, 49.4)."""

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
from support_rows import OURS, SOURCE, open_folder, until
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
    make_folders(folder)
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
    return replies, logged(folder, port)


def make_folders(folder: Path) -> None:
    owner = pwd.getpwnam("Debian-exim")
    for part in (folder, folder / "spool", folder / "log"):
        part.mkdir()
        os.chown(part, owner.pw_uid, owner.pw_gid)


def logged(folder: Path, port: int) -> list[str]:
    """The main log, without what differs from time to time."""
    log = (folder / "log" / "mainlog").read_text("latin-1")
    lines = [re.sub(r"^\S+ \S+ | D=\S+| X=TLS1\.3:\S+|(?<=pid=)\d+", "", line) for line in log.splitlines()]
    lines = [re.sub(r"^exim \S+", "exim", line) for line in lines if line]
    return [line.replace(f":{port}", ":PORT") for line in lines]


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


def served(folder: Path, program: list[str]) -> tuple[list[list[str]], int, list[str]]:
    """Give it a listening socket: what three clients are told, the exit status, and the log."""
    make_folders(folder)
    text = CONFIGURATION.replace("FOLDER", str(folder)).replace("PORTS", "").replace("tls_certificate", "#")
    (folder / "conf").write_text(text.replace("tls_privatekey", "#") + "tls_advertise_hosts =\n")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [*program, "-C", str(folder / "conf"), "-bw2s"],
            stdin=listener,
            stdout=listener,
            stderr=listener,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        main = folder / "log" / "mainlog"
        try:
            until(lambda: main.exists() and "daemon started" in main.read_text())
            replies = [
                talk(socket.create_connection(("127.0.0.1", port), 30, (source, 0)), commands)
                for source, commands in (
                    ("127.0.0.1", ("EHLO a", "MAIL FROM:<a@b.example>", "QUIT")),
                    ("127.0.0.7", ()),
                    ("127.0.0.1", ("EHLO b", "QUIT")),
                )
            ]
            status = process.wait(60)
        finally:
            process.kill()
            process.wait()
        with socket.socket() as later:
            assert later.connect_ex(("127.0.0.1", port)) == 0, "the socket is open for the next one"
    # One session's last line may come after the first one of the next, which then counts both.
    return replies, status, sorted(re.sub(r"count = \d+", "count = N", line) for line in logged(folder, port))


def test_a_listening_socket() -> None:
    with open_folder() as folder:
        expected = served(folder / "exim", ["exim4"])
        assert served(folder / "ours", OURS) == expected
        assert expected[1] == 0
        assert any("inetd wait timeout reached" in line for line in expected[2])


@pytest.mark.parametrize("kind", ["a file", "a connection", "a Unix socket"])
def test_no_listening_socket(kind: str) -> None:
    with open_folder() as folder:
        make_folders(folder / "ours")
        (folder / "ours" / "conf").write_text(CONFIGURATION.replace("FOLDER", str(folder / "ours")))
        sockets = socket.socketpair() if kind == "a connection" else (socket.socket(socket.AF_UNIX), socket.socket())
        with sockets[0] as one, sockets[1], open(os.devnull) as null:
            done = subprocess.run(
                [*OURS, "-C", str(folder / "ours" / "conf"), "-bw"],
                stdin=null if kind == "a file" else one,
                env={**os.environ, "PYTHONPATH": str(SOURCE)},
                capture_output=True,
                check=False,
                timeout=30,
            )
        assert done.returncode == 1
        assert "standard input of -bw is not a" in (folder / "ours" / "log" / "paniclog").read_text()
