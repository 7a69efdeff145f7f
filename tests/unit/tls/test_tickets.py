"""Session tickets: keys that several workers share, their age, and what a ticket is good for (manual 43.17)."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest

from eximia.privileged.ticket_keys import PERIOD, SIZE, TicketKeys
from eximia.tls.binding import binding
from eximia.tls.engine import Engine, Verify
from support_tls import Pki
from unit.tls.talk import TLS1_2, client_context, server_context, talk

SUPPORTED, REQUESTED, OFFERED, ISSUED, RESUMED = 1, 2, 4, 8, 16
LABEL = b"certificates one"


@pytest.fixture
def keys(pki: Pki) -> Iterator[TicketKeys]:
    lib = binding().lib
    assert lib.tls_ring_size() == SIZE
    made = TicketKeys()
    made.rotate(time.time())
    assert lib.tls_ring_attach(made.fd)
    yield made
    lib.tls_ring_detach()
    os.close(made.fd)


def visit(
    pki: Pki,
    session: bytes = b"",
    *,
    options: str = "",
    name: str = "",
    label: bytes = LABEL,
    wanted: bool = True,
    verify: Verify = Verify.IGNORE,
    contexts: dict[str, Any] | None = None,
) -> tuple[int, int, bytes]:
    """(the client's resumption bits, the server's, a session for the next visit). The server's context is new each
    time, as it would be in another worker."""
    client = Engine(client_context(pki), verify=Verify.REQUIRE)
    client.tickets(True)
    if name:
        client.send_name(name)
    if session:
        assert client.resume(session)
    server = Engine(server_context(pki, "ec", options=options, trust=pki.path("root.crt")), verify=verify)
    server.tickets(wanted, label)
    assert talk(client, server) == ("", "")
    if client.number("resumption_bits") & RESUMED:
        assert client.number("verified")  # as when the session was made
    found = client.sessions()
    return client.number("resumption_bits"), server.number("resumption_bits"), found[0][0] if found else b""


BOTH_VERSIONS = pytest.mark.parametrize("options", ["", TLS1_2])


@BOTH_VERSIONS
def test_a_ticket_serves_again(pki: Pki, keys: TicketKeys, options: str) -> None:
    client, server, session = visit(pki, options=options)
    assert session
    assert server & (REQUESTED | ISSUED) == REQUESTED | ISSUED
    assert client & (ISSUED | RESUMED) == ISSUED
    for _ in range(3):
        client, server, session = visit(pki, session, options=options)
        assert client & RESUMED
        assert server & RESUMED
        assert session


@BOTH_VERSIONS
def test_keys_grow_old(pki: Pki, keys: TicketKeys, options: str) -> None:
    first = visit(pki, options=options)[2]
    keys.rotate(time.time())
    client, server, second = visit(pki, first, options=options)
    assert client & RESUMED  # by the previous key
    assert second != first  # and a ticket by the new one
    keys.rotate(time.time())
    assert not visit(pki, first, options=options)[0] & RESUMED
    assert visit(pki, second, options=options)[0] & RESUMED
    keys.rotate(time.time())
    keys.rotate(time.time())
    client, server, _ = visit(pki, second, options=options)
    assert not client & RESUMED
    assert server & (OFFERED | ISSUED) == OFFERED | ISSUED


@BOTH_VERSIONS
def test_two_hours_are_the_end(pki: Pki, keys: TicketKeys, options: str) -> None:
    session = visit(pki, options=options)[2]
    _make_older(keys, 2 * PERIOD + 1)
    client, _, again = visit(pki, session, options=options)
    assert not client & RESUMED
    # the parent has stopped changing keys: no tickets either
    assert not again


def _make_older(keys: TicketKeys, seconds: int) -> None:
    """Set back the birth of the current key."""
    at = 8 + 80
    keys._write(struct.pack("=q", int(time.time()) - seconds), at)


@BOTH_VERSIONS
def test_not_for_another_name(pki: Pki, keys: TicketKeys, options: str) -> None:
    session = visit(pki, options=options, name="one.example")[2]
    assert not visit(pki, session, options=options, name="two.example")[0] & RESUMED
    session = visit(pki, options=options, name="one.example")[2]
    assert visit(pki, session, options=options, name="one.example")[0] & RESUMED


@BOTH_VERSIONS
def test_not_under_other_rules(pki: Pki, keys: TicketKeys, options: str) -> None:
    session = visit(pki, options=options)[2]
    assert not visit(pki, session, options=options, label=b"certificates two")[0] & RESUMED


@BOTH_VERSIONS
def test_not_where_it_is_not_wanted(pki: Pki, keys: TicketKeys, options: str) -> None:
    session = visit(pki, options=options)[2]
    client, _, again = visit(pki, session, options=options, wanted=False)
    assert not client & (RESUMED | ISSUED)
    assert not again


def test_without_keys(pki: Pki) -> None:
    binding().lib.tls_ring_detach()
    assert visit(pki)[2] == b""


def test_a_renewed_ticket_keeps_its_birthday(pki: Pki) -> None:
    keys = TicketKeys(period=1)
    keys.rotate(time.time())
    assert binding().lib.tls_ring_attach(keys.fd)
    try:
        session = visit(pki)[2]
        resumed = []
        for _ in range(3):
            time.sleep(1.05)
            keys.rotate(time.time())
            client, _, session = visit(pki, session)
            resumed.append(bool(client & RESUMED))
        # each ticket is new enough, but the handshake that they go back to is not
        assert not all(resumed)
    finally:
        binding().lib.tls_ring_detach()
