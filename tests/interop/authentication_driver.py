"""Runs inside a network namespace where the DNS is ours: starts a daemon, holds sessions, tells what happened.

    python authentication_driver.py JOB

JOB is a JSON file: `configuration` (path), `sessions` (swaks' words, each with --local-interface as it likes),
`arrivals` (how many messages the peer on port 2525 must get before it is over), `commands` (run at the end).
The answer is JSON on standard output.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from support_servers import wait_for_deliveries

ADDRESSES = ("192.0.2.1", "192.0.2.99", "198.51.100.7")


def wait_for_port(port: int) -> None:
    for _ in range(1200):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def main() -> None:
    from faults.world import SOURCE, Peer, PeerSession

    job = json.loads(Path(sys.argv[1]).read_text())
    for address in ADDRESSES:
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)

    class FixedPeer(Peer):
        def __init__(self) -> None:
            super(Peer, self).__init__(("127.0.0.1", 2525), PeerSession)
            self.port = 2525
            self.messages: list[bytes] = []
            self.misbehave = ("", "")
            self.misbehaved = 0
            threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    peer = FixedPeer()
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    program = [sys.executable, "-m", "eximia.cli.launched", "exim", "-C", job["configuration"]]
    daemon = subprocess.Popen([*program, "-bdf"], env=environment, stdout=2)
    outputs = []
    try:
        wait_for_port(25)
        for words in job["sessions"]:
            done = subprocess.run(
                ["swaks", "--server", "127.0.0.1", "--timeout", "20", *words],
                capture_output=True,
                text=True,
                check=False,
            )
            outputs.append(done.stdout + done.stderr)
        wait_for_deliveries(Path(job["configuration"]).parent / "log" / "mainlog")
        end = time.monotonic() + 60
        while len(peer.messages) < job.get("arrivals", 0) and time.monotonic() < end:
            time.sleep(0.1)
        commands = []
        for words in job.get("commands", []):
            done = subprocess.run(
                [sys.executable, "-m", "eximia.cli.launched", *words],
                capture_output=True,
                text=True,
                env=environment,
                check=False,
            )
            commands.append(done.stdout + done.stderr)
        end = time.monotonic() + 60
        while len(peer.messages) < job.get("arrivals_after", 0) and time.monotonic() < end:
            time.sleep(0.1)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(20)
    print(
        json.dumps(
            {
                "sessions": outputs,
                "commands": commands,
                "messages": [each.decode("latin-1") for each in peer.messages],
            }
        )
    )


if __name__ == "__main__":
    main()
