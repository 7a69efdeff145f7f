"""The same delivery made by an installed Exim and by us: main log, what peers saw, what lies in the mailboxes."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from support_processes import run_whole
from support_servers import Listening

from .comparing import compare_held

EXIM = shutil.which("exim4")
SOURCE = Path(__file__).resolve().parents[2] / "src"
OURS = (sys.executable, "-c", "import sys; from eximia.cli.main import main; sys.exit(main(['exim', *sys.argv[1:]]))")
needs_exim = pytest.mark.skipif(EXIM is None or os.geteuid() != 0, reason="needs an installed exim4, and root")

MESSAGE = b"From: a@b.example\nTo: x@y.example\nSubject: hi\n\nHello\n.dot\nFrom me\nbye\n"
MAIL = 8  #: uid and gid of the user mail

CONFIGURATION = """
spool_directory = {d}/spool
log_file_path = {d}/%slog
primary_hostname = my.host.example
qualify_domain = my.host.example
keep_environment =
trusted_users = root
tls_advertise_hosts =
queue_run_in_order
{main}
begin routers
{routers}
begin transports
{transports}
begin retry
* * F,1h,10m
begin authenticators
{authenticators}
"""
ACCEPT = "r:\n driver = accept\n transport = t\n"


class Peer:
    """An SMTP or LMTP server on a port or a Unix socket; `rules` as in a table: (start of a command, reply)."""

    def __init__(
        self, ehlo: Sequence[str] = (), rules: Sequence[Any] = (), banner: bytes = b"220 peer\r\n", unix: str = ""
    ):
        self.ehlo, self.rules, self.banner = ehlo, list(rules), banner
        self.commands: list[str] = []
        self.messages: list[bytes] = []
        listener = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        listener.bind(unix or ("127.0.0.1", 0))
        if unix:
            os.chmod(unix, 0o777)
        self.port = 0 if unix else listener.getsockname()[1]
        listener.listen()
        self._listening = Listening(listener, self._one)
        self.rest = self._listening.rest
        self.close = self._listening.close

    def _one(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            self._talk(connection, lines)

    def _talk(self, connection: socket.socket, lines: Any) -> None:
        connection.sendall(self.banner)
        text: list[bytes] | None = None
        for line in lines:
            word = line.rstrip(b"\r\n")
            if text is not None:
                text.append(line)
                if word != b".":
                    continue
                self.messages.append(b"".join(text))
                text = None
            elif word.upper().startswith(b"BDAT"):
                self.messages.append(lines.read(int(word.split()[1])))
            self.commands.append(word.decode("latin-1"))
            reply = self._reply(word.upper())
            if reply is None:
                return
            connection.sendall(reply)
            if word.upper() == b"DATA" and reply.startswith(b"354"):
                text = []
            if word.upper() == b"QUIT":
                return

    def _reply(self, word: bytes) -> bytes | None:
        for start, reply in self.rules:
            if word.startswith(start.upper()):
                return reply
        if word.startswith((b"EHLO", b"LHLO")):
            told = [b"peer", *(each.encode() for each in self.ehlo)]
            return b"".join(b"250" + (b" " if each is told[-1] else b"-") + each + b"\r\n" for each in told)
        return {b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(word[:4], b"250 OK\r\n")


class Case:
    """One delivery. `transport` is the body of transport `t`; `@D` stands for the directory, `@P` for the port."""

    def __init__(
        self,
        transport: str,
        *,
        driver: str = "appendfile",
        to: Sequence[str] = ("joe@y.example",),
        sender: str = "s@from.example",
        message: bytes = MESSAGE,
        routers: str = ACCEPT,
        more: str = "",
        main: str = "",
        authenticators: str = "",
        peer: dict[str, Any] | None = None,
        before: Callable[[Path], object] | None = None,
        user: bool = True,
        times: int = 1,
        differs: Sequence[str] = (),
        runs: int = 1,
    ) -> None:
        self.transport, self.driver, self.to, self.sender, self.message = transport, driver, to, sender, message
        self.routers, self.more, self.main, self.authenticators = routers, more, main, authenticators
        self.peer, self.before, self.user, self.times = peer, before, user, times
        #: lines that only Exim has (`-`) and only we have (`+`); the case is named in docs/compat/compared.md then
        self.differs = differs
        #: queue runs after each message
        self.runs = runs

    def outcome(self, program: Sequence[str]) -> dict[str, Any]:
        """Make the delivery with a program; what came of it, freed of what differs from run to run."""
        directory = Path(tempfile.mkdtemp(prefix="eximia-oracle-"))
        directory.chmod(0o755)
        box = directory / "box"
        box.mkdir()
        os.chown(box, MAIL, MAIL)
        box.chmod(0o777 if self.driver == "autoreply" else 0o755)
        peer = None
        try:
            if self.peer is not None:
                unix = f"{directory}/socket" if self.driver == "lmtp" else ""
                peer = Peer(unix=unix, **self.peer)
            if self.before is not None:
                self.before(box)
            self._configure(directory, peer)
            environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
            for _ in range(self.times):
                command = [*program, "-C", f"{directory}/conf", "-odq", "-f", self.sender, *self.to]
                run_whole(command, self.message, environment=environment)
                command = [*program, "-C", f"{directory}/conf", "-qf"]
                for _ in range(self.runs):
                    run_whole(command, environment=environment)
            clean = _Cleaner(directory, peer)
            if peer is not None:
                peer.rest()
            return {
                "log": _log(clean, directory),
                "files": _files(clean, box),
                "commands": [clean(each) for each in peer.commands] if peer else [],
                "messages": [clean(each.decode("latin-1")) for each in peer.messages] if peer else [],
            }
        finally:
            if peer is not None:
                peer.close()
            shutil.rmtree(directory, ignore_errors=True)

    def _configure(self, directory: Path, peer: Peer | None) -> None:
        user = " user = mail\n group = mail\n" if self.user and self.driver != "smtp" else ""
        transports = f"t:\n driver = {self.driver}\n{user}{self.transport}\n{self.more}"
        if self.driver == "smtp" and " hosts =" not in self.transport:
            transports += " hosts = 127.0.0.1\n port = @P\n allow_localhost\n"
        text = CONFIGURATION.format(
            d=directory, main=self.main, routers=self.routers, transports=transports, authenticators=self.authenticators
        )
        text = text.replace("@D", str(directory)).replace("@P", str(peer.port if peer else 1))
        (directory / "conf").write_text(text)
        owner = pwd.getpwnam("Debian-exim")
        (directory / "spool").mkdir()
        os.chown(directory / "spool", owner.pw_uid, owner.pw_gid)
        for name in ("main", "panic", "reject"):
            path = directory / f"{name}log"
            path.touch()
            os.chown(path, owner.pw_uid, owner.pw_gid)


class _Cleaner:
    def __init__(self, directory: Path, peer: Peer | None) -> None:
        self.directory = str(directory)
        self.port = re.compile(rf"\b{peer.port}\b" if peer and peer.port else r"(?!)")

    def __call__(self, text: str) -> str:
        text = self.port.sub("@P", text.replace(self.directory, "@D"))
        for pattern, by in _VARYING:
            text = pattern.sub(by, text)
        return text


_VARYING = [
    (re.compile(pattern), by)
    for pattern, by in (
        (
            r"\bE?[0-9A-Za-z]{6}-[0-9A-Za-z]{6}(?:[0-9A-Za-z]{5})?-[0-9A-Za-z]{2}(?:[0-9A-Za-z]{2})?(?:-[0-9A-Za-z]{6,11})?\b",
            "ID",
        ),
        (r"\b\d{4}-\d\d-\d\d [\d:]{8}\b", "STAMP"),
        (r"\w{3}, [ \d]\d \w{3} \d{4} [\d:]{8} [+-]\d{4}", "DATE"),
        (r"\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}", "DATE"),
        (r"\b[ \d]?\d-\w{3}-\d{4} [\d:]{8} [+-]\d{4}", "DATE"),
        (r"\b(?:SIZE=|BDAT |S=)\d+", "SIZE"),
        (r"\b\d+\.M\d+P\d+\.", "UNIQUE."),
        (r"\bq[0-9A-Za-z]{6}-\d+", "qNAME"),
        (r"\ba\d+\.b\b", "aINODE.b"),
        (r"\.[0-9a-f]{8}\.[0-9a-f]{8} ", ".TIME.PID "),
        (r"temp\.[\d.]+\.my\.host", "temp.N.my.host"),
        (r"Exim 4\.\d+", "Exim V"),
        (r"\b[0-9a-f]{8}00000000\b", "VALIDITY"),
        (r"\((\d+) bytes written\)", "(N bytes written)"),
        (r"\b\d+ 1$", "N 1"),
        (r",\d+;000000000000", ",N;000000000000"),
        (r"eximdsn-\d+|\d+-eximdsn(?:-\d+)?", "BOUNDARY"),
    )
]


def _log(clean: _Cleaner, directory: Path) -> list[str]:
    lines = [line[20:] for line in (directory / "mainlog").read_text("latin-1").splitlines()]
    kept = [line for line in lines if " <= " not in line and not line.startswith(("Start queue", "End queue"))]
    kept = [line for line in kept if "lost privilege" not in line and " SIGSEGV" not in line]
    # a message and its bounce are delivered at the same time: each keeps the order of its own lines only
    first = list(dict.fromkeys(line.split(" ", 1)[0] for line in kept))
    return [clean(line) for line in sorted(kept, key=lambda line: first.index(line.split(" ", 1)[0]))]


def _files(clean: _Cleaner, box: Path) -> dict[str, tuple[str, str]]:
    found = {}
    for path in sorted(box.rglob("*")):
        status = path.lstat()
        text = ""
        if path.is_file() and not path.is_symlink():
            text = "\n".join(clean(line) for line in path.read_bytes().decode("latin-1").split("\n"))
        found[clean(str(path.relative_to(box)))] = (f"{status.st_mode:o} {status.st_uid} {status.st_gid}", text)
    return found


def compare(case: Case) -> None:
    """Both programs must come to the same, save what the case says."""
    assert EXIM is not None
    exim = (EXIM,)
    compare_held(lambda: _lines(case.outcome(exim)), lambda: _lines(case.outcome(OURS)), case.differs)


def _lines(outcome: dict[str, Any]) -> list[str]:
    """An outcome as lines, for a readable difference."""
    lines = []
    for what, value in outcome.items():
        lines.append(f"-- {what}")
        if isinstance(value, dict):
            for name, (facts, text) in value.items():
                lines += [f"{name}: {facts}", *text.split("\n")]
        else:
            for each in value:
                lines += each.split("\n")
    return lines
