"""Signatures of the smtp transport: options, variables, failures, and all three together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from eximia.context import Body
from eximia.dns import Answer, Status
from eximia.dns.records import Txt
from eximia.mailauth.arc.verify import verify as verify_arc
from eximia.mailauth.dkim.verify import verify
from eximia.mailauth.domainkeys.verify import verify as verify_domainkeys
from eximia.mailauth.fields import split_message
from eximia.message.header import Header
from support_signed import pem, txt
from support_transports import Server, World

_DKIM = {"dkim_domain": "b.example", "dkim_selector": "rsa", "dkim_private_key": pem("rsa").decode()}
_RESULTS = "Authentication-Results: b.example; spf=pass\n"


def _deliver(
    body: bytes = b"Hello  \n.dot\n\n\n", headers: tuple[str, ...] = (), **settings: Any
) -> tuple[World, bytes]:
    server = Server(("CHUNKING",))
    world = World({"198.51.100.1": server})
    world.message.headers = [Header(text) for text in ("From: joe@b.example\n", "Subject: hi\n", *headers)]
    world.message.body = Body(body)
    world.process.main.dns_check_names_pattern = None
    world.run(world.transport("smtp", hosts="198.51.100.1", **settings), "x@y.example")
    return world, server.messages[0] if server.messages else b""


def test_dkim() -> None:
    world, message = _deliver(**_DKIM)
    assert message.startswith(
        b"DKIM-Signature: v=1; a=rsa-sha256; q=dns/txt; c=relaxed/relaxed; d=b.example;\r\n\ts=rsa; "
    )
    assert [result.status for result in verify(message, txt)] == ["pass"]
    assert world.log.lines == []


def test_a_body_in_a_file_is_read_in_blocks(tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(b"0123456\n" + b"a line  of text \n" * 30_000)
    server = Server()
    world = World({"198.51.100.1": server})
    world.message.headers = [Header("From: joe@b.example\n")]
    world.message.body = Body(None, str(path), 8, os.path.getsize(path) - 8)
    world.run(world.transport("smtp", hosts="198.51.100.1", **_DKIM), "x@y.example")
    (message,) = server.messages
    assert verify(message.replace(b"\r\n..", b"\r\n.").removesuffix(b".\r\n"), txt)[0].passed


def test_lists_and_variables() -> None:
    settings = {
        "dkim_domain": "B.example : c.example",
        "dkim_selector": "rsa : : ed25519",
        "dkim_private_key": "${if eq{$dkim_domain/$dkim_selector}{c.example/rsa}{0}{${if eq{$dkim_selector}{rsa}{"
        + pem("rsa").decode().strip()
        + "}{"
        + pem("ed25519").decode().strip()
        + "}}}}",
        "dkim_identity": "@$dkim_domain",
        "dkim_timestamps": "0",
    }
    world, message = _deliver(**settings)
    results = verify(message, txt)
    assert [(each.domain, each.selector, each.identity, each.status) for each in results] == [
        ("b.example", "rsa", "@b.example", "pass"),
        ("b.example", "ed25519", "@b.example", "pass"),
        ("c.example", "ed25519", "@c.example", "pass"),
    ]
    assert world.addresses[0].outcome.smtp.signed == "b.example:rsa:b.example:ed25519:c.example:ed25519"
    assert (results[0].signature.created, results[0].signature.expires) == (int(world.process.ports.clock.time()), None)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"dkim_private_key": "/missing"}, "unable to open file for reading: /missing"),
        ({"dkim_hash": "md5"}, "DKIM: unrecognised hashname 'md5'"),
        (
            {"dkim_private_key": "${if eq{a}{b}{}fail}"},
            'failed to expand dkim_private_key: "if" failed and "fail" requested',
        ),
        ({"dkim_private_key": "rubbish"}, "DKIM: signing failed: PRIVKEY"),
        ({"dkim_sign_headers": ":"}, "DKIM: signing failed: no header to sign"),
    ],
)
def test_failures(settings: dict[str, str], line: str) -> None:
    world, message = _deliver(**{**_DKIM, **settings})
    assert line in world.log.lines
    assert message.startswith(b"From:")
    world, message = _deliver(**{**_DKIM, **settings, "dkim_strict": "true"})
    assert message == b""
    assert "DKIM: message could not be signed, and dkim_strict is set. Deferring message delivery." in world.log.lines


@pytest.mark.parametrize("settings", [{"dkim_domain": ""}, {"dkim_selector": ""}, {"dkim_private_key": "false"}])
def test_nothing_to_sign_is_no_failure(settings: dict[str, str]) -> None:
    world, message = _deliver(**{**_DKIM, **settings, "dkim_strict": "1"})
    assert message.startswith(b"From:")
    assert world.log.lines == []


def test_a_key_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "key-\u2603"
    name = str(path).encode().decode("latin-1")
    server = Server()
    world = World({"198.51.100.1": server})
    world.message.headers = [Header("From: joe@b.example\n")]
    transport = world.transport("smtp", hosts="198.51.100.1", **{**_DKIM, "dkim_private_key": name})
    for number, kind in enumerate(("rsa", "ed25519")):
        path.write_bytes(pem(kind))
        os.utime(path, (number, number))
        world.run(transport, "x@y.example")
    assert [b"a=rsa-" in message for message in server.messages] == [True, False]


def test_all_three() -> None:
    settings = {
        **_DKIM,
        "arc_sign": "b.example : rsa : " + pem("rsa").decode().replace(":", "::") + ": timestamps, expire=+10",
        "dk_selector": "${if eq{$dk_domain}{b.example}{rsa}}",
        "dk_private_key": "${if eq{$dk_selector}{rsa}{" + pem("rsa").decode().strip() + "}}",
        "dk_canon": "nofws",
    }
    _, message = _deliver(headers=(_RESULTS, "Received: x\n"), **settings)
    names = [line.partition(b":")[0] for line in message.split(b"\r\n") if line[:1] not in b"\t "][:5]
    assert names == [
        b"DomainKey-Signature",
        b"ARC-Seal",
        b"ARC-Message-Signature",
        b"ARC-Authentication-Results",
        b"DKIM-Signature",
    ]
    assert verify(message, txt)[0].passed
    assert verify_arc(message, txt, now=0).state == "pass"
    assert verify_domainkeys(message, txt).status == "good"
    ams = message.partition(b"ARC-Message-Signature")[2].partition(b"ARC-Auth")[0]
    assert b":dkim-signature" in ams
    assert b"x=" in ams
    assert b"t=" in ams


@pytest.mark.parametrize(
    ("arc_sign", "headers", "logged"),
    [
        ("", (_RESULTS,), ""),
        ("${if eq{a}{b}{}fail}", (_RESULTS,), ""),
        ("b.example : rsa : /missing", (_RESULTS,), "unable to open file for reading: /missing"),
        ("b.example : rsa", (_RESULTS,), "ARC: bad signing-specification (privkey)"),
        ("b.example : rsa : /missing", (), "unable to open file for reading: /missing"),
        ("b.example : rsa : KEY", (), "ARC: no Authentication-Results header for signing"),
    ],
)
def test_arc_without_a_seal(arc_sign: str, headers: tuple[str, ...], logged: str) -> None:
    world, message = _deliver(headers=headers, arc_sign=arc_sign.replace("KEY", pem("rsa").decode()))
    assert message.startswith(b"From:")
    assert world.log.lines == ([logged] if logged else [])


def test_domainkeys_key_in_a_file_named_after_the_domain(tmp_path: Path) -> None:
    (tmp_path / "b.example-rsa").write_bytes(pem("rsa"))
    settings = {"dk_selector": "rsa", "dk_private_key": f"{tmp_path}/$dk_domain-$dk_selector"}
    _, message = _deliver(headers=(), **settings)
    assert verify_domainkeys(message, txt).status == "good"


def test_domainkeys_without_a_domain() -> None:
    settings = {"dk_selector": "rsa", "dk_private_key": pem("rsa").decode(), "dk_strict": "1"}
    server = Server()
    world = World({"198.51.100.1": server})
    world.message.headers = [Header("Subject: hi\n")]
    world.run(world.transport("smtp", hosts="198.51.100.1", **settings), "x@y.example")
    assert server.messages[0].startswith(b"Subject:")
    assert world.log.lines == []


class _Resolver:
    def __init__(self, *, down: bool = False) -> None:
        self.down = down

    def query(self, name: str, rtype: str, *_: object) -> Answer:
        found = txt(name)
        if self.down or not found.texts:
            return Answer(Status.AGAIN if self.down else Status.NXDOMAIN, name=name, why="time-out")
        return Answer(Status.FOUND, tuple(Txt((text[:250], text[250:])) for text in found.texts), name, ttl=300)


@pytest.mark.parametrize(("down", "sets"), [(False, 2), (True, 1)])
def test_a_chain_without_a_result_is_verified_on_the_way_out(down: bool, sets: int) -> None:
    """DomainKeys does not sign what other signatures are put above of."""
    sealing = {"arc_sign": "b.example : rsa : " + pem("rsa").decode()}
    domainkeys = {"dk_selector": "rsa", "dk_private_key": pem("rsa").decode()}
    _, first = _deliver(headers=(_RESULTS, "Received: x\n"), **sealing, **_DKIM)
    fields, body = split_message(first)
    server = Server(("CHUNKING",))
    world = World({"198.51.100.1": server})
    world.process.ports.resolver = _Resolver(down=down)
    world.process.main.__dict__.update(
        dns_check_names_pattern=None,
        dns_again_means_nonexist=None,
        dns_trust_aa=None,
        slow_lookup_log=0,
        event_action=None,
    )
    world.message.headers = [Header(field.decode().replace("\r\n", "\n")) for field in fields]
    world.message.body = Body(body.replace(b"\r\n", b"\n"))
    world.run(world.transport("smtp", hosts="198.51.100.1", **sealing, **domainkeys, **_DKIM), "x@y.example")
    (message,) = server.messages
    result = verify_arc(message, txt)
    assert (result.state, result.instance) == ("pass", sets)
    assert verify_domainkeys(message, txt).status == "good"
    assert [each.status for each in verify(message, txt)] == ["pass", "pass"]
    assert bool(world.log.lines) is down
