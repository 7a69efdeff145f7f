"""Runs inside a network namespace with a name server of our own: a message passes two servers of ours and an installed
Exim, each over SMTP, and what arrives is written to a file.

    python arc_path.py FOLDER CONFIGURATION...      (CONFIGURATION is PROGRAM=FILE=PORT, in the order of the way)
"""

from __future__ import annotations

import shlex
import smtplib
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

MESSAGE = (
    "Authentication-Results: first.example; spf=pass (forged)\r\n"
    "From: Joe <joe@author.example>\r\nTo: suzie@end.example\r\nSubject: a  long\r\n way\r\n"
    "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <way@author.example>\r\n\r\nHello  world \r\n.dot\r\n\r\n\r\n"
)


def sink(listener: socket.socket, path: Path, done: threading.Event) -> None:
    connection = listener.accept()[0]
    lines = connection.makefile("rb")
    connection.sendall(b"220 sink\r\n")
    for line in lines:
        word = line[:4].upper()
        if word == b"DATA":
            connection.sendall(b"354 go\r\n")
            data = b""
            for text in lines:
                if text == b".\r\n":
                    break
                data += text[1:] if text.startswith(b".") else text
            path.write_bytes(data)
            connection.sendall(b"250 ok\r\n")
            done.set()
        elif word == b"QUIT":
            connection.sendall(b"221 bye\r\n")
            return
        else:
            connection.sendall(b"250 ok\r\n")


def main() -> int:
    folder = Path(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 2600))
    done = threading.Event()
    threading.Thread(target=sink, args=(listener, folder / "arrived", done), daemon=True).start()
    daemons = []
    ports = []
    try:
        for one in sys.argv[2:]:
            program, configuration, port = one.split("=")
            command = [*shlex.split(program), "-C", configuration, "-bdf"]
            daemons.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            ports.append(int(port))
        for port in ports:
            for _ in range(1200):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
        with smtplib.SMTP("127.0.0.1", ports[0]) as client:
            client.sendmail("joe@author.example", ["suzie@end.example"], MESSAGE)
        return 0 if done.wait(30) else 1
    finally:
        for daemon in daemons:
            daemon.terminate()
        for daemon in daemons:
            daemon.wait(10)


if __name__ == "__main__":
    sys.exit(main())
