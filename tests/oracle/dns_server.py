"""A small authoritative name server for tests in a network namespace: 127.0.0.1, port 53, records from a file.

    python dns_server.py FILE COMMAND...

Runs COMMAND while it answers, and ends with its status. A line of the file is: name type data. The type SERVFAIL makes
all questions about the name fail.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading

TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}


def encoded(name: str) -> bytes:
    labels = [label.encode("latin-1") for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def contents(rtype: str, data: str) -> bytes:
    words = data.split()
    if rtype == "A":
        return socket.inet_aton(data)
    if rtype == "AAAA":
        return socket.inet_pton(socket.AF_INET6, data)
    if rtype in ("CNAME", "PTR"):
        return encoded(data)
    if rtype == "TXT":
        text = data.encode("latin-1")
        return b"".join(bytes([len(text[at : at + 255])]) + text[at : at + 255] for at in range(0, len(text), 255))
    if rtype == "MX":
        return struct.pack(">H", int(words[0])) + encoded(words[1])
    return struct.pack(">HHH", *map(int, words[:3])) + encoded(words[3])


class Zone:
    """The records of a file."""

    def __init__(self, text: str) -> None:
        self.records: dict[str, list[tuple[str, str]]] = {}
        self.broken: set[str] = set()
        for line in text.splitlines():
            owner, rtype, *data = line.split(None, 2) or ["", ""]
            if rtype == "SERVFAIL":
                self.broken.add(owner)
            elif owner:
                self.records.setdefault(owner, []).append((rtype, data[0].strip()))

    def answer(self, query: bytes) -> bytes:
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1"))
            at += query[at] + 1
        wanted = struct.unpack(">H", query[at + 1 : at + 3])[0]
        name = ".".join(labels).lower()
        found: list[bytes] = []
        code = 2 if name in self.broken else self._collect(name, wanted, found)
        head = query[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, len(found), 0, 0)
        return head + query[12 : at + 5] + b"".join(found)

    def _collect(self, name: str, wanted: int, found: list[bytes]) -> int:
        for _ in range(8):
            records = self.records.get(name)
            if records is None:
                known = found or any(other.endswith(f".{name}") for other in self.records)
                return 0 if known else 3
            for rtype, data in records:
                if TYPES[rtype] == wanted or rtype == "CNAME":
                    packed = contents(rtype, data)
                    found.append(encoded(name) + struct.pack(">HHIH", TYPES[rtype], 1, 60, len(packed)) + packed)
            target = next((data for rtype, data in records if rtype == "CNAME"), None)
            if target is None:
                return 0
            name = target.lower().rstrip(".")
        return 0


def serve(sock: socket.socket, zone: Zone) -> None:
    while True:
        query, peer = sock.recvfrom(4096)
        sock.sendto(zone.answer(query), peer)


def main() -> int:
    with open(sys.argv[1], encoding="latin-1") as file:
        zone = Zone(file.read())
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 53))
    threading.Thread(target=serve, args=(sock, zone), daemon=True).start()
    return subprocess.run(sys.argv[2:]).returncode


if __name__ == "__main__":
    sys.exit(main())
