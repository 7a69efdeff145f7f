"""Our server with clients of three libraries: OpenSSL, GnuTLS (its own and Exim's) and Postfix (manual 43)."""

from __future__ import annotations

import os
import signal
import socket
import ssl
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from eximia.tls.binding import is_built
from interop.tls_world import Exim, Finger, Gnutls, Openssl, Ours
from support_servers import stop
from support_tls import Pki

pytestmark = pytest.mark.skipif(not is_built(), reason="the OpenSSL binding is not built")

VERSIONS = pytest.mark.parametrize("version", ["TLS1.2", "TLS1.3"])
_numbers = count(1)


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, pki: Pki) -> dict[str, Any]:
    return {
        "openssl": Openssl(pki),
        "gnutls": Gnutls(pki),
        "postfix": Finger(pki, tmp_path_factory.mktemp("postfix")),
        "exim": Exim(pki, tmp_path_factory.mktemp("exim")),
    }


def cell_name() -> str:
    return f"cell{next(_numbers)}.example"


@VERSIONS
@pytest.mark.parametrize("early", [False, True], ids=["starttls", "on-connect"])
@pytest.mark.parametrize("part", ["rsa", "ec", "dual", "self"])
@pytest.mark.parametrize("client", ["openssl", "gnutls", "postfix", "exim"])
def test_versions_and_certificates(
    ours: Ours, clients: dict[str, Any], client: str, part: str, early: bool, version: str
) -> None:
    peer, cell = clients[client], cell_name()
    # a client of Postfix and of GnuTLS's own would not go on with a certificate that it does not know
    more: dict[str, tuple[str, ...]] = {"gnutls": ("--trust-nobody",), "postfix": ("-l", "encrypt")}
    output = peer.talk(
        (ours.early if early else ours.ports)[part],
        cell,
        version,
        early=early,
        more=more.get(client, ()) if part == "self" else (),
    )
    assert peer.version(output) == version, output
    assert peer.verified(output) == (part != "self"), output
    seen = ours.cell(cell)
    assert seen["ver"] == version
    assert seen["cv"] == "0"
    assert seen["dn"] == ""
    assert seen["cipher"].startswith(f"{version}:")
    assert seen["ours"] == ("O=Eximia,CN=server.example" if part == "self" else "CN=mx.example.org")


@VERSIONS
@pytest.mark.parametrize("certificate", ["", "client", "expired"])
@pytest.mark.parametrize("part", ["require", "try"])
@pytest.mark.parametrize("client", ["openssl", "gnutls", "exim"])
def test_client_certificates(
    ours: Ours, clients: dict[str, Any], client: str, part: str, certificate: str, version: str
) -> None:
    peer, cell = clients[client], cell_name()
    output = peer.talk(ours.ports[part], cell, version, certificate=certificate)
    if part == "require" and certificate != "client":
        assert f"CELL {cell} " not in ours.log()
        assert "TLS error on connection from" in ours.log()
        if client == "exim":
            assert "TLS session: " in output
        return
    seen = ours.cell(cell)
    assert seen["cv"] == ("1" if certificate == "client" else "0")
    assert seen["dn"] == {"": "", "client": "/CN=client.example.org", "expired": "/CN=mx.example.org"}[certificate]


@VERSIONS
@pytest.mark.parametrize("name", ["alt.example.net", "mx.example.org", "unknown.example"])
@pytest.mark.parametrize("client", ["openssl", "gnutls", "exim", "postfix"])
def test_server_names(ours: Ours, clients: dict[str, Any], client: str, name: str, version: str) -> None:
    peer, cell = clients[client], cell_name()
    more = {
        "openssl": ("-servername", name),
        "gnutls": (f"--sni-hostname={name}", "--trust-nobody"),
        "exim": (f"tls_sni = {name}",),
        "postfix": ("-s", name, "-l", "encrypt"),
    }[client]
    output = peer.talk(ours.ports["sni"], cell, version, more=more)
    assert peer.version(output) == version, output
    seen = ours.cell(cell)
    assert seen["sni"] == name
    assert seen["ours"] == ("CN=alt.example.net" if name == "alt.example.net" else "CN=mx.example.org")


@VERSIONS
@pytest.mark.parametrize(("part", "status"), [("staple", "good"), ("revoked", "revoked"), ("ec", "")])
def test_staples_for_openssl(ours: Ours, clients: dict[str, Any], part: str, status: str, version: str) -> None:
    cell = cell_name()
    output = clients["openssl"].talk(ours.ports[part], cell, version, more=("-status",))
    assert ("Cert Status: " + status in output) if status else ("OCSP response: no response sent" in output)
    assert ours.cell(cell)["ocsp"] == ("2" if status else "1")


@VERSIONS
@pytest.mark.parametrize(("part", "good"), [("staple", True), ("revoked", False)])
def test_staples_for_gnutls(ours: Ours, clients: dict[str, Any], part: str, good: bool, version: str) -> None:
    output = clients["gnutls"].talk(ours.ports[part], cell_name(), version)
    assert ("certificate is trusted" in output) == good, output
    assert ("revoked" in output) == (not good)


@VERSIONS
def test_resumption(ours: Ours, clients: dict[str, Any], version: str, tmp_path: Any) -> None:
    """Two workers serve the port: whichever takes the connection knows the other's tickets."""
    kept, peer = str(tmp_path / "session"), clients["openssl"]
    first = cell_name()
    peer.talk(ours.ports["resume"], first, version, more=("-sess_out", kept))
    assert ours.cell(first)["res"] == "11"
    giver = ours.worker(first)

    def again() -> str:
        cell = cell_name()
        output = peer.talk(ours.ports["resume"], cell, version, more=("-sess_in", kept))
        assert "Reused, TLS" in output
        assert int(ours.cell(cell)["res"]) & 0b10100 == 0b10100
        return ours.worker(cell)

    for _ in range(5):
        again()
    stop(int(giver))  # the other one has to take it
    try:
        assert again() != giver
    finally:
        os.kill(int(giver), signal.SIGCONT)
    other = cell_name()
    output = peer.talk(ours.ports["resume"], other, version, more=("-sess_in", kept, "-servername", "other.example"))
    assert "Reused, TLS" not in output
    assert not int(ours.cell(other)["res"]) & 0b10000


@VERSIONS
def test_no_resumption_where_it_is_not_offered(
    ours: Ours, clients: dict[str, Any], version: str, tmp_path: Any
) -> None:
    cell = cell_name()
    clients["openssl"].talk(ours.ports["ec"], cell, version, more=("-sess_out", str(tmp_path / "session")))
    assert not int(ours.cell(cell)["res"]) & 8


@VERSIONS
@pytest.mark.parametrize(("offered", "works"), [("smtp", True), ("esmtp", True), ("h2", False), ("smtp,h2", False)])
@pytest.mark.parametrize("client", ["openssl", "gnutls"])
def test_protocols(ours: Ours, clients: dict[str, Any], client: str, offered: str, works: bool, version: str) -> None:
    cell = cell_name()
    more = ("-alpn", offered) if client == "openssl" else tuple(f"--alpn={each}" for each in offered.split(","))
    clients[client].talk(ours.ports["ec"], cell, version, more=more)
    if works:
        assert ours.cell(cell)["ver"] == version
    else:
        assert f"CELL {cell} " not in ours.log()


@VERSIONS
@pytest.mark.parametrize(("part", "soon"), [("rsa", True), ("ec", False)])
def test_the_banner_within_the_handshake(ours: Ours, pki: Pki, part: str, soon: bool, version: str) -> None:
    """With TLS 1.3 a client has the banner before it has sent its end of the handshake, where the server is set so; it may
    then send its first command together with that end."""
    context = ssl.create_default_context(cafile=pki.path("root.crt"))
    context.minimum_version = context.maximum_version = {
        "TLS1.2": ssl.TLSVersion.TLSv1_2,
        "TLS1.3": ssl.TLSVersion.TLSv1_3,
    }[version]
    arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(arrived, leaving, server_hostname="mx.example.org")
    cell = cell_name()
    with socket.create_connection(("127.0.0.1", ours.early[part]), 10) as sock:

        def wait(step: Callable[[], Any], *, silent: bool = False) -> Any:
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    if not silent:
                        sock.sendall(leaving.read())
                    arrived.write(sock.recv(65536))

        wait(client.do_handshake)
        early = soon and version == "TLS1.3"
        assert bool(leaving.pending) == (version == "TLS1.3")  # the end of the handshake has not been sent
        banner = wait(lambda: client.read(1000), silent=early)
        assert banner.startswith(b"220 server.example ESMTP ")
        client.write(f"EHLO {cell}\r\n".encode())
        sock.sendall(leaving.read())
        assert wait(lambda: client.read(1000)).startswith(f"250-server.example Hello {cell} ".encode())
        assert ours.cell(cell)["ver"] == version
