"""DANE from the zone to the delivery: signed and unsigned zones on nsd, a validating unbound, servers with good and bad
certificates (manual 43.18, RFC 7672, features row 10)."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eximia.aio.direct import DirectPorts
from eximia.config.main import MainOptions
from eximia.context.delivery import Result
from eximia.lists.regex import Regexes
from eximia.lists.service import Lists
from eximia.routers.host_lookup import HostPolicy
from eximia.routers.mx import MxPolicy, find_mx
from eximia.tls.binding import is_built
from eximia.transports.smtp.pool import pool_of
from services.dnssec import SIGNED, UNSIGNED, Dns
from support_tls import Pki
from support_transports import World

pytestmark = pytest.mark.skipif(not is_built(), reason="the OpenSSL binding is not built")


class Server(socketserver.ThreadingTCPServer):
    """A small SMTP server; `leaf` names its certificate ("" for none: no STARTTLS)."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, pki: Pki, leaf: str, where: tuple[str, int] = ("127.0.0.1", 0), *, early: bool = False) -> None:
        super().__init__(where, Session)
        #: TLS begins with the connection
        self.early = early
        self.port = self.server_address[1]
        self.context: ssl.SSLContext | None = None
        self.names: list[str | None] = []
        if leaf:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(pki.path(f"{leaf}.chain"), pki.path(f"{leaf}.key"))
            self.context.sni_callback = lambda _sock, name, _context: self.names.append(name)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no error here."""


class Session(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        stream: Any = self.request.makefile("rwb", buffering=0)
        encrypted = self.server.early
        if self.server.early and self.server.context is not None:
            stream = self.server.context.wrap_socket(self.request, server_side=True).makefile("rwb", buffering=0)
        stream.write(b"220 server ESMTP\r\n")
        while line := stream.readline():
            word = line[:4].upper()
            if word == b"EHLO":
                offers = self.server.context is not None and not encrypted
                stream.write(b"250-server\r\n" + (b"250-STARTTLS\r\n" if offers else b"") + b"250 8BITMIME\r\n")
            elif word == b"STAR" and self.server.context is not None:
                stream.write(b"220 go\r\n")
                stream = self.server.context.wrap_socket(self.request, server_side=True).makefile("rwb", buffering=0)
                encrypted = True
            elif word == b"DATA":
                stream.write(b"354 go\r\n")
                while stream.readline() not in (b".\r\n", b""):
                    pass
                stream.write(b"250 taken\r\n")
            elif word == b"QUIT":
                stream.write(b"221 bye\r\n")
                return
            else:
                stream.write(b"250 ok\r\n")


#: name of the case -> the server's certificate, the TLSA records (usage, selector, matching type, whose)
CASES: dict[str, tuple[str, list[tuple[int, int, int, str]]]] = {
    **{f"ee-{s}-{m}": ("ec", [(3, s, m, "ec")]) for s in (0, 1) for m in (0, 1, 2)},
    **{f"ta-{s}-{m}": ("rsa", [(2, s, m, "inter")]) for s in (0, 1) for m in (0, 1, 2)},
    "both": ("ec", [(2, 0, 1, "otherroot"), (3, 1, 1, "ec")]),
    "wrong": ("ec", [(3, 1, 1, "alt")]),
    "wrongta": ("ec", [(2, 0, 1, "otherroot")]),
    "agility": ("ec", [(3, 1, 2, "alt"), (3, 1, 1, "ec")]),
    "pkix": ("ec", [(0, 0, 1, "ec"), (1, 1, 1, "ec")]),
    "pkixtoo": ("ec", [(1, 1, 1, "alt"), (3, 1, 1, "ec")]),
    "unusable": ("ec", [(3, 1, 7, "ec"), (3, 5, 1, "ec")]),
    "expired": ("expired", [(3, 1, 1, "expired")]),
    "othername": ("alt", [(3, 1, 1, "alt")]),
    "othernameta": ("alt", [(2, 0, 1, "inter")]),
    "noname": ("ec", []),
    "clear": ("", [(3, 1, 1, "ec")]),
    "bogus": ("ec", [(3, 1, 1, "ec")]),
    "shared": ("ec", []),
    "alias": ("ec", []),
}
GOOD = [name for name in CASES if name.startswith(("ee-", "ta-"))]
GOOD += ["both", "pkixtoo", "expired", "othername", "shared", "alias"]


class Place:
    """Everything: the zones, the name servers, the mail servers."""

    def __init__(self, folder: Path) -> None:
        (folder / "pki").mkdir()
        (folder / "dns").mkdir()
        self.pki = pki = Pki(folder / "pki")
        self.servers = {leaf: Server(pki, leaf) for leaf in ("ec", "rsa", "expired", "alt", "")}
        signed, unsigned = "", ""
        for name, (leaf, records) in CASES.items():
            port = self.servers[leaf].port
            signed += f"{name} MX 10 mx-{name}\n"
            if name != "alias":
                signed += f"mx-{name} A 127.0.0.1\n"
            for usage, selector, matching, whose in records:
                data = pki.made[whose].tlsa(selector, matching if matching < 3 else 1).hex()
                signed += f"_{port}._tcp.mx-{name} TLSA {usage} {selector} {matching} {data}\n"
        port, digest = self.servers["ec"].port, pki.made["ec"].tlsa(1, 1).hex()
        signed += f"_{port}._tcp.mx-shared CNAME tlsa\ntlsa TLSA 3 1 1 {digest}\n"
        signed += f"mx-alias CNAME real\nreal A 127.0.0.1\n_{port}._tcp.real TLSA 3 1 1 {digest}\n"
        unsigned += f"insecure MX 10 mx\nmx A 127.0.0.1\n_{port}._tcp.mx TLSA 3 1 1 {digest}\n"
        unsigned += f"crossing MX 10 mx-ee-1-1.{SIGNED}.\n"
        self.dns = Dns(folder / "dns", signed, unsigned, bogus=("mx-bogus",))

    def close(self) -> None:
        self.dns.close()
        for each in self.servers.values():
            each.shutdown()
            each.server_close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("dane"))
    yield made
    made.close()


class Delivery:
    """One delivery: MX and addresses looked up, then the transport. `line`: what was logged; `events`: name and data."""

    def __init__(self, place: Place, domain: str, leaf: str, **settings: Any) -> None:
        world = World()
        process = world.process
        direct: Any = DirectPorts()
        direct.resolver = place.dns.fresh()
        process.ports = direct
        process.main = SimpleNamespace(**{**MainOptions()._defaults, **vars(process.main), "allow_mx_to_ip": False})
        self.events: list[str] = []
        services: Any = process.services
        services.lists, services.regexes = Lists(), Regexes()
        services.expand = lambda text, ctx: self._event(ctx)
        settings = {"port": str(place.servers[leaf].port), "allow_localhost": True, "command_timeout": 5, **settings}
        transport = world.transport("smtp", event_action="$event_name", hosts_randomize=False, **settings)
        address = world.address(f"b@{domain}", transport)
        policy = MxPolicy(HostPolicy(dnssec_requested=True))
        found = find_mx(world.context(), domain, policy)
        # all our hosts are this one, which is why they look local
        address.hosts = found.hosts
        for host in address.hosts:
            host.mx = 10
        assert address.hosts, found
        self.host = address.hosts[0]
        self.line = "\n".join(world.run(transport, address))
        pool_of(world.context()).close()
        assert address.outcome is not None
        self.result = address.outcome.result
        self.tls = address.outcome.smtp.tls if address.outcome.smtp else None

    def _event(self, ctx: Any) -> str:
        address = ctx.address
        if address.event_name in ("dane:fail", "tls:cert", "msg:host:defer"):
            self.events.append(f"{address.event_name} {address.event_data}")
        return ""


@pytest.mark.parametrize("name", GOOD)
def test_a_matching_record(place: Place, name: str) -> None:
    leaf, records = CASES[name]
    done = Delivery(place, f"{name}.{SIGNED}", leaf)
    assert done.host.secure
    assert done.result is Result.DELIVERED, done.line
    assert " CV=dane" in done.line
    assert done.tls.dane
    usages = {usage for usage, *_ in records if usage in (2, 3)} or {3}
    assert done.tls.tlsa_usage == sum(1 << usage for usage in usages)
    # the name that is asked for is the host's, after MX and CNAME
    base = f"real.{SIGNED}" if name == "alias" else f"mx-{name}.{SIGNED}"
    assert done.tls.sni == base == place.servers[leaf].names[-1]
    # a status is asked for only where an authority may revoke
    assert done.tls.ocsp == (1 if usages == {2} else 0)


@pytest.mark.parametrize("name", ["wrong", "wrongta", "agility", "othernameta"])
def test_no_record_matches(place: Place, name: str) -> None:
    """There is no going back: neither to other checks nor to clear text."""
    done = Delivery(place, f"{name}.{SIGNED}", CASES[name][0], tls_try_verify_hosts="*", tls_tempfail_tryclear=True)
    assert done.result is Result.DEFERRED
    assert "TLS session: (SSL_connect): error:0A000086:SSL routines::certificate verify failed" in done.line
    assert "dane:fail validation-failure" in done.events
    assert f"DANE attempt failed; TLS connection to mx-{name}.{SIGNED} [127.0.0.1]: (SSL_connect): " in done.line
    assert any(event.startswith("msg:host:defer TLS session: ") for event in done.events)


@pytest.mark.parametrize("name", ["pkix", "unusable"])
def test_no_record_is_usable(place: Place, name: str) -> None:
    """TLS all the same, with whoever it is (RFC 7672 2.2)."""
    done = Delivery(place, f"{name}.{SIGNED}", "ec")
    assert done.result is Result.DELIVERED
    assert " X=TLS1.3" in done.line
    assert " CV=no" in done.line
    assert done.tls.tlsa_usage == 0


def test_no_tls_offered(place: Place) -> None:
    done = Delivery(place, f"clear.{SIGNED}", "")
    assert done.result is Result.DEFERRED
    assert "a TLS session is required, but the server did not offer TLS support" in done.line
    assert "dane:fail starttls-not-supported" in done.events


def test_an_answer_that_cannot_be_trusted(place: Place) -> None:
    done = Delivery(place, f"bogus.{SIGNED}", "ec")
    assert done.result is Result.DEFERRED
    assert f"H=mx-bogus.{SIGNED} [127.0.0.1]: DANE error: tlsa lookup DEFER" in done.line
    assert done.events[:2] == ["dane:fail dnssec-invalid", "msg:host:defer DANE error: tlsa lookup DEFER"]


@pytest.mark.parametrize("domain", [f"noname.{SIGNED}", f"insecure.{UNSIGNED}", f"crossing.{UNSIGNED}"])
def test_dane_is_not_in_use(place: Place, domain: str) -> None:
    done = Delivery(place, domain, "ec")
    assert bool(done.host.secure) == domain.endswith(SIGNED)
    assert done.result is Result.DELIVERED
    assert " CV=no" in done.line
    assert not done.tls.dane


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        (f"noname.{SIGNED}", "DANE error: tlsa lookup FAIL"),
        (f"pkix.{SIGNED}", "DANE error: no usable TLSA record"),
        (f"insecure.{UNSIGNED}", "DANE error: mx.plain.test lookup not DNSSEC"),
    ],
)
def test_dane_required(place: Place, domain: str, why: str) -> None:
    done = Delivery(place, domain, "ec", hosts_require_dane="*")
    assert done.result is Result.FAILED
    assert why in done.line
    assert done.events == ["dane:fail dane-required"]


def test_dane_not_wanted(place: Place) -> None:
    done = Delivery(place, f"wrong.{SIGNED}", "ec", hosts_try_dane="")
    assert done.result is Result.DELIVERED
    assert " CV=no" in done.line


def test_what_other_options_say_does_not_count(place: Place) -> None:
    """hosts_require_tls, tls_verify_hosts, tls_verify_certificates, tls_verify_cert_hostnames, tls_sni."""
    done = Delivery(
        place,
        f"ee-1-1.{SIGNED}",
        "ec",
        tls_verify_hosts="*",
        tls_verify_certificates=place.pki.path("otherroot.crt"),
        tls_verify_cert_hostnames="*",
        tls_sni="elsewhere.example",
        hosts_avoid_tls="*",
    )
    assert done.result is Result.DELIVERED, done.line
    assert " CV=dane" in done.line
    assert done.tls.sni == f"mx-ee-1-1.{SIGNED}"


def test_ciphers_of_its_own(place: Place) -> None:
    bad = Delivery(place, f"ee-1-1.{SIGNED}", "ec", dane_require_tls_ciphers="NOSUCH")
    assert "(SSL_CTX_set_cipher_list: NOSUCH)" in bad.line
    assert bad.result is Result.DEFERRED
    good = Delivery(place, f"ee-1-1.{SIGNED}", "ec", dane_require_tls_ciphers="HIGH", tls_require_ciphers="NOSUCH")
    assert good.result is Result.DELIVERED
    same = Delivery(place, f"ee-1-1.{SIGNED}", "ec", dane_require_tls_ciphers="", tls_require_ciphers="NOSUCH")
    assert "NOSUCH" in same.line


def test_events_of_certificates(place: Place) -> None:
    assert Delivery(place, f"ee-1-1.{SIGNED}", "ec").events == ["tls:cert 0"]
    assert Delivery(place, f"ta-0-1.{SIGNED}", "rsa").events == ["tls:cert 1", "tls:cert 0"]
