"""`retrans_` and `retry_` of dnsdb, with a DNS server that never answers."""

from __future__ import annotations

import socket
import time

import pytest

from eximia.aio.resolver import DirectResolver
from eximia.base.dataclass import replace
from eximia.base.errors import LookupDefer
from eximia.dns.resolv_conf import parse
from support_policy import clean, make_context


def test_a_question_waits_no_longer_than_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        settings = parse("options timeout:5 attempts:4\n")
        settings = replace(settings, servers=(f"[127.0.0.1]:{silent.getsockname()[1]}",))
        ctx = make_context()
        ctx.process.ports.resolver = DirectResolver(settings)
        began = time.monotonic()
        with pytest.raises(LookupDefer):
            ctx.process.services.lookups.find(ctx, "dnsdb", None, clean("retrans_1s,retry_2,a=a.example"))
        assert 1.8 < time.monotonic() - began < 10
        silent.setblocking(False)
        questions = 0
        while True:
            try:
                silent.recv(512)
            except BlockingIOError:
                break
            questions += 1
        assert questions == 2
