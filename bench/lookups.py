"""Lookups in Redis and PostgreSQL through the RCPT ACL, side by side with an installed Exim: `python bench/lookups.py`.

10,000 lookups of different keys by 20 clients at the same time, in two shapes: long sessions (500 recipients each) and
short ones (5 recipients, as mail comes). Exim 4 of Debian has no Redis lookup; it asks Redis with `${readsocket}`.
Figures are ratios within one run: (Exim's time) / (our time).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / each) for each in ("tests", "src")]

from support_services import MailServer, Running, free_port, listening, postgres, redis, until  # noqa: E402

LOOKUPS = 10_000
CLIENTS = 20
#: commands that a client sends at once (PIPELINING)
_BATCH = 25
MAIN = """
pgsql_servers = {pgsql}
recipients_max = 100000
smtp_accept_max = 1000
smtp_accept_max_per_host = 1000
smtp_max_unknown_commands = 100000
log_selector = -smtp_no_mail -smtp_incomplete_transaction
"""
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
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
{main}
begin acl
check_rcpt:
{rcpt}
  accept
begin routers
local:
  driver = accept
  transport = none
begin transports
none:
  driver = appendfile
  file = /dev/null
"""


def fill(database: Running, store: Running) -> None:
    rows = ",".join(f"('u{number}','yes')" for number in range(LOOKUPS))
    psql(database, f"create table t(k text primary key, v text); insert into t values {rows}")
    import socket

    with socket.create_connection(("127.0.0.1", store.port)) as one:
        one.sendall(b"".join(b"SET u%d yes\r\n" % number for number in range(LOOKUPS)))
        received = 0
        while received < 5 * LOOKUPS:
            received += len(one.recv(1 << 16))


def psql(database: Running, text: str) -> None:
    command = ["psql", "-q", "-h", "127.0.0.1", "-p", str(database.port), "-U", "postgres", "postgres"]
    subprocess.run(command, input=text, text=True, check=True)


def run(port: int, per_session: int) -> float:
    """Seconds for all lookups; every recipient must be accepted."""
    numbers = iter(range(0, LOOKUPS, per_session))
    lock = threading.Lock()
    failures: list[bytes] = []

    def client() -> None:
        import socket

        while True:
            with lock:
                start = next(numbers, None)
            if start is None:
                return
            with socket.create_connection(("127.0.0.1", port)) as one:
                file = one.makefile("rb")
                file.readline()
                one.sendall(b"EHLO client.ex\r\n")
                while file.readline()[3:4] != b" ":
                    continue
                one.sendall(b"MAIL FROM:<s@x.ex>\r\n")
                file.readline()
                for first in range(start, start + per_session, _BATCH):
                    batch = range(first, min(first + _BATCH, start + per_session))
                    one.sendall(b"".join([b"RCPT TO:<u%d@test.ex>\r\n" % number for number in batch]))
                    answers = [file.readline() for _ in batch]
                    failures.extend(answer for answer in answers if not answer.startswith(b"250"))
                one.sendall(b"QUIT\r\n")
                file.readline()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    if failures:
        raise RuntimeError(f"{len(failures)} refused: {failures[0]!r}")
    return took


class Exim:
    """A daemon of the installed Exim."""

    def __init__(self, folder: Path, main: str, rcpt: str) -> None:
        for name in ("spool", "log"):
            (folder / name).mkdir(parents=True)
        self.port = free_port()
        path = folder / "exim.conf"
        path.write_text(EXIM.format(folder=folder, port=self.port, main=main, rcpt=rcpt))
        subprocess.run(["chown", "-R", "Debian-exim:Debian-exim", str(folder)], check=True)
        subprocess.run(["chown", "root", str(path)], check=True)
        self.process = subprocess.Popen(["exim4", "-C", str(path), "-bdf"])
        until(lambda: listening(self.port))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="lookups-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        database, store = postgres(folder / "pg"), redis(folder / "redis")
        try:
            fill(database, store)
            options = MAIN.format(pgsql=f"127.0.0.1::{database.port}/postgres/postgres/x")
            ours = f"{options}redis_servers = 127.0.0.1::{store.port}//\n"
            for what, our_rcpt, exim_rcpt in (
                ("pgsql", PGSQL, PGSQL),
                ("redis", OURS_REDIS, EXIM_REDIS.replace("PORT", str(store.port))),
            ):
                server = MailServer(folder / f"ours-{what}", main=ours, rcpt=our_rcpt, workers=0).start()
                exim = Exim(folder / f"exim-{what}", options, exim_rcpt)
                try:
                    for shape, per_session in (("long", 500), ("short", 5)):
                        mine = min(run(server.port, per_session) for _ in range(rounds))
                        theirs = min(run(exim.port, per_session) for _ in range(rounds))
                        print(
                            f"{what:6} {shape:6} ours {LOOKUPS / mine:8.0f}/s  exim {LOOKUPS / theirs:8.0f}/s  "
                            f"ratio {theirs / mine:.2f}",
                            flush=True,
                        )
                finally:
                    server.stop()
                    exim.stop()
        finally:
            database.stop()
            store.stop()


if __name__ == "__main__":
    main()
