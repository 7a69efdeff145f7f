"""A server with a local and a remote destination, a peer that misbehaves on demand, and counting what arrived.

Faults come from outside: strace makes the Nth call of a system call kill the process or fail, so that nothing in the
program knows of it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import smtplib
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from eximia.spool import Spool
from eximia.spool.recovery import unfinished
from support_servers import end_program, free_port

SOURCE = Path(__file__).resolve().parents[2] / "src"
CONFIGURATION = """
primary_hostname = faults.example
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
daemon_workers = 1
acl_smtp_rcpt = accept
acl_not_smtp = accept
domainlist local_domains = local.example
qualify_domain = local.example
never_users =
log_selector = +all
smtp_accept_queue_per_connection = 0
{extra}
begin routers
remote:
  driver = manualroute
  domains = ! +local_domains
  route_list = * 127.0.0.1::{peer}
  self = send
  transport = smtp
local:
  driver = accept
  transport = maildir
begin transports
smtp:
  driver = smtp
  allow_localhost
  hosts_try_fastopen =
  connect_timeout = 2s
  command_timeout = 2s
  data_timeout = 2s
  final_timeout = 2s
maildir:
  driver = appendfile
  directory = {folder}/mail/${{if inlist{{$local_part}}{{alice:bob:postmaster}}{{$value}}{{other}}}}
  maildir_format
  create_directory
begin retry
* * F,1h,1s
"""


class Peer(socketserver.ThreadingTCPServer):
    """A small SMTP server. `misbehave` is (step, how): at that step it hangs, closes, or answers 4xx or 5xx."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__((address, 0), PeerSession)
        self.port = self.server_address[1]
        self.messages: list[bytes] = []
        self.misbehave: tuple[str, str] = ("", "")
        self.misbehaved = 0
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no error here."""


class PeerSession(socketserver.StreamRequestHandler):
    server: Peer

    def step(self, name: str, reply: str) -> bool:
        step, how = self.server.misbehave
        if step == name:
            self.server.misbehaved += 1
            if how == "hang":
                time.sleep(4)
                return False
            if how == "close":
                return False
            reply = {"4xx": "451 not now", "5xx": "550 never", "garbage": "\x00\xff nonsense"}[how]
            if name == "banner":
                reply = reply.replace("451", "421").replace("550", "554")
        self.wfile.write(reply.encode("latin-1") + b"\r\n")
        return True

    def handle(self) -> None:
        if not self.step("banner", "220 peer ESMTP"):
            return
        lines: list[bytes] = []
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word in (b"EHLO", b"HELO"):
                if self.server.misbehave[0] == "ehlo":
                    if not self.step("ehlo", ""):
                        return
                else:
                    self.wfile.write(b"250-peer\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n")
            elif word == b"DATA":
                if not self.step("data", "354 go"):
                    return
                if self.server.misbehave[0] == "data":
                    continue
                lines = []
                while (text := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(text)
                if not text:
                    return
                # What is acknowledged here has arrived: the answer may still be lost.
                if self.server.misbehave[0] == "dot":
                    if self.server.misbehave[1] == "late":
                        self.server.messages.append(b"".join(lines))
                    if not self.step("dot", "250 taken"):
                        return
                    continue
                self.server.messages.append(b"".join(lines))
                self.wfile.write(b"250 taken\r\n")
            elif word == b"QUIT":
                self.step("quit", "221 bye")
                return
            else:
                name = {b"MAIL": "mail", b"RCPT": "rcpt"}.get(word, "other")
                if not self.step(name, "250 ok"):
                    return


class World:
    """One server below `folder`."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.folder = folder
        self.peer = Peer()
        self.port = free_port()
        self.extra = extra
        self.uid = 65534 if os.geteuid() == 0 else os.geteuid()
        self.server: subprocess.Popen[bytes] | None = None
        self.tokens = 0
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("spool", "log", "mail"):
            (folder / name).mkdir(exist_ok=True)
        self.configuration = folder / "exim.conf"
        text = CONFIGURATION.format(folder=folder, port=self.port, peer=self.peer.port, extra=extra)
        self.configuration.write_text(text)
        site = folder / "site.toml"
        site.write_text("")
        if os.geteuid() == 0:
            for each in [folder, *folder.rglob("*")]:
                os.chown(each, self.uid, self.uid)
        self.environment = {**os.environ, "PYTHONPATH": str(SOURCE), "EXIMIA_SITE": str(site)}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "eximia.cli.launched", "exim", "-C", str(self.configuration), *words]

    def _as_user(self) -> dict[str, object]:
        return {"user": self.uid, "group": self.uid, "extra_groups": []} if os.geteuid() == 0 else {}

    def start(self, *words: str) -> None:
        with open(self.folder / "output", "ab") as output:
            self.server = subprocess.Popen(
                self.command("-bdf", *words),
                env=self.environment,
                cwd="/",
                stdout=output,
                stderr=subprocess.STDOUT,
                **self._as_user(),  # type: ignore[call-overload]
            )
        self.wait_serving()

    def wait_serving(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as sock:
                    sock.settimeout(5)
                    if sock.recv(3) == b"220":
                        return
            except OSError:
                pass
            time.sleep(0.05)
        raise TimeoutError((self.folder / "output").read_text(errors="replace"))

    def worker(self) -> int:
        """The pid of the worker."""
        assert self.server is not None
        end = time.monotonic() + 60
        while time.monotonic() < end:
            out = subprocess.run(["pgrep", "-P", str(self.server.pid)], capture_output=True, text=True, check=False)
            if out.stdout:
                return int(out.stdout.split()[0])
            time.sleep(0.05)  # another is being started
        raise TimeoutError((self.folder / "output").read_text(errors="replace"))

    def stop(self) -> None:
        if self.server is not None:
            end_program(self.server)
            self.server = None

    def close(self) -> None:
        self.stop()
        self.peer.shutdown()
        self.peer.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Mail

    def token(self) -> str:
        self.tokens += 1
        return f"token-{os.getpid()}-{self.tokens}x"

    def send(self, recipient: str, token: str, size: int = 200) -> bool:
        """Send one message by SMTP; True when it was acknowledged with 250."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 20) as sock:
                sock.settimeout(30)
                stream = sock.makefile("rwb")

                def say(text: bytes, code: bytes) -> bool:
                    stream.write(text)
                    stream.flush()
                    while True:
                        line = stream.readline()
                        if line[3:4] != b"-":
                            return line.startswith(code)

                body = f"Subject: {token}\r\n\r\n".encode() + b"x" * 60 + b"\r\n" * (size // 62)
                return (
                    say(b"", b"220")
                    and say(b"EHLO client.example\r\n", b"250")
                    and say(b"MAIL FROM:<bob@local.example>\r\n", b"250")
                    and say(f"RCPT TO:<{recipient}>\r\n".encode(), b"250")
                    and say(b"DATA\r\n", b"354")
                    and say(body + b"\r\n.\r\n", b"250")
                )
        except (OSError, smtplib.SMTPException):
            return False

    def arrived(self) -> Counter[str]:
        """How often each token's message has arrived, by its Subject; bounces count under `bounce <token>`."""
        found: Counter[str] = Counter()
        texts = list(self.peer.messages)
        texts += [path.read_bytes() for path in (self.folder / "mail").glob("*/new/*")]
        for text in texts:
            match = re.search(rb"^Subject: (token-\S+x)", text, re.MULTILINE)
            if match is None:
                continue
            bounce = b"report-type=delivery-status" in text or b"Auto-Submitted: auto-replied" in text
            found[("bounce " if bounce else "") + match[1].decode()] += 1
        return found

    def queued(self) -> int:
        done = subprocess.run(
            self.command("-bpc"),
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            **self._as_user(),  # type: ignore[call-overload]
        )
        return int(done.stdout.strip() or 0)

    def run_queue(self) -> None:
        subprocess.run(
            self.command("-qff"),
            env=self.environment,
            capture_output=True,
            check=False,
            timeout=120,
            **self._as_user(),  # type: ignore[call-overload]
        )

    def settle(self, seconds: float = 60) -> None:
        """Queue runs until nothing is queued, or as long as given."""
        end = time.monotonic() + seconds
        time.sleep(0.1)
        spool = Spool(str(self.folder / "spool"))
        while time.monotonic() < end:
            if unfinished(spool):
                time.sleep(0.05)
            elif self.queued():
                self.run_queue()
            else:
                return

    def log(self) -> str:
        path = self.folder / "log" / "mainlog"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_log(self, text: str, since: int = 0) -> None:
        """Wait for something in the main log; `since`: how long that was before."""
        end = time.monotonic() + 60
        while text not in self.log()[since:]:
            assert time.monotonic() < end, self.log()
            time.sleep(0.05)

    def story(self) -> str:
        """What is in the spool, and the end of the log, for a failing test."""
        files = [str(path.relative_to(self.folder)) for path in (self.folder / "spool").rglob("*") if path.is_file()]
        log = self.log().splitlines()[-25:]
        return "\n".join([*files, *log])

    # Faults

    def inject(self, pid: int, call: str, what: str) -> subprocess.Popen[bytes]:
        """Attach strace to a process: `what` as after `-e inject=CALL:`, such as `signal=KILL:when=3`."""
        tracer = subprocess.Popen(
            [
                "strace",
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                f"trace={call}",
                "-e",
                f"inject={call}:{what}",
                "-p",
                str(pid),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        end = time.monotonic() + 20
        while tracer.poll() is None and not _traced(pid) and time.monotonic() < end:
            time.sleep(0.01)
        return tracer

    def end_trace(self, tracer: subprocess.Popen[bytes], pid: int) -> bool:
        """Detach strace; whether the process was killed. The server serves then, in any case."""
        with suppress(ProcessLookupError):
            tracer.send_signal(signal.SIGINT)
        tracer.wait(60)
        # a signal that came in the last moment takes effect when the process goes on
        time.sleep(0.02)
        killed = _state(pid) in ("", "Z", "X")
        self.wait_serving()
        return killed


def _status(pid: int, name: str) -> str:
    """A field of /proc/PID/status, empty when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""
    return next((line.split()[1] for line in text.splitlines() if line.startswith(f"{name}:")), "")


def _traced(pid: int) -> bool:
    return _status(pid, "TracerPid") not in ("", "0")


def _state(pid: int) -> str:
    return _status(pid, "State")
