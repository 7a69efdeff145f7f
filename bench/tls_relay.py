"""What TLS adds to relaying: the same load in clear and over STARTTLS, for us, Exim and Postfix.

    python -m bench.tls_relay [--rounds N] [--pairs N] [--contenders eximia,postfix] [--paced]

The load comes from a client of our own (smtp-source has no TLS), which says what smtp-source says; the mail goes to
smtp-sink in clear. Counted is the CPU time of all processes of a server, and the messages per second until the last
one has arrived; the figures that matter are the ratios of TLS to clear. The client sends as fast as it can, and needs
a part of the machine to encrypt; with --paced it begins sessions at the same rate in clear and under TLS, slower than
any server is.
"""

from __future__ import annotations

import argparse
import selectors
import socket
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.contenders import (
    LOCAL_DOMAIN,
    RELAY_DOMAIN,
    SINK_HOST,
    Contender,
    Exim,
    Eximia,
    Postfix,
    unpack_postfix,
    wait_port,
)
from bench.measure import Group
from bench.scenarios import Sink

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support_tls import Pki

#: sessions, messages each, bytes, sessions begun in a second
Scenario = tuple[int, int, int, float]
SCENARIOS: tuple[Scenario, ...] = ((20, 50, 4096, 2.5), (20, 50, 102400, 2.0), (500, 1, 4096, 100.0))
#: (CPU milliseconds a message, messages a second), in clear and under TLS
Pair = tuple[tuple[float, float], tuple[float, float]]
#: seconds after the last message, in which a server finishes
_REST = 0.5


class _Talk:
    """One session of the load, without blocking: it yields what its socket has to be ready for."""

    def __init__(self, port: int, messages: int, body: bytes, context: ssl.SSLContext | None) -> None:
        self.sock: socket.socket = socket.create_connection(("127.0.0.1", port))
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._number = self.sock.fileno()  # stays the same under TLS
        self._waits_for = 0
        self._steps = self._run(messages, body, context)

    def go_on(self, selector: selectors.BaseSelector) -> None:
        event = next(self._steps, 0)
        if not event:
            if self._waits_for:
                selector.unregister(self._number)
        elif not self._waits_for:
            selector.register(self._number, event, self)
        elif event != self._waits_for:
            selector.modify(self._number, event, self)
        self._waits_for = event

    def _run(self, messages: int, body: bytes, context: ssl.SSLContext | None) -> Iterator[int]:
        envelope = (f"MAIL FROM:<a@{LOCAL_DOMAIN}>\r\n".encode(), f"RCPT TO:<user@{RELAY_DOMAIN}>\r\n".encode())
        yield from self._answer(b"220")
        yield from self._ask(b"EHLO bench.example\r\n", b"250")
        if context is not None:
            yield from self._ask(b"STARTTLS\r\n", b"220")
            self.sock = context.wrap_socket(self.sock, do_handshake_on_connect=False)
            yield from self._shake(self.sock)
            yield from self._ask(b"EHLO bench.example\r\n", b"250")
        for _ in range(messages):
            for line in envelope:
                yield from self._ask(line, b"250")
            yield from self._ask(b"DATA\r\n", b"354")
            yield from self._ask(body, b"250")
        yield from self._ask(b"QUIT\r\n", b"221")
        self.sock.close()

    def _shake(self, sock: ssl.SSLSocket) -> Iterator[int]:
        while True:
            try:
                return sock.do_handshake()
            except ssl.SSLWantReadError:
                yield selectors.EVENT_READ
            except ssl.SSLWantWriteError:
                yield selectors.EVENT_WRITE

    def _ask(self, data: bytes, code: bytes) -> Iterator[int]:
        while data:
            try:
                data = data[self.sock.send(data) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                yield selectors.EVENT_WRITE
        yield from self._answer(code)

    def _answer(self, code: bytes) -> Iterator[int]:
        text = b""
        while not text.endswith(b"\r\n") or text[text.rfind(b"\n", 0, -1) + 4 :][:1] == b"-":
            try:
                more = self.sock.recv(4096)
            except (BlockingIOError, ssl.SSLWantReadError):
                yield selectors.EVENT_READ
                continue
            if not more:
                raise ConnectionError("the server closed the connection")
            text += more
        if not text.startswith(code):
            raise ConnectionError(text.decode("latin-1"))


def load(port: int, sessions: int, messages: int, size: int, rate: float, *, encrypted: bool) -> None:
    """Send the messages, at most 20 sessions at a time."""
    context = None
    if encrypted:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    line = b"x" * 72 + b"\r\n"
    head = f"From: <a@{LOCAL_DOMAIN}>\r\nSubject: bench\r\n\r\n".encode()
    body = head + line * (size // len(line)) + b".\r\n"
    selector = selectors.DefaultSelector()
    begin = time.monotonic()
    begun = 0
    while begun < sessions or selector.get_map():
        full = begun == sessions or len(selector.get_map()) == 20
        pause = 60.0 if full else begin + begun / rate - time.monotonic()
        if pause <= 0:
            _Talk(port, messages, body, context).go_on(selector)
            begun += 1
            continue
        for key, _ in selector.select(pause):
            key.data.go_on(selector)
    selector.close()


def wait(sink: Sink, count: int) -> None:
    end = time.monotonic() + 60
    while sink.messages < count:
        if time.monotonic() > end:
            raise TimeoutError(f"{sink.messages} of {count} messages arrived")
        time.sleep(0.01)


def slices(contender: Contender, tree: Path, sink_port: int, scenario: Scenario, pairs: int) -> list[Pair]:
    """The same load in clear and under TLS by turns, to one running server. What the machine does besides changes from
    second to second, and hits both halves of a pair alike."""
    sessions, messages, size, rate = scenario
    sink = Sink(tree, sink_port)
    arrived = 0

    def one(tls: bool, sessions: int, messages: int, rate: float) -> tuple[float, float]:
        nonlocal arrived
        before, begin = sum(contender.group.cpu()), time.monotonic()
        load(contender.port, sessions, messages, size, rate, encrypted=tls)
        arrived += sessions * messages
        wait(sink, arrived)
        took = time.monotonic() - begin
        time.sleep(_REST)
        cpu = sum(contender.group.cpu()) - before
        return cpu * 1000 / (sessions * messages), sessions * messages / took

    try:
        wait_port(SINK_HOST, sink_port)
        contender.start()
        for tls in (False, True):
            one(tls, 20, 10, 1e6)
        found = []
        for turn in range(pairs):
            first = bool(turn % 2)
            seen = {tls: one(tls, sessions, messages, rate) for tls in (first, not first)}
            found.append((seen[False], seen[True]))
        return found
    finally:
        contender.stop()
        sink.stop()


def summary(pairs: list[Pair], at: int, digits: int) -> str:
    """The medians in clear and under TLS, and the median of the pairs' ratios with the middle half of them."""
    plain, encrypted = (statistics.median(pair[tls][at] for pair in pairs) for tls in (0, 1))
    low, ratio, high = statistics.quantiles([pair[1][at] / pair[0][at] for pair in pairs], method="inclusive")
    return f"  clear {plain:7.{digits}f}  TLS {encrypted:7.{digits}f}  ratio {ratio:.2f} ({low:.2f}-{high:.2f})"


def with_tls(kind: type[Contender], pki: Pki) -> type[Contender]:
    """The same server, offering STARTTLS."""

    class Offering(kind):  # type: ignore[misc, valid-type]
        def prepare(self) -> None:
            super().prepare()
            if issubclass(kind, Postfix):
                with open(self.conf / "main.cf", "a") as file:
                    file.write("smtpd_tls_security_level = may\n")
                    file.write(f"smtpd_tls_cert_file = {pki.path('ec.chain')}\n")
                    file.write(f"smtpd_tls_key_file = {pki.path('ec.key')}\n")
                return
            text = self.configuration.read_text()
            macros = f"MAIN_TLS_ENABLE = yes\nMAIN_TLS_CERTIFICATE = {pki.path('ec.chain')}\n"
            self.configuration.write_text(f"{macros}MAIN_TLS_PRIVATEKEY = {pki.path('ec.key')}\n{text}")

    return Offering


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.tls_relay", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=6, help="loads in clear and under TLS in one round")
    parser.add_argument("--contenders", default="eximia,exim,postfix")
    parser.add_argument("--paced", action="store_true", help="a fixed number of sessions in a second")
    arguments = parser.parse_args()
    tree = unpack_postfix(Path(tempfile.gettempdir()) / "eximia-bench-cache")
    with tempfile.TemporaryDirectory(prefix="eximia-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "pki").mkdir()
        pki = Pki(folder / "pki")
        sink_port = 2694
        kinds = {"eximia": Eximia, "exim": Exim, "postfix": Postfix}
        made: dict[str, Contender] = {}
        for port, word in enumerate(arguments.contenders.split(","), 2695):
            kind = with_tls(kinds[word], pki)
            extra = (tree,) if word == "postfix" else ()
            made[word] = kind(folder, port, sink_port, *extra)
            made[word].group = Group(f"tls-{word}")  # another benchmark may run
        for scenario in SCENARIOS:
            sessions, messages, size, rate = scenario
            if not arguments.paced:
                scenario = (sessions, messages, size, rate * 1e6)
            print(f"{sessions} sessions x {messages} messages of {size // 1024} KB: CPU ms a message, msgs/s")
            found: dict[str, list[Pair]] = {word: [] for word in made}
            for _ in range(arguments.rounds):
                for word, contender in made.items():
                    found[word] += slices(contender, tree, sink_port, scenario, arguments.pairs)
            for word, pairs in found.items():
                print(f"  {word:8}{summary(pairs, 0, 2)}{summary(pairs, 1, 0)}", flush=True)
        for contender in made.values():
            contender.stop()
            contender.group.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
