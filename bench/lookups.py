"""Lookups in Redis and PostgreSQL through the RCPT ACL, side by side with an installed Exim: `python bench/lookups.py`.

10,000 lookups of different keys by 20 clients at the same time, in four shapes:

- `single`: one message of 5 recipients a session, as most mail comes;
- `mail`: sessions of 50 messages with 10 recipients each, every message received and delivered (into nothing);
- `queue`: the same, but messages are queued only;
- `rcpt`: sessions of 500 RCPT commands and no message: little else than the lookups.

Exim 4 of Debian has no Redis lookup; it asks Redis with `${readsocket}`. Figures are ratios within one run: (Exim's
time) / (our time). CPU is that of the mail server's processes (and, after the plus, of the database's), in microseconds
a lookup; `none` is the same without a lookup.
"""

from __future__ import annotations

import argparse
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / each) for each in ("", "tests", "src")]

from bench.contenders import distrust, trust  # noqa: E402
from bench.measure import Group  # noqa: E402
from support_services import MailServer, Running, free_port, listening, postgres, redis, until  # noqa: E402

LOOKUPS = 10_000
CLIENTS = 20
#: commands that a client sends at once (PIPELINING)
_BATCH = 25
#: name: (messages a session, recipients of each, whether the message itself is sent)
SHAPES = {"single": (1, 5, True), "mail": (50, 10, True), "queue": (50, 10, True), "rcpt": (1, 500, False)}
_TEXT = (
    b"From: s@x.ex\r\nTo: u@test.ex\r\nSubject: a message\r\nMessage-ID: <1@x.ex>\r\n\r\n" + b"text\r\n" * 20 + b".\r\n"
)
ROUTERS = "nothing:\n  driver = redirect\n  data = :blackhole:\n"
MAIN = """
pgsql_servers = {pgsql}
{queueing}
recipients_max = 100000
smtp_accept_max = 1000
smtp_accept_max_per_host = 1000
smtp_max_unknown_commands = 100000
log_selector = -smtp_no_mail -smtp_incomplete_transaction
"""
NONE = "  deny !condition = ${if def:local_part}\n"
PGSQL = "  deny !condition = ${lookup pgsql{select v from t where k='${quote_pgsql:$local_part}'}{yes}}\n"
OURS_REDIS = "  deny !condition = ${lookup redis{get ${quote_redis:$local_part}}{yes}}\n"
EXIM_REDIS = (
    "  deny !condition = ${if match{${readsocket{inet:127.0.0.1:PORT}"
    "{GET $local_part\\r\\nQUIT\\r\\n}{3s}}}{yes}{yes}}\n"
)
EXIM = """
primary_hostname = mx.test.ex
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
acl_smtp_rcpt = check_rcpt
acl_smtp_data = accept
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
smtp_accept_queue_per_connection = 0
{main}
begin acl
check_rcpt:
{rcpt}
  accept
begin routers
{routers}
"""
#: what a client does next: (what it sends, how many replies it waits for)
_Script = Generator[tuple[bytes, int], None, None]


def fill(database: Running, store: Running) -> None:
    rows = ",".join(f"('u{number}','yes')" for number in range(LOOKUPS))
    psql(database, f"create table t(k text primary key, v text); insert into t values {rows}; analyze t")
    with socket.create_connection(("127.0.0.1", store.port)) as one:
        one.sendall(b"".join(b"SET u%d yes\r\n" % number for number in range(LOOKUPS)))
        received = 0
        while received < 5 * LOOKUPS:
            received += len(one.recv(1 << 16))


def psql(database: Running, text: str) -> None:
    command = ["psql", "-q", "-h", "127.0.0.1", "-p", str(database.port), "-U", "postgres", "postgres"]
    subprocess.run(command, input=text, text=True, check=True)


def script(keys: Iterator[int], messages: int, recipients: int, whole: bool) -> _Script:
    """One session."""
    yield b"", 1
    yield b"EHLO client.ex\r\n", 1
    for _ in range(messages):
        left = recipients
        head = b"MAIL FROM:<s@x.ex>\r\n"
        while left:
            number = min(_BATCH, left)
            left -= number
            batch = b"".join([b"RCPT TO:<u%d@test.ex>\r\n" % next(keys) for _ in range(number)])
            last = whole and not left
            yield head + batch + b"DATA\r\n" * last, number + bool(head) + last
            head = b""
        if whole:
            yield _TEXT, 1
    yield b"QUIT\r\n", 1


class Client:
    """A session under way. All of them run in one thread, so that the clients cost little beside the servers."""

    def __init__(self, port: int, talk: _Script) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.talk = talk
        self.waiting = next(talk)[1]
        self.rest = b""

    def readable(self) -> bool:
        """Take replies; False at the end of the session."""
        *lines, self.rest = (self.rest + self.sock.recv(1 << 16)).split(b"\r\n")
        for line in lines:
            if line[:1] not in b"23":
                raise RuntimeError(f"refused: {line!r}")
            self.waiting -= line[3:4] == b" "
        if self.waiting:
            return True
        step = next(self.talk, None)
        if step is None:
            self.sock.close()
            return False
        self.sock.sendall(step[0])
        self.waiting = step[1]
        return True


def run(port: int, shape: str) -> float:
    """Seconds for all lookups; everything must be accepted."""
    messages, recipients, whole = SHAPES[shape]
    keys = iter(range(LOOKUPS))
    sessions = iter(range(LOOKUPS // (messages * recipients)))
    poll = selectors.DefaultSelector()
    begun = time.monotonic()

    def start() -> None:
        if next(sessions, None) is not None:
            client = Client(port, script(keys, messages, recipients, whole))
            poll.register(client.sock, selectors.EVENT_READ, client)

    for _ in range(CLIENTS):
        start()
    while poll.get_map():
        ready = poll.select(60)
        if not ready:
            raise RuntimeError("the server does not answer")
        for key, _ in ready:
            descriptor = key.fd
            if not key.data.readable():
                poll.unregister(descriptor)
                start()
    return time.monotonic() - begun


class Exim:
    """A daemon of the installed Exim."""

    def __init__(self, folder: Path, main: str, rcpt: str) -> None:
        for name in ("spool", "log"):
            (folder / name).mkdir(parents=True)
        self.folder = folder
        self.port = free_port()
        self.path = folder / "exim.conf"
        self.path.write_text(EXIM.format(folder=folder, port=self.port, main=main, rcpt=rcpt, routers=ROUTERS))
        subprocess.run(["chown", "-R", "Debian-exim:Debian-exim", str(folder)], check=True)
        subprocess.run(["chown", "root", str(self.path)], check=True)
        trust(str(self.path))
        self.running = subprocess.Popen(["exim4", "-C", str(self.path), "-bdf"])
        until(lambda: listening(self.port))

    def stop(self) -> None:
        self.running.terminate()
        self.running.wait()
        distrust(str(self.path))


def watched(name: str, pid: int) -> Group:
    """A control group with a process and its children."""
    group = Group(name)
    for each in [pid, *children(pid)]:
        for path in group.paths:
            (path / "cgroup.procs").write_text(str(each))
    return group


def children(pid: int) -> list[int]:
    found = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*found, *(each for child in found for each in children(child))]


def measure(server: MailServer | Exim, group: Group, other: Group, shape: str, rounds: int) -> tuple[float, int, int]:
    """(seconds, microseconds of CPU a lookup of the mail server, and of the database) of the best round."""
    best = (1e9, 0, 0)
    scale = 1e6 / LOOKUPS
    for _ in range(rounds):
        before, asked = sum(group.cpu()), sum(other.cpu())
        took = run(server.port, shape)
        time.sleep(0.5)
        best = min(best, (took, int((sum(group.cpu()) - before) * scale), int((sum(other.cpu()) - asked) * scale)))
        for each in (server.folder / "spool").glob("*/*"):
            shutil.rmtree(each, ignore_errors=True) if each.is_dir() else each.unlink(missing_ok=True)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", choices=("none", "pgsql", "redis"))
    parser.add_argument("--shape", choices=tuple(SHAPES))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lookups-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        database, store = postgres(folder / "pg"), redis(folder / "redis")
        try:
            fill(database, store)
            for what in [arguments.only] if arguments.only else ("none", "pgsql", "redis"):
                for shapes in (("single", "mail", "rcpt"), ("queue",)):
                    chosen = [each for each in shapes if arguments.shape in (None, each)]
                    if chosen:
                        compare(folder, what, chosen, database, store, arguments.rounds)
        finally:
            database.stop()
            store.stop()


def compare(folder: Path, what: str, shapes: list[str], database: Running, store: Running, rounds: int) -> None:
    """One kind of lookup in some shapes."""
    queueing = "queue_only" if shapes == ["queue"] else ""
    options = MAIN.format(pgsql=f"127.0.0.1::{database.port}/postgres/postgres/x", queueing=queueing)
    ours = f"{options}redis_servers = 127.0.0.1::{store.port}//\n"
    our_rcpt, exim_rcpt = {
        "none": (NONE, NONE),
        "pgsql": (PGSQL, PGSQL),
        "redis": (OURS_REDIS, EXIM_REDIS.replace("PORT", str(store.port))),
    }[what]
    name = f"{what}-{shapes[0]}"
    server = MailServer(folder / f"ours-{name}", main=ours, rcpt=our_rcpt, routers=ROUTERS, workers=0).start()
    exim = Exim(folder / f"exim-{name}", options, exim_rcpt)
    other = store if what == "redis" else database
    groups: list[Group] = []
    try:
        for group, each in (("ours", server.running), ("exim", exim.running), ("database", other.process)):
            assert each is not None
            groups.append(watched(group, each.pid))
        for shape in shapes:
            mine = measure(server, groups[0], groups[2], shape, rounds)
            theirs = measure(exim, groups[1], groups[2], shape, rounds)
            shown = " ".join(
                f"{name} {LOOKUPS / took:7.0f}/s CPU {own:5} (+{asked:4})  "
                for name, (took, own, asked) in (("ours", mine), ("exim", theirs))
            )
            print(f"{what:6} {shape:7} {shown} ratio {theirs[0] / mine[0]:.2f}", flush=True)
    finally:
        server.stop()
        exim.stop()
        for group in groups:
            group.remove()


if __name__ == "__main__":
    main()
