"""A running server of an installed Exim and of ours, and clients that talk to it in a given order.

What is compared: every reply, who is hung up on, the logs, what stays in the spool.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support_servers import free_port

from .session_world import HEAD, clean
from .transport_world import EXIM, SOURCE

_CONFIGURATION = f"""{HEAD}rfc1413_query_timeout = 0s
acl_smtp_rcpt = rcpt
{{main}}
begin acl
{{acl}}
begin routers
r:
 driver = accept
 transport = t
begin transports
t:
 driver = appendfile
 file = @D/box/$message_exim_id
 user = Debian-exim
 use_lockfile = false
begin retry
* * F,1h,10m
"""
_NOISE = re.compile(r"lost privilege for using|daemon started|SIGTERM received|^exim: |^\d{4}-.*daemon started")
_CLIENT = re.compile(r"\[(127\.0\.0\.\d+)\]:\d{4,5}")
_TIME = re.compile(r"[\d:]+ \+0000")
_LOAD = re.compile(r"load average (= )?[0-9.]+")


@dataclass
class Daemon:
    """One case. Lines of `script`: `a+127.0.0.2` connects client `a` from there, `a TEXT` says something (`\\n` in it is a
    line's end) and hears the reply, `a-` hangs up, `wait 0.5` waits."""

    script: Sequence[str]
    main: str = ""
    acl: str = "rcpt:\n accept\n"
    args: Sequence[str] = ()
    selector: str = "-pid +smtp_protocol_error +smtp_syntax_error +smtp_connection"
    files: dict[str, str] = field(default_factory=dict)

    def outcome(self, program: str) -> list[str]:
        """Everything that can be seen with "exim4" or "ours"."""
        directory = Path(tempfile.mkdtemp(prefix="eximia-daemon-"))
        try:
            return self._run(program, directory)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _run(self, program: str, directory: Path) -> list[str]:
        directory.chmod(0o755)
        owner = pwd.getpwnam("Debian-exim")
        for name in ("spool", "box"):
            (directory / name).mkdir()
            os.chown(directory / name, owner.pw_uid, owner.pw_gid)
        for name, text in self.files.items():
            (directory / name).write_text(text)
        for name in ("mainlog", "rejectlog", "paniclog"):
            (directory / name).touch()
            os.chown(directory / name, owner.pw_uid, owner.pw_gid)
        text = _CONFIGURATION.format(main=self.main, acl=self.acl, selector=self.selector)
        if program == "ours":
            text = f"limits_advertise_hosts =\nmessage_id_format = short\ndaemon_workers = 2\n{text}"
        (directory / "conf").write_text(text.replace("@D", str(directory)))
        port = free_port()
        args = ["-C", str(directory / "conf"), "-bdf", "-oX", f"127.0.0.1.{port}", "-oP", str(directory / "pid")]
        assert EXIM is not None
        words = [EXIM] if program == "exim4" else [sys.executable, "-m", "eximia.cli.launched", "exim"]
        daemon = subprocess.Popen(
            [*words, *args, *self.args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            start_new_session=True,
        )
        try:
            _wait_for(port)
            time.sleep(0.3)
            _rest(daemon.pid, directory)  # the trial connection is over
            lines = _Clients(port, lambda: _rest(daemon.pid, directory)).play(self.script)
            time.sleep(0.5)
            _rest(daemon.pid, directory)
        finally:
            daemon.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                daemon.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()
        for name in ("main", "reject", "panic"):
            told = [line[20:] for line in (directory / f"{name}log").read_text("latin-1").splitlines()]
            told = [line for line in told if not _NOISE.search(line) and "[127.0.0.250]" not in line]
            told = [self._clean(line, directory, port) for line in told]
            lines += [f"-- {name}log", *sorted(told)]
        lines.append(f"-- {len(list((directory / 'spool' / 'input').rglob('*-H')))} in the spool")
        return [self._clean(line, directory, port) for line in lines]

    def _clean(self, line: str, directory: Path, port: int) -> str:
        line = _CLIENT.sub(r"[\1]:PORT", line.replace(f"]:{port}", "]:SERVER"))
        return clean(_TIME.sub("TIME", _LOAD.sub(r"load average \1N", line)), directory, ())


class _Clients:
    def __init__(self, port: int, rest: Callable[[], None]) -> None:
        self.port = port
        #: waits until the server has done what there was to do
        self.rest = rest
        self.open: dict[str, socket.socket] = {}
        self.lines: list[str] = []

    def play(self, script: Sequence[str]) -> list[str]:
        for line in script:
            name, rest = line[:1], line[1:]
            if line.startswith("wait "):
                time.sleep(float(line[5:]))
                self.rest()
            elif rest.startswith("+"):
                self.open[name] = socket.create_connection(("127.0.0.1", self.port), 30, (rest[1:], 0))
                self.hear(name)
            elif rest == "-":
                self.open.pop(name).close()
                time.sleep(0.25)
                self.rest()
            else:
                said = rest[1:].replace("\n", "\r\n") + "\r\n"
                self.lines.append(f"{name}> {rest[1:]}")
                with contextlib.suppress(OSError):
                    self.open[name].sendall(said.encode("latin-1"))
                self.hear(name)
        for each in self.open.values():
            each.close()
        return self.lines

    def hear(self, name: str) -> None:
        """One reply."""
        text = b""
        while not re.search(rb"(?m)^\d\d\d(?: .*)?\r\n\Z", text):
            try:
                more = self.open[name].recv(1000)
            except ConnectionError:
                more = b""
            except TimeoutError:
                text += b"(silence)\r\n"
                break
            if not more:
                text += b"(hung up)\r\n"
                break
            text += more
        self.lines += [f"{name}< {line}" for line in text.decode("latin-1").split("\r\n")[:-1]]


def _rest(daemon: int, directory: Path) -> None:
    """Until all processes of a server sleep, three looks in a row: on a busy machine some still have work to do after the
    time that a script waits."""
    seen, times = set(), 0
    end = time.monotonic() + 60
    while times < 3 and time.monotonic() < end:
        states = _states(daemon, str(directory).encode())
        asleep = set(states.values()) <= {"S", "Z"}
        times = times + 1 if asleep and seen == set(states) else 0
        seen = set(states)
        time.sleep(0.02)


def _states(daemon: int, mark: bytes) -> dict[str, str]:
    """The states of the processes of a session, and of those that left it and have `mark` in their command lines."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (place / "stat").read_text("latin-1").rpartition(")")[2].split()
            if int(fields[3]) == daemon or mark in (place / "cmdline").read_bytes():
                found[place.name] = fields[0]
    return found


def _wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.250", 0)) as sock:
            sock.recv(100)
            sock.sendall(b"QUIT\r\n")
            sock.recv(100)
            return
        time.sleep(0.05)
    raise AssertionError("the server does not start")
