"""`tls_early_banner_hosts`: what goes with the handshake, what comes after it, and what is asked before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eximia.context.session import TlsFacts
from eximia.reception.session import Admission
from support_reception import make_process, talk


class Tls:
    """A TLS that notes what it was given; `speaks` is whether the handshake can carry a text."""

    def __init__(self, speaks: bool) -> None:
        self.speaks = speaks
        self.early: list[bytes] = []

    def available(self, _session: Any) -> bool:
        return True

    def start(self, session: Any, *, on_connect: bool, early: bytes = b"") -> bool:
        assert on_connect
        assert not session.out
        self.early.append(early)
        session.ctx.session.tls_in = TlsFacts(version="TLS1.3", on_connect=True)
        if early and self.speaks:
            session.stream.send(b"[within]" + early)
            return True
        session.stream.send(b"[handshake]")
        return False


@pytest.mark.parametrize(
    ("config", "speaks", "said"),
    [
        ("tls_early_banner_hosts = *\n", True, "[within]220 hello\n"),
        ("tls_early_banner_hosts = *\n", False, "[handshake]220 hello\n"),
        ("tls_early_banner_hosts = 10.0.0.1\n", True, "[handshake]220 hello\n"),
        ("", True, "[handshake]220 hello\n"),
        ("tls_early_banner_hosts = *\nacl_smtp_connect = own\n", True, "[within]220 from the ACL\n"),
        ("tls_early_banner_hosts = *\nacl_smtp_connect = not\n", True, "[handshake]550 not you\n"),
        ("tls_early_banner_hosts = *\nsmtp_banner = ${bad\n", True, "[handshake]421 "),
    ],
)
def test_the_greeting(tmp_path: Path, config: str, speaks: bool, said: str) -> None:
    text = f"acl_smtp_rcpt = yes\n{'' if 'smtp_banner' in config else 'smtp_banner = hello'}\n{config}"
    acls = "begin acl\nyes:\n  accept\nown:\n  accept message = from the ACL\nnot:\n  deny message = not you\n"
    process, _, _ = make_process(str(tmp_path), text + acls)
    tls = process.caches["reception.tls"] = Tls(speaks)
    stream = talk(process, [b"QUIT\r\n"], admission=Admission(tls_on_connect=True))
    answer = b"".join(stream.answers).replace(b"\r", b"").decode()
    assert answer.startswith(said)
    assert answer.count("220 ") + answer.count("550 ") + answer.count("421 ") == 1
    assert bool(tls.early[0]) == (said.startswith("[within]") or (not speaks and bool(config)))


def test_who_answers_with_the_end_of_the_handshake_is_not_too_early(tmp_path: Path) -> None:
    config = "acl_smtp_rcpt = yes\npipelining_connect_advertise_hosts =\ntls_early_banner_hosts = *\n"
    process, log, _ = make_process(str(tmp_path), f"{config}begin acl\nyes:\n  accept\n")
    for speaks in (True, False):
        process.caches["reception.tls"] = Tls(speaks)
        talk(process, [b"EHLO x\r\n", b"QUIT\r\n"], admission=Admission(tls_on_connect=True), early=True)
        assert any("input sent without waiting for greeting" in line for line in log.lines) != speaks
