"""python -m bench.long_queue [--messages N] [--split] [--keep FOLDER]: a queue of N messages, how long it takes to
count and list it and until a queue run makes its first delivery attempt, and the memory of each.

Nothing is delivered: every address is deferred by its router."""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from eximia.base.text import Untainted
from eximia.context.message import Recipient
from eximia.message.header import Header
from eximia.message.ids import IdSource
from eximia.spool.header_file import SpoolHeader, write_header

CONFIGURATION = """\
spool_directory = {folder}
log_file_path = {folder}/log/%slog
exim_user = {user}
exim_group = {group}
primary_hostname = backlog.example
keep_environment =
never_users =
log_selector = +queue_run
{split}
begin routers
all:
  driver = redirect
  allow_defer
  data = :defer: later
begin retry
* * F,4d,1h
"""


def make(folder: Path, count: int, *, split: bool, short: bool) -> None:
    """Write the spool: messages of 2 KB with one to three recipients, a tenth of them frozen."""
    spool = folder / "input"
    spool.mkdir(parents=True)
    (folder / "log").mkdir()
    (folder / "db").mkdir()
    if split:
        for letter in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz":
            (spool / letter).mkdir()
    clock = (time.time_ns() - 3_600_000_000_000) // 1000
    now = [clock * 1000]

    def tick() -> int:
        now[0] += 10_000_000
        return now[0]

    ids = IdSource(now_ns=tick, short=short)
    body = b"A line of the body that has seventy characters, more or less, so it has.\n" * 20
    for number in range(count):
        message_id, received = ids.next()
        header = SpoolHeader(
            id=message_id,
            login="sender",
            uid=1000,
            gid=1000,
            sender=f"sender{number % 977}@origin.example",
            received_time=int(received),
            received_time_usec=number % 1_000_000,
            host_address="192.0.2.1",
            host_port=2525,
            helo_name="mail.origin.example",
            received_protocol="esmtp",
            body_linecount=20,
            max_received_linelength=74,
            frozen=int(received) if number % 10 == 0 else -1,
            recipients=[Recipient(address=f"user{number}.{n}@away.example") for n in range(1 + number % 3)],
            headers=[
                Header(Untainted("Received: from mail.origin.example by backlog.example;\n\tmoments ago\n"), "P"),
                Header(Untainted("From: Some Body <somebody@origin.example>\n"), "F"),
                Header(Untainted(f"Message-Id: <{number}@origin.example>\n"), "I"),
                Header(Untainted("Subject: one of very many\n"), " "),
            ],
        )
        place = spool / message_id[5] if split else spool
        (place / f"{message_id}-D").write_bytes(f"{message_id}-D\n".encode() + body)
        (place / f"{message_id}-H").write_bytes(write_header(header).encode("latin-1"))


def timed(command: Sequence[str], *, shell: str = "") -> tuple[float, float, str]:
    """(seconds, most memory in MB, output) of a command, or of a command with `shell` after it."""
    begin = time.monotonic()
    text = " ".join(command) + shell
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = subprocess.run(["/bin/sh", "-c", text], capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    if done.returncode:
        sys.stderr.write(done.stderr)
    memory = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    return seconds, memory / 1024, done.stdout


def first_attempt(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Seconds from the start of a run to its first line about a message, and its memory ten seconds later."""
    log = folder / "log" / "mainlog"
    at = log.stat().st_size if log.exists() else 0
    begin = time.monotonic()
    run = subprocess.Popen(command)
    try:
        while run.poll() is None and time.monotonic() - begin < 120:
            text = log.read_text(errors="replace")[at:] if log.exists() else ""
            if re.search(r"(=>|==|->|\*\*|Completed)", text):
                break
            time.sleep(0.02)
        seconds = time.monotonic() - begin
        time.sleep(10)
        match = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{run.pid}/status").read_text())
        return seconds, int(match[1]) / 1024 if match else 0.0
    finally:
        run.terminate()
        run.wait(10)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.long_queue", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--split", action="store_true", help="split_spool_directory")
    parser.add_argument("--short", action="store_true", help="message ids as Exim 4.96 makes them")
    parser.add_argument("--program", default="", help="another program to measure, such as /usr/sbin/exim4")
    parser.add_argument("--keep", type=Path, help="make the queue here, or use what is here, and leave it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eximia-queue-") as scratch:
        folder = arguments.keep or Path(scratch) / "spool"
        configuration = folder.parent / f"{folder.name}.conf"
        user, group = ("mail", "mail") if os.geteuid() == 0 else (str(os.getuid()), str(os.getgid()))
        if not folder.exists():
            make(folder, arguments.messages, split=arguments.split, short=arguments.short)
            configuration.write_text(
                CONFIGURATION.format(
                    folder=folder,
                    user=user,
                    group=group,
                    split="split_spool_directory" if arguments.split else "",
                )
            )
            if os.geteuid() == 0:
                Path(scratch).chmod(0o755)
                subprocess.run(["chown", "-R", f"{user}:{group}", str(folder)], check=True)
        program = [arguments.program] if arguments.program else [sys.executable, "-m", "eximia.cli.launched", "exim"]
        base = [*program, "-C", str(configuration)]
        for what, words, shell in (
            ("-bpc", ["-bpc"], ""),
            ("-bp | head", ["-bp"], " | head -20"),
            ("-bpr | head", ["-bpr"], " | head -20"),
            ("-bp", ["-bp"], " | tail -1"),
            ("-bpi", ["-bpi"], " | tail -1"),
        ):
            if arguments.program and what == "-bpi":
                continue
            times = sorted(timed([*base, *words], shell=shell)[:2] for _ in range(3))
            print(f"{what:12} {times[1][0]:6.2f} s  (most memory so far {times[1][1]:5.0f} MB)", flush=True)
        seconds, memory = first_attempt([*base, "-q"], folder)
        print(f"{'-q, first':12} {seconds:6.2f} s  ({memory:5.0f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
