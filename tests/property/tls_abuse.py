"""A program: mutated records against both ends of the TLS engine. Nothing but TlsError may come of them.

python tls_abuse.py FOLDER_WITH_PKI COUNT SEED
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from eximia.tls.engine import Engine, TlsError, Verify
from support_tls import HOST, Pki
from unit.tls.talk import TLS1_2, client_context, server_context


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, cut out, put in twice, or the length of a record made wrong."""
    text = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        if not text:
            break
        at = chance.randrange(len(text))
        match chance.randrange(6):
            case 0:
                text[at] = chance.randrange(256)
            case 1:
                text[at] ^= 1 << chance.randrange(8)
            case 2:
                del text[at : at + chance.randint(1, 40)]
            case 3:
                text[at:at] = text[at : at + chance.randint(1, 40)]
            case 4:
                text[3:5] = chance.randrange(65536).to_bytes(2, "big")
            case 5:
                text[at:at] = chance.randbytes(chance.randint(1, 20))
    return bytes(text)


def main() -> None:
    pki = Pki(Path(sys.argv[1]))
    count, chance = int(sys.argv[2]), random.Random(int(sys.argv[3]))
    staple = (pki.staple("abuse.der"),)
    servers = [server_context(pki, "ec", staples=staple, options=options) for options in ("", TLS1_2)]
    clients = [client_context(pki, "client"), client_context(pki)]
    errors = mutants = 0
    while mutants < count:
        client = Engine(chance.choice(clients), verify=chance.choice(list(Verify)))
        client.check_name(HOST)
        client.ask_ocsp(required=chance.random() < 0.3)
        if chance.random() < 0.3:
            client.use_dane(HOST)
            client.add_tlsa(3, 1, 1, pki.made["ec"].tlsa(1, 1))
        client.send_name(HOST)
        server = Engine(chance.choice(servers), verify=chance.choice(list(Verify)))
        spoiled = chance.randrange(8)
        way = [client, server]
        arrived = b""
        try:
            for turn in range(10):
                end = way[turn % 2]
                if end.done:
                    end.read(arrived)
                    arrived = end.encrypt(b"EHLO there\r\n" * chance.randint(1, 50))
                else:
                    end.handshake(arrived)
                    arrived = end.outgoing()
                if turn == spoiled and arrived:
                    arrived = mutated(arrived, chance)
                    mutants += 1
        except TlsError:
            errors += 1
        for end in way:
            end.end_of_input()
            try:
                end.read() if end.done else end.handshake()
            except TlsError:
                pass
            end.verify_error(), end.ocsp(), end.alpn(), end.sessions(), end.outgoing()
            end.close()
    print(f"{mutants} mutants, {errors} errors")
    assert errors > mutants // 3


if __name__ == "__main__":
    main()
