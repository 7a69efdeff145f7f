"""Signatures beside dkimpy, Mail::DKIM and OpenDKIM's library in one run: time per message, and ratios.

Run: PYTHONPATH=src:tests python bench/mailauth.py [ROUNDS]

One process each, keys known, 2048 bits. The peers' rounds alternate with ours, and the median counts.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from eximia.mailauth.dkim.sign import Signer, sign
from eximia.mailauth.dkim.verify import verify
from eximia.mailauth.keys import load_private_key
from eximia.mailauth.txt import TxtAnswer
from interop.signing_peers import Dkimpy, mail_dkim, opendkim

_DOMAIN = "b.example"
_LINE = b"The quick brown fox jumps over the lazy dog,  and nobody minds at all.\r\n"
_HEADER = b"".join(
    b"%b: %b\r\n" % pair
    for pair in (
        (b"Received", b"from a.b.example (a.b.example [192.0.2.1])\r\n\tby mx.c.example with esmtps; " + b"x" * 60),
        (b"Received", b"by a.b.example with local; Thu, 1 Jan 2026 00:00:00 +0000"),
        (b"From", b"Joe <joe@b.example>"),
        (b"To", b"Suzie <suzie@c.example>"),
        (b"Subject", b"A subject of ordinary length, nothing special"),
        (b"Date", b"Thu, 1 Jan 2026 00:00:00 +0000"),
        (b"Message-ID", b"<20260101000000.12345@b.example>"),
        (b"MIME-Version", b"1.0"),
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"X-Mailer", b"something"),
    )
)
_SIGNED = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")


def _message(size: int) -> bytes:
    lines = (size - len(_HEADER)) // len(_LINE)
    return _HEADER + b"\r\n" + _LINE * lines


def _repeated(work: Callable[[], Any], repeat: int) -> float:
    start = time.perf_counter()
    for _ in range(repeat):
        work()
    return (time.perf_counter() - start) / repeat


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    key = load_private_key(pem)
    record = b"v=DKIM1; k=rsa; p=" + key.record()
    keys = {f"sel._domainkey.{_DOMAIN}": record}
    answer = TxtAnswer((record,))
    with tempfile.TemporaryDirectory(prefix="eximia-bench-") as name:
        folder = Path(name)
        found: dict[str, Any] = {
            "dkimpy": Dkimpy(keys, pem, _DOMAIN, "sel"),
            "Mail::DKIM": mail_dkim(folder, keys, pem, _DOMAIN, "sel"),
            "OpenDKIM": opendkim(folder, keys, pem, _DOMAIN, "sel"),
        }
        peers = {each: peer for each, peer in found.items() if peer is not None}
        print(f"{'':26}{'ours':>10}" + "".join(f"{each:>22}" for each in peers) + "     (microseconds, times ours)")
        for size in (4096, 102400):
            message = _message(size)
            for canon in ("relaxed", "simple"):
                signer = Signer(_DOMAIN, "sel", key, canon, canon, sign_headers=_SIGNED)
                signed = sign(message, signer) + message
                works: dict[str, tuple[Callable[[], Any], bytes]] = {
                    "verify": (lambda signed=signed: verify(signed, lambda _: answer), signed),  # type: ignore[misc]
                    "sign": (lambda message=message, signer=signer: sign(message, signer), message),  # type: ignore[misc]
                }
                for op, (work, given) in works.items():
                    repeat = 100 if size < 10000 else 40
                    ours: list[float] = []
                    theirs: dict[str, list[float]] = {each: [] for each in peers}
                    for _ in range(rounds):
                        ours.append(_repeated(work, repeat))
                        for each, peer in peers.items():
                            few = max(3, repeat // 10) if each == "dkimpy" else repeat
                            theirs[each].append(peer.seconds(op, given, canon, canon, few))
                    line = f"{op:8}{canon:10}{size // 1024:4} KB {statistics.median(ours) * 1e6:10.0f}"
                    for each in peers:
                        took = statistics.median(theirs[each])
                        line += f"{took * 1e6:14.0f} {took / statistics.median(ours):6.1f}x"
                    print(line, flush=True)
        for peer in peers.values():
            peer.close()


if __name__ == "__main__":
    main()
