"""Two daemons with a folder each, ours in front of an Exim that keeps what it gets, and a client.

For the tests of single features with real peers; the fixtures are in `tests/interop/conftest.py`.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from eximia.spool import Spool
from eximia.spool.store import MessageLockedError, MessageNotFoundError
from support_servers import end_program, free_port

SOURCE = Path(__file__).resolve().parents[1] / "src"
OURS = [sys.executable, "-m", "eximia.cli.launched", "exim"]
MESSAGE = "From: s@back.example\nTo: joe@far.example\nSubject: row\n\nHello\n"


def until(ready: Callable[[], object], seconds: float = 60.0) -> object:
    """Wait for something to be true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail("waited in vain")
    return None


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A daemon, ours or Exim's, in a folder of its own."""

    def __init__(self, folder: Path, program: list[str], configuration: str, *, tls: bool = False) -> None:
        self.folder = folder
        self.port = free_port()
        self.program = program
        folder.mkdir()
        owner = pwd.getpwnam("Debian-exim")
        for name in ("spool", "log", "box"):
            (folder / name).mkdir()
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
        self.conf = folder / "conf"
        own = "\ntls_advertise_hosts = " in configuration
        advertised = "" if own else f"tls_advertise_hosts = {'*' if tls else ''}\n"
        head = f"""{advertised}spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
daemon_smtp_ports = {self.port}
local_interfaces = {"0.0.0.0" if tls else "127.0.0.1"}
keep_environment =
host_lookup =
"""
        self.conf.write_text(head + configuration.replace("@D", str(folder)).replace("PORT", str(self.port)))
        self.process = subprocess.Popen(
            [*program, "-C", str(self.conf), "-bdf"],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdout=open(folder / "output", "ab"),  # noqa: SIM115  (the daemon's)
            stderr=subprocess.STDOUT,
        )
        try:
            until(lambda: listens(self.port) or self.process.poll() is not None)
        finally:
            if not listens(self.port):
                self.process.kill()
                pytest.fail(f"{(folder / 'output').read_text('latin-1')}{self.log('panic')}")

    def stop(self) -> None:
        end_program(self.process)

    def log(self, name: str = "main") -> str:
        path = self.folder / "log" / f"{name}log"
        return path.read_text("latin-1") if path.exists() else ""

    def box(self, name: str) -> str:
        path = self.folder / "box" / name
        return path.read_text("latin-1") if path.exists() else ""

    def attempted(self) -> bool:
        """Whether no message is being delivered: the line of a deferral is written while the message is still locked."""
        spool = Spool(str(self.folder / "spool"))
        for path in (self.folder / "spool" / "input").rglob("*-H"):
            try:
                spool.lock(path.name[:-2]).close()
            except MessageLockedError:
                return False
            except MessageNotFoundError:
                pass
        return True

    def call(self, *args: str, text: str = "", configuration: Path | None = None) -> str:
        """What the program says when it is called, with the server's configuration or another one."""
        done = subprocess.run(
            [*self.program, "-C", str(configuration or self.conf), *args],
            input=text,
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        return done.stdout + done.stderr


FAR = """primary_hostname = far.example
acl_smtp_rcpt = rcpt
acl_smtp_data_prdr = prdr
prdr_enable
dsn_advertise_hosts = *
queue_only
log_selector = +all
begin acl
rcpt:
  deny local_parts = nobody
       message = 550 5.1.1 nobody lives here
  accept
prdr:
  deny local_parts = choosy
       message = 550 5.7.1 not to my taste
  accept
begin routers
r:
  driver = accept
  transport = t
begin transports
t:
  driver = appendfile
  file = /dev/null
"""
NEAR = """primary_hostname = near.example
qualify_domain = near.example
acl_smtp_rcpt = rcpt
dsn_advertise_hosts = {dsn}
log_selector = +all -millisec -pid
{main}
begin acl
rcpt:
  accept
{acl}
begin routers
{routers}
back:
  driver = accept
  domains = back.example
  transport = back
copy:
  driver = accept
  domains = copy.example
  transport = copy
far:
  driver = manualroute
  route_list = * 127.0.0.1::{far}
  self = send
  transport = far
  {router}
begin transports
{transports}
back:
  driver = appendfile
  file = @D/box/back
  user = Debian-exim
copy:
  driver = queuefile
  directory = @D/box
far:
  driver = smtp
  allow_localhost
  {transport}
begin retry
* * F,1h,1m
{end}
"""


Near = Callable[..., Server]


def near_server(folder: Path, far: int, **parts: str) -> Server:
    """Ours, with additions to its configuration: `main`, `acl`, `router` and `transport` (options of those that lead
    to the server at port `far`), `routers`, `transports` (before the others), sections at the `end`, `dsn` hosts; `@F` is that port."""
    names = ("main", "acl", "router", "transport", "routers", "transports", "end")
    text = NEAR.format(
        far=far, dsn=parts.pop("dsn", "*"), **{name: parts.pop(name, "").replace("@F", str(far)) for name in names}
    )
    assert not parts
    return Server(folder, OURS, text)


@contextlib.contextmanager
def two_servers(
    folder: Path, *, far: str = FAR, far_tls: bool = False, **parts: str
) -> Iterator[tuple[Server, Server]]:
    """Ours, and the Exim behind it."""
    behind = Server(folder / "far", ["exim4"], far, tls=far_tls)
    try:
        front = near_server(folder / "near", behind.port, **parts)
        try:
            yield front, behind
        finally:
            front.stop()
    finally:
        behind.stop()


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    path = Path(tempfile.mkdtemp(prefix="eximia-rows-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def swaks(port: int, *args: str) -> str:
    done = subprocess.run(
        ["swaks", "-s", f"127.0.0.1:{port}", "-f", "s@back.example", "-h", "client.example", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


def send(port: int, recipients: list[str], mail: list[str] | None = None, rcpt: list[str] | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", port, "client.example") as client:
        client.sendmail("s@back.example", recipients, MESSAGE, mail or [], rcpt or [])


class Talk:
    """An SMTP session by hand: what is sent is CRLF-ended here, a reply is all its lines."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), 30, (source, 0))
        self.file = self.sock.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()
        self.sock.close()

    def reply(self) -> str:
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            line = self.file.readline().decode("latin-1")
            if not line:
                break
            lines.append(line.rstrip("\r\n"))
        return "\n".join(lines)

    def say(self, line: str) -> str:
        self.sock.sendall(line.encode("latin-1") + b"\r\n")
        return self.reply()

    def greeted(self, name: str = "client.example") -> str:
        """The reply to EHLO, after the banner."""
        assert self.reply().startswith("220 ")
        return self.say(f"EHLO {name}")
