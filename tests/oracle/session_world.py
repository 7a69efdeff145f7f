"""The same SMTP session, or command, given to an installed Exim and to us, with servers behind it.

What is compared: the replies (or output), the main and reject log, what the servers were told and given, the panic
log, and how many messages stay in the spool.
"""

from __future__ import annotations

import os
import pickle
import pwd
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support_processes import Ended, call_whole, reports_apart, run_whole

from .comparing import compare_held
from .namespace import run_inside
from .transport_world import _VARYING, EXIM, SOURCE, Peer

#: how every configuration of these worlds begins
HEAD = """
spool_directory = @D/spool
log_file_path = @D/%slog
primary_hostname = mx.test.example
qualify_domain = test.example
keep_environment =
host_lookup =
timezone = UTC
tls_advertise_hosts =
queue_run_in_order
log_selector = {selector}
trusted_users = root
"""
_CONFIGURATION = f"""{HEAD}dns_ipv4_lookup = *
{{main}}
begin acl
{{acl}}
begin routers
{{routers}}
begin transports
{{transports}}
begin retry
{{retry}}
begin rewrite
{{rewrite}}
begin authenticators
{{authenticators}}
"""

#: bounces go to a file, every other recipient to the first server
ROUTERS = """
back:
 driver = accept
 domains = from.example
 transport = back
r:
 driver = manualroute
 route_list = * 127.0.0.1
 self = send
 transport = t
"""
TRANSPORTS = """
back:
 driver = appendfile
 file = @D/box/back
 user = Debian-exim
t:
 driver = smtp
 port = @P1
 allow_localhost
"""
ACL_RCPT = "acl_smtp_rcpt = rcpt\n"
BS = ("-bs", "-oMa", "192.0.2.7.1234", "-oMi", "192.0.2.25.25", "-odi")
EHLO = "EHLO client.example\r\n"
ENVELOPE = "MAIL FROM:<s@from.example>\r\nRCPT TO:<joe@y.example>\r\n"
TEXT = "Subject: hi\r\nFrom: s@from.example\r\nTo: joe@y.example\r\n\r\nHello\r\n..dot\r\nbye\r\n"
DATA = f"DATA\r\n{TEXT}.\r\n"
QUIT = "QUIT\r\n"


@dataclass
class Dialogue:
    """One case. `@D` stands for the directory, `@P1`, `@P2`... for the servers' ports."""

    said: str = EHLO + ENVELOPE + DATA + QUIT
    acl: str = ""
    main: str = ""
    routers: str = ROUTERS
    transports: str = TRANSPORTS
    retry: str = "* * F,1h,10m\n"
    rewrite: str = ""
    authenticators: str = ""
    args: Sequence[str] = BS
    #: keyword arguments of each server
    peers: Sequence[dict[str, Any]] = field(default_factory=lambda: ({},))
    #: commands given after the session; ("sleep", seconds) waits, ("said", text, ...) is a command that is told something
    then: Sequence[Sequence[str]] = ()
    #: how often the session is held
    times: int = 1
    #: files to make: name, text
    files: dict[str, str] = field(default_factory=dict)
    #: lines of output and logs that do not count, as a regular expression
    ignore: str = ""
    #: all there is of the DNS; the case is held in a network of its own then
    zone: str = ""
    #: where we differ on purpose: the lines that only Exim has (`-`) and only we have (`+`), in their order; the case is
    #: named in docs/compat/compared.md then
    differs: Sequence[str] = ()
    selector: str = "-pid +smtp_protocol_error +smtp_syntax_error"

    def outcome(self, program: str) -> list[str]:
        """Hold the session with "exim4" or "ours"; everything that can be seen of it."""
        if self.zone:
            return elsewhere(self, program)
        directory = Path(tempfile.mkdtemp(prefix="eximia-oracle-"))
        directory.chmod(0o755)
        peers = [_Server(**each) for each in self.peers]
        try:
            return self._hold(program, directory, peers)
        finally:
            for peer in peers:
                peer.close()
            shutil.rmtree(directory, ignore_errors=True)

    def _hold(self, program: str, directory: Path, peers: list[_Server]) -> list[str]:
        def filled(text: str) -> str:
            text = text.replace("@D", str(directory))
            for number, peer in enumerate(peers, 1):
                text = text.replace(f"@P{number}", str(peer.port))
            return text

        mine = re.findall(r"^(\w+) *=", self.main, re.MULTILINE)
        conf = re.sub(rf"^(?:{'|'.join(mine) or '!'}) =.*\n", "", _CONFIGURATION, flags=re.MULTILINE).format(
            main=self.main,
            selector=self.selector,
            acl=self.acl,
            routers=self.routers,
            transports=self.transports,
            retry=self.retry,
            rewrite=self.rewrite,
            authenticators=self.authenticators,
        )
        if "acl_smtp_rcpt" not in self.main and "acl_smtp_rcpt" not in conf:
            name = "rcpt" if re.search(r"^rcpt:", self.acl, re.MULTILINE) else "accept"
            conf = f"acl_smtp_rcpt = {name}\n{conf}"
        conf = f"{'#' if program == 'exim4' else 'limits_advertise_hosts ='}\n{conf}"
        (directory / "conf").write_text(filled(conf))
        for name, text in self.files.items():
            (directory / name).write_text(filled(text))
        owner = pwd.getpwnam("Debian-exim")
        box = directory / "box"
        box.mkdir()
        os.chown(box, owner.pw_uid, owner.pw_gid)
        box.chmod(0o777)
        (directory / "spool").mkdir()
        os.chown(directory / "spool", owner.pw_uid, owner.pw_gid)
        for name in ("main", "panic", "reject"):
            path = directory / f"{name}log"
            path.touch()
            os.chown(path, owner.pw_uid, owner.pw_gid)
        run = run_exim if program == "exim4" else run_ours
        lines: list[str] = []
        for _ in range(self.times):
            lines += run(["-C", f"{directory}/conf", *map(filled, self.args)], filled(self.said))
        for args in self.then:
            if args[0] == "sleep":
                time.sleep(float(args[1]))
                continue
            said, words = (args[1], args[2:]) if args[0] == "said" else ("", args)
            lines += run(["-C", f"{directory}/conf", *map(filled, words)], filled(said))
        for peer in peers:
            peer.rest()
        return [line for line in self._seen(lines, directory, peers) if not self._ignored(line)]

    def _ignored(self, line: str) -> bool:
        return bool(self.ignore) and re.search(self.ignore, line) is not None

    def _seen(self, output: list[str], directory: Path, peers: list[_Server]) -> list[str]:
        lines = ["-- output", *output]
        for name in ("main", "reject", "panic"):
            told = (directory / f"{name}log").read_text("latin-1").splitlines()
            lines += [
                f"-- {name}log",
                *(line[20:] if line[:4].isdigit() else line for line in reports_apart(told) if line),
            ]
        left = len(list((directory / "spool" / "input").rglob("*-H")))
        lines += [f"-- {left} in the spool"]
        for number, peer in enumerate(peers, 1):
            lines += [f"-- server {number}", *peer.commands]
            for message in peer.messages:
                lines += ["-- message", *message.decode("latin-1").split("\r\n")]
        for path in sorted((directory / "box").rglob("*")):
            if path.is_file():
                lines += [f"-- box/{path.relative_to(directory / 'box')}", *path.read_text("latin-1").splitlines()]
        return [clean(line, directory, peers) for line in lines if not _SKIPPED.search(line)]


class _Server(Peer):
    """A server that also notes when somebody connects. Commands in `rules` may be text."""

    def __init__(self, rules: Sequence[Any] = (), **more: Any) -> None:
        encoded = [(each.encode() if isinstance(each, str) else each, reply) for each, reply in rules]
        super().__init__(rules=encoded, **more)

    def _talk(self, connection: Any, lines: Any) -> None:
        self.commands.append("(connected)")
        super()._talk(connection, lines)


_SKIPPED = re.compile(
    r"lost privilege for using|^Remote-MTA: X-ip;|^X-Remote-MTA-|^X-Exim-Diag| SIGSEGV|Start queue run|End queue run|^QUIT$"
)
_MORE = [
    (re.compile(r"-\d{10}-testing@"), "-N-testing@"),
    (re.compile(r"BOUNDARY-\d+"), "BOUNDARY"),
    (re.compile(r"^334 PD[A-Za-z0-9+/=]{30,}$"), "334 CHALLENGE"),
    (re.compile(r" (?:QT|DT|RT|D)=\S+"), ""),
    (re.compile(r"127\.0\.0\.1\]:\d{4,5} "), "127.0.0.1]:PORT "),
]


def clean(line: str, directory: Path, peers: Sequence[Peer]) -> str:
    """A line freed of what differs from run to run."""
    line = line.replace(str(directory), "@D")
    for number, peer in enumerate(peers, 1):
        line = re.sub(rf"\b{peer.port}\b", f"@P{number}", line)
    for pattern, by in (*_VARYING, *_MORE):
        line = pattern.sub(by, line)
    return line


def run_exim(args: Sequence[str], said: str) -> list[str]:
    """Call the installed Exim; what it wrote and its exit status, once all that it left has ended."""
    assert EXIM is not None
    return _lines(run_whole([EXIM, *args], said.encode("latin-1")))


def run_ours(args: Sequence[str], said: str) -> list[str]:
    """The same with us, in a fork of this process: the program is imported already."""
    from eximia.cli.main import main

    return _lines(call_whole(lambda: main(["exim", *args]), said.encode("latin-1")))


def elsewhere(case: Dialogue, program: str) -> list[str]:
    """Hold it in namespaces where `zone` is the DNS."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "case").write_bytes(pickle.dumps(({**asdict(case), "zone": ""}, program)))
        words = [
            "env",
            f"PYTHONPATH={SOURCE}",
            sys.executable,
            "-m",
            "oracle.held_case",
            str(folder / "case"),
            str(folder / "seen"),
        ]
        done = run_inside(folder, case.zone, words, where=Path(__file__).parents[1])
        assert done.returncode == 0, done.stderr.decode()
        seen: list[str] = pickle.loads((folder / "seen").read_bytes())
        return seen


def _lines(ended: Ended) -> list[str]:
    lines = [line.rstrip("\r") for line in (ended.out + ended.err).decode("latin-1").split("\n")]
    return [*[line for line in lines if line and not line.startswith(">>>")], f"(status {ended.status})"]


def compare(case: Dialogue) -> None:
    """Both programs must come to the same, save what the case says."""
    compare_held(lambda: case.outcome("exim4"), lambda: case.outcome("ours"), case.differs)


def named(**families: dict[str, Dialogue]) -> list[Any]:
    """The cases of some families, as parameters of a test."""
    return [
        pytest.param(case, id=f"{family}: {name}") for family, cases in families.items() for name, case in cases.items()
    ]
