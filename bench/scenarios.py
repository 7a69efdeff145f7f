"""What is measured: accepting only, relaying, local Maildirs; sessions x messages a connection x size."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.contenders import LOCAL_DOMAIN, LOCAL_USER, RELAY_DOMAIN, SINK_HOST, Contender


@dataclass(frozen=True)
class Scenario:
    kind: str  #: "accept", "relay" or "maildir"
    sessions: int
    per_connection: int
    size: int
    messages: int

    @property
    def name(self) -> str:
        return f"{self.kind} {self.sessions}x{self.per_connection} {self.size // 1024} KB"


@dataclass(frozen=True)
class Result:
    seconds: float
    messages: int
    user: float
    system: float
    memory: int

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def cpu_ms(self) -> float:
        return (self.user + self.system) * 1000 / self.messages

    @property
    def user_ms(self) -> float:
        return self.user * 1000 / self.messages


class Sink:
    """Postfix's smtp-sink, with its running count of messages."""

    def __init__(self, tree: Path, port: int) -> None:
        environment = {**os.environ, "LD_LIBRARY_PATH": str(tree / "usr/lib/postfix")}
        # It flushes its count only to a terminal.
        self.terminal, theirs = os.openpty()
        self.process = subprocess.Popen(
            [str(tree / "usr/sbin/smtp-sink"), "-u", "nobody", "-c", f"{SINK_HOST}:{port}", "1000"],
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        os.close(theirs)
        self.messages = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        tail = b""
        while True:
            try:
                tail = (tail + os.read(self.terminal, 65536))[-400:]
            except OSError:  # the sink has ended
                return
            found = re.findall(rb"mesg=(\d+)[^\d]", tail)
            if found:
                self.messages = int(found[-1])

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


def run(contender: Contender, scenario: Scenario, tree: Path, sink_port: int) -> Result:
    """One round: a fresh server, a warm-up of a few messages, the load, until the last message has arrived."""
    sink = Sink(tree, sink_port) if scenario.kind == "relay" else None
    try:
        contender.start(queue_only=scenario.kind == "accept")
        _load(contender, Scenario(scenario.kind, 2, 2, 1024, 8), tree)
        _wait(contender, scenario, sink, 8)
        time.sleep(0.3)
        user, system = contender.group.cpu()
        begin = time.monotonic()
        _load(contender, scenario, tree)
        _wait(contender, scenario, sink, 8 + scenario.messages)
        seconds = time.monotonic() - begin
        memory = contender.group.memory()
        time.sleep(1.0)  # what is done after the last message belongs to it
        user2, system2 = contender.group.cpu()
        return Result(seconds, scenario.messages, user2 - user, system2 - system, memory)
    finally:
        contender.stop()
        if sink is not None:
            sink.stop()


def _load(contender: Contender, scenario: Scenario, tree: Path) -> None:
    to = f"{LOCAL_USER}@{LOCAL_DOMAIN}" if scenario.kind == "maildir" else f"user@{RELAY_DOMAIN}"
    if scenario.kind == "accept":
        to = f"{LOCAL_USER}@{LOCAL_DOMAIN}"
    command = [str(tree / "usr/sbin/smtp-source"), "-s", str(scenario.sessions), "-m", str(scenario.messages)]
    command += ["-l", str(scenario.size), "-f", f"sender@{LOCAL_DOMAIN}", "-t", to]
    if scenario.per_connection > 1:
        command.append("-d")
    command.append(f"127.0.0.1:{contender.port}")
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tree / "usr/lib/postfix")}
    subprocess.run(command, check=True, env=environment, timeout=300, stdout=subprocess.DEVNULL)


def _wait(contender: Contender, scenario: Scenario, sink: Sink | None, count: int) -> None:
    if scenario.kind == "accept":
        return
    end = time.monotonic() + 40
    while time.monotonic() < end:
        arrived = sink.messages if sink is not None else contender.delivered_locally()
        if arrived >= count:
            return
        time.sleep(0.005)
    raise TimeoutError(f"{contender.name}: {scenario.name}: not all messages arrived")
