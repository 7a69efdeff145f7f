"""TLS beside the standard library's `ssl`: handshakes and bulk, by CPU time. `python -m bench.tls [SECONDS]`.

Both ends run in this process over memory, so that nothing but TLS is measured; medians of alternating rounds, because a
machine is never quite idle. Full TLS 1.3 handshakes with ECDSA P-256 and a client that verifies a chain of three.
"""

from __future__ import annotations

import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from eximia.tls.contexts import ClientContext, ServerContext
from eximia.tls.engine import Engine, Verify
from eximia.tls.settings import ClientSettings, ServerSettings, read_options
from support_tls import HOST, Pki

ROUNDS = 21
MEGABYTES = 24
CHUNK = 32768


def ours(pki: Pki, options: str) -> tuple[Callable[[], None], Callable[[int], None]]:
    """(one handshake, so many megabytes one way) by the engine."""
    bits = read_options(options)
    server_in = ServerContext(
        ServerSettings(certificates=(pki.path("ec.chain"),), keys=(pki.path("ec.key"),), options=bits), print
    )
    client_in = ClientContext(ClientSettings(trust=pki.path("root.crt"), options=bits))

    def connect() -> tuple[Engine, Engine]:
        client, server = Engine(client_in, verify=Verify.REQUIRE), Engine(server_in)
        client.check_name(HOST)
        client.send_name(HOST)
        data, ends = b"", (client, server)
        for turn in range(6):
            end = ends[turn % 2]
            if end.done:
                end.read(data)
            else:
                end.handshake(data)
            data = end.outgoing()
        assert client.done
        assert server.done
        return client, server

    def bulk(megabytes: int) -> None:
        client, server = connect()
        text = bytes(CHUNK)
        for _ in range(megabytes * 1048576 // CHUNK):
            assert len(server.read(client.encrypt(text))) == CHUNK

    return lambda: void(connect()), bulk


def theirs(pki: Pki, options: str) -> tuple[Callable[[], None], Callable[[int], None]]:
    """The same by `ssl.MemoryBIO`, fed and drained in the same pieces."""
    server_in = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_in.load_cert_chain(pki.path("ec.chain"), pki.path("ec.key"))
    server_in.num_tickets = 0
    client_in = ssl.create_default_context(cafile=pki.path("root.crt"))
    client_in.set_default_verify_paths()  # as Exim's options mean it
    client_in.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if options:
        server_in.maximum_version = ssl.TLSVersion.TLSv1_2

    def connect() -> tuple[ssl.SSLObject, ssl.MemoryBIO, ssl.SSLObject, ssl.MemoryBIO]:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = client_in.wrap_bio(to_client, to_server, server_hostname=HOST)
        server = server_in.wrap_bio(to_server, to_client, server_side=True)
        left = {client, server}
        while left:
            for end in (client, server):
                try:
                    if end in left:
                        end.do_handshake()
                        left.discard(end)
                except ssl.SSLWantReadError:
                    pass
        return client, to_server, server, to_client

    def bulk(megabytes: int) -> None:
        client, to_server, server, _ = connect()
        text = bytes(CHUNK)
        for _ in range(megabytes * 1048576 // CHUNK):
            client.write(text)
            # over a socket the bytes leave one memory and enter another
            to_server.write(to_server.read())
            got = 0
            while got < CHUNK:
                got += len(server.read(CHUNK))

    return lambda: void(connect()), bulk


def void(_value: object) -> None:
    """For its side effect."""


def per_cpu_second(work: Callable[[], None], seconds: float) -> float:
    began, end, done = time.process_time(), time.monotonic() + seconds * 4, 0
    while time.process_time() - began < seconds and time.monotonic() < end:
        work()
        done += 1
    return done / (time.process_time() - began)


def show(what: str, found: dict[str, list[float]], form: str) -> None:
    """Medians, and the median of the ratios of neighbours, which what else the machine does spoils least."""
    ours, theirs = (statistics.median(found[name]) for name in ("ours", "ssl"))
    ratio = statistics.median(a / b for a, b in zip(found["ours"], found["ssl"], strict=True))
    print(f"{what} {ours:{form}}, ssl {theirs:{form}}: ratio {ratio:.2f}")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.2
    with tempfile.TemporaryDirectory() as folder:
        pki = Pki(Path(folder))
        for version, options in (("TLS 1.3", ""), ("TLS 1.2", "+no_tlsv1_3")):
            ends = {"ours": ours(pki, options), "ssl": theirs(pki, options)}
            shakes: dict[str, list[float]] = {name: [] for name in ends}
            costs: dict[str, list[float]] = {name: [] for name in ends}
            for turn in range(ROUNDS):
                for name in ("ours", "ssl") if turn % 2 else ("ssl", "ours"):
                    shakes[name].append(per_cpu_second(ends[name][0], seconds))
                for name in ("ours", "ssl") if turn % 2 else ("ssl", "ours"):
                    began = time.process_time()
                    ends[name][1](MEGABYTES)
                    costs[name].append((time.process_time() - began) / MEGABYTES * 1000)
            show(f"{version}: handshakes per CPU second", shakes, ".0f")
            show(f"{version}: bulk, CPU ms per MB", costs, ".2f")


if __name__ == "__main__":
    main()
