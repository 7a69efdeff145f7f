"""Mixed traffic through two servers: the client's messages go to the first, which relays them to the second, which
writes a file for each recipient. Afterwards every file is compared with what was sent: nothing lost, doubled or altered.

    python -m interop.traffic [--messages N] [--pair FIRST:SECOND]...

with `ours` or `exim4` for FIRST and SECOND; needs root and, for exim4, Exim. The tests run it with few messages."""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support_servers import end_program, free_port

#: the senders' domain: reports of success go there
ORIGIN = "origin.test"
PAIRS = (("ours", "ours"), ("ours", "exim4"), ("exim4", "ours"))
SERVER = """\
spool_directory = {folder}
exim_user = {user}
exim_group = {group}
log_file_path = {folder}/log/%slog
primary_hostname = {name}.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
pid_file_path = {folder}/pid
keep_environment =
never_users =
tls_advertise_hosts =
prdr_enable
chunking_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
allow_utf8_domains
pipelining_advertise_hosts = *
smtp_accept_max = 200
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
smtp_accept_queue = 0
smtp_connect_backlog = 200
remote_max_parallel = 4
queue_run_max = 4
{queue}
acl_smtp_rcpt = accept
acl_smtp_data_prdr = accept
begin routers
{routers}
begin transports
smtp:
  driver = smtp
  port = {next_port}
  allow_localhost
  hosts_try_prdr = *
  hosts_try_chunking = *
  multi_domain
file:
  driver = appendfile
  directory = {mailbox}
  maildir_format
  create_directory
  envelope_to_add
  return_path_add
  user = {user}
  group = {group}
begin retry
* * F,1h,5s
"""
RELAYING = """\
onward:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = smtp
"""
FINAL = """\
here:
  driver = accept
  transport = file
"""


@dataclass
class Sent:
    """A message as the client sends it. `text` has LF as line end."""

    number: int
    kind: str
    sender: str
    recipients: list[str]
    text: bytes
    mail: str = ""
    rcpt: str = ""
    chunked: bool = False

    @property
    def body(self) -> bytes:
        return self.text.partition(b"\n\n")[2]


@dataclass
class Outcome:
    """What went wrong, and how long it took."""

    messages: int = 0
    deliveries: int = 0
    reports: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def messages(count: int) -> Iterator[Sent]:
    """The traffic, the same each time."""
    chance = random.Random(4711)
    kinds = ("plain", "8bit", "utf8", "chunked", "prdr", "dsn", "many", "dots", "large", "empty")
    for number in range(count):
        kind = kinds[number % len(kinds)]
        sender = f"sender{number % 7}@{ORIGIN}"
        recipients = [f"r{number}@one.test"]
        mail = rcpt = ""
        subject = f"message {number}".encode()
        lines = [f"line {line} of {number} {chance.random()}".encode() for line in range(chance.randrange(1, 40))]
        chunked = False
        if kind == "8bit":
            mail = " BODY=8BITMIME"
            lines.append(bytes(range(128, 256)))
        elif kind == "utf8":
            mail = " SMTPUTF8 BODY=8BITMIME"
            sender = f"gr\u00fc\u00dfe{number % 5}@{ORIGIN}"
            recipients = [f"r{number}.b\u00fc@one.test", f"r{number}@two.test"]
            subject = f"message {number} \u20ac \u4f60\u597d".encode()
        elif kind == "chunked":
            chunked = True
            recipients.append(f"c{number}@two.test")
        elif kind == "prdr":
            mail = " PRDR"
            recipients += [f"p{number}.{each}@one.test" for each in range(3)]
        elif kind == "dsn":
            mail = f" RET=HDRS ENVID=e{number}"
            rcpt = f" NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;o{number}@first.test"
            recipients.append(f"d{number}@two.test")
        elif kind == "many":
            recipients = [f"m{number}.{each}@d{each % 3}.test" for each in range(20)]
        elif kind == "dots":
            lines = [b".", b"..", b".leading", b"x" * 990, b"", b". ", b"From here on", b"\ttab ", b"", *lines]
        elif kind == "large":
            lines = [bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz =.", k=76)) for _ in range(2500)]
        elif kind == "empty":
            lines = []
        head = [
            b"From: Some Body <" + sender.encode() + b">",
            b"To: undisclosed-recipients:;",
            b"Subject: " + subject,
            f"Message-Id: <{number}.{kind}@{ORIGIN}>".encode(),
            b"Date: Mon, 2 Nov 2026 10:00:00 +0000",
            f"X-Number: {number}".encode(),
            b"X-Folded: one\n\ttwo\n three",
        ]
        text = b"\n".join([*head, b"", *lines]) + b"\n"
        yield Sent(number, kind, sender, recipients, text, mail, rcpt, chunked)


class Client:
    """One connection that sends messages."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), 60)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.sock.makefile("rb")
        self.answer()
        self.command(b"EHLO client.test")

    def answer(self) -> bytes:
        while True:
            line = self.file.readline()
            if len(line) < 4 or line[3:4] == b" ":
                return line

    def command(self, line: bytes) -> bytes:
        self.sock.sendall(line + b"\r\n")
        return self.answer()

    def send(self, sent: Sent) -> str:
        """Send one message; what went wrong, or nothing."""
        envelope = [f"MAIL FROM:<{sent.sender}>{sent.mail}"]
        envelope += [f"RCPT TO:<{recipient}>{sent.rcpt}" for recipient in sent.recipients]
        wire = sent.text.replace(b"\n", b"\r\n")
        out = b"".join(line.encode() + b"\r\n" for line in envelope)
        expected = len(envelope)
        if sent.chunked:
            for start, end, last in ((0, 100, ""), (100, 101, ""), (101, len(wire), " LAST")):
                out += f"BDAT {end - start}{last}\r\n".encode() + wire[start:end]
            self.sock.sendall(out)
            answers = [self.answer() for _ in range(expected + 3)]
        else:
            self.sock.sendall(out + b"DATA\r\n")
            answers = [self.answer() for _ in range(expected + 1)]
            if not answers[-1].startswith(b"354"):
                return f"{sent.number} {sent.kind}: {answers!r}"
            self.sock.sendall(re.sub(rb"(?m)^\.", b"..", wire) + b".\r\n")
            last = self.answer()
            if last.startswith(b"353"):  # PRDR: an answer for each recipient, then one for all
                answers += [self.answer() for _ in sent.recipients]
                last = self.answer()
            answers.append(last)
        wrong = [each for each in answers if each[:1] not in (b"2", b"3")]
        return f"{sent.number} {sent.kind}: {wrong!r}" if wrong else ""

    def close(self) -> None:
        self.command(b"QUIT")
        self.sock.close()


class Server:
    """`ours` or `exim4` on a configuration of ours."""

    def __init__(self, kind: str, folder: Path, port: int, next_port: int, *, final: bool, mailbox: Path) -> None:
        self.kind = kind
        self.folder = folder
        self.port = port
        user, group = ("Debian-exim", "Debian-exim") if shutil.which("exim4") else ("mail", "mail")
        folder.mkdir()
        (folder / "log").mkdir()
        for each in (folder, folder / "log"):
            shutil.chown(each, user, group)
        self.configuration = folder.with_suffix(".conf")
        text = SERVER.format(
            folder=folder,
            user=user,
            group=group,
            name=folder.name,
            port=port,
            next_port=next_port,
            routers=FINAL if final else RELAYING,
            mailbox=mailbox,
            # Exim would start a process for each message at once
            queue="queue_only" if kind == "exim4" and not final else "",
        )
        self.configuration.write_text(text)
        program = ["exim4"] if kind == "exim4" else [sys.executable, "-m", "eximia.cli.launched", "exim"]
        self.base = [*program, "-C", str(self.configuration)]
        source = str(Path(__file__).parents[2] / "src")
        environment = {**os.environ, "PYTHONPATH": source}
        self.process = subprocess.Popen([*self.base, "-bdf", "-q2s"], env=environment, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                with socket.create_connection(("127.0.0.1", port), 1) as sock:
                    if sock.recv(10):
                        return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"{kind} does not answer")

    def queued(self) -> int:
        return sum(name.endswith("-H") for name in os.listdir(self.folder / "input"))

    def panic(self) -> str:
        path = self.folder / "log" / "paniclog"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        # what Exim says each time when it was not started on its installed configuration
        return "\n".join(line for line in lines if "lost privilege for using -C option" not in line)

    def stop(self) -> None:
        end_program(self.process)


def run(first: str, second: str, count: int, *, connections: int = 8, patience: float = 60) -> Outcome:
    """Send `count` messages through the two servers and compare. `patience`: seconds without progress to give up."""
    outcome = Outcome(messages=count)
    with tempfile.TemporaryDirectory(prefix="eximia-traffic-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        mailbox = folder / "b" / "mail"
        ports = free_port(), free_port()
        servers = [Server(second, folder / "b", ports[1], 9, final=True, mailbox=mailbox)]
        try:
            servers.append(Server(first, folder / "a", ports[0], ports[1], final=False, mailbox=folder / "none"))
            everything = list(messages(count))
            expected = sum(len(sent.recipients) for sent in everything)
            began = time.monotonic()
            send_all(everything, ports[0], connections, outcome)
            wanted_reports = sum(1 for sent in everything if sent.kind == "dsn")
            wait_for_files(mailbox / "new", expected + wanted_reports, servers, patience)
            outcome.seconds = time.monotonic() - began
            compare(everything, mailbox / "new", outcome)
            for server in servers:
                if server.queued():
                    outcome.faults.append(f"{server.kind} has {server.queued()} messages left")
                if server.panic():
                    outcome.faults.append(f"panic log of {server.kind}: {server.panic()[:300]}")
        finally:
            for server in servers:
                server.stop()
    return outcome


def send_all(everything: list[Sent], port: int, connections: int, outcome: Outcome) -> None:
    def work(part: list[Sent]) -> None:
        try:
            client = Client(port)
            for sent in part:
                wrong = client.send(sent)
                if wrong:
                    outcome.faults.append(wrong)
            client.close()
        except OSError as error:
            outcome.faults.append(f"connection: {error}")

    threads = [threading.Thread(target=work, args=(everything[each::connections],)) for each in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def wait_for_files(folder: Path, expected: int, servers: list[Server], patience: float) -> None:
    """Until all files are there and nothing is queued, or nothing has moved for `patience` seconds."""
    last, moved = -1, time.monotonic()
    while time.monotonic() - moved < patience:
        count = len(os.listdir(folder)) if folder.exists() else 0
        if count >= expected and not any(server.queued() for server in servers):
            return
        if count != last:
            last, moved = count, time.monotonic()
        time.sleep(0.2)


def compare(everything: list[Sent], folder: Path, outcome: Outcome) -> None:
    """Every recipient has the message once, its body and header lines as they were sent."""
    by_number = {sent.number: sent for sent in everything}
    seen: Counter[tuple[int, str]] = Counter()
    reported: Counter[str] = Counter()
    faults = outcome.faults
    for path in folder.iterdir() if folder.exists() else ():
        head, _, body = path.read_bytes().partition(b"\n\n")
        number = re.search(rb"(?m)^X-Number: (\d+)$", head)
        to = re.search(rb"(?m)^Envelope-to: (.+)$", head)
        if number is None:
            if b"report-type=delivery-status" in head:
                for envelope in re.findall(rb"(?m)^Original-Envelope-ID: (\S+)", head + body):
                    reported[envelope.decode()] += body.count(b"\nAction: delivered")
                continue
            faults.append(f"a strange message: {head[:300]!r}")
            continue
        sent = by_number[int(number[1])]
        recipient = to[1].decode() if to else ""
        seen[sent.number, recipient] += 1
        outcome.deliveries += 1
        if hashlib.sha256(body).digest() != hashlib.sha256(sent.body).digest():
            faults.append(f"{sent.number} {sent.kind} for {recipient}: another body")
        for line in sent.text.partition(b"\n\n")[0].split(b"\n"):
            if line not in head.split(b"\n"):
                faults.append(f"{sent.number} {sent.kind}: header line {line!r} is missing")
        if f"Return-path: <{sent.sender}>".encode() not in head:
            faults.append(f"{sent.number} {sent.kind}: another sender")
    for sent in everything:
        for recipient in sent.recipients:
            times = seen.pop((sent.number, recipient), 0)
            if times != 1:
                faults.append(f"{sent.number} {sent.kind} for {recipient}: came {times} times")
        if sent.kind == "dsn":
            times = reported.pop(f"e{sent.number}", 0)
            outcome.reports += times
            if times != len(sent.recipients):
                faults.append(f"{sent.number}: {times} recipients reported as delivered")
    faults += [f"{number} came to {recipient}, who was not addressed" for number, recipient in seen]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m interop.traffic", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--pair", action="append", default=[], help="FIRST:SECOND, each ours or exim4")
    arguments = parser.parse_args()
    status = 0
    for pair in arguments.pair or [":".join(each) for each in PAIRS]:
        first, second = pair.split(":")
        outcome = run(first, second, arguments.messages)
        words = f"{outcome.messages} messages, {outcome.deliveries} deliveries, {outcome.reports} reported"
        print(f"{pair:12} {words}, {outcome.seconds:.1f} s, {len(outcome.faults)} faults", flush=True)
        for fault in outcome.faults[:20]:
            print(f"  {fault}")
        status = status or bool(outcome.faults)
    return status


if __name__ == "__main__":
    sys.exit(main())
