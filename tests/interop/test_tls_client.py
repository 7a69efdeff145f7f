"""Our smtp transport with servers of two other libraries: OpenSSL's `s_server` and Debian's Exim (GnuTLS) (manual 43.10).

`s_server` speaks no SMTP: what it decrypts comes out of its standard output, and a thread answers by its input.
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.x509 import ocsp

from eximia.aio.direct import DirectPorts
from eximia.context.delivery import Host, Result
from eximia.hints.store import Hints
from eximia.tls.binding import is_built
from eximia.transports.smtp.pool import pool_of
from interop.postfix_server import PostfixServer
from interop.tls_world import exim_folders, wait_for
from support_servers import free_port, free_ports
from support_tls import HOST, Pki
from support_transports import World

pytestmark = pytest.mark.skipif(not is_built(), reason="the OpenSSL binding is not built")

VERSIONS = pytest.mark.parametrize("version", ["TLS1.2", "TLS1.3"])


class SslServer:
    """`openssl s_server` with a person at its keyboard who knows SMTP."""

    def __init__(self, *words: str) -> None:
        self.port = free_port()
        command = ["openssl", "s_server", "-accept", str(self.port), "-quiet", "-naccept", "1", *words]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
        )
        self.heard: list[bytes] = []
        wait_for_listener(self.port)
        self.thread = threading.Thread(target=self._talk, daemon=True)
        self.thread.start()

    def _talk(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._say(b"220 s_server ESMTP\r\n")
        for line in self.process.stdout:
            self.heard.append(line)
            word = line[:4].upper()
            if word == b"EHLO":
                self._say(b"250 s_server\r\n")
            elif word == b"DATA":
                self._say(b"354 go\r\n")
                for text in self.process.stdout:
                    if text == b".\r\n":
                        break
                self._say(b"250 taken\r\n")
            elif word == b"QUIT":
                self._say(b"221 bye\r\n")
            elif word in (b"MAIL", b"RCPT"):
                self._say(b"250 ok\r\n")

    def _say(self, text: bytes) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(text)
        except BrokenPipeError:
            pass

    def close(self) -> str:
        self.process.terminate()
        self.process.wait()
        self.thread.join(5)
        return b"".join(self.heard).decode("latin-1")


def wait_for_listener(port: int) -> None:
    """s_server counts connections: look into the kernel's table instead of making one."""
    wanted = f":{port:04X} "
    for _ in range(3000):
        if any(wanted in line and " 0A " in line for line in Path("/proc/net/tcp").read_text().splitlines()):
            return
        if any(wanted in line and " 0A " in line for line in Path("/proc/net/tcp6").read_text().splitlines()):
            return
        time.sleep(0.02)
    pytest.fail("s_server does not listen")


class Client:
    """One delivery by our transport; `line` is its log line."""

    def __init__(self, folder: Path, version: str, *, options: str = "") -> None:
        self.world = World()
        direct = DirectPorts()
        self.world.process.ports.net = direct.net
        self.world.process.ports.clock = direct.clock
        other = "no_tlsv1_3" if version == "TLS1.2" else "no_tlsv1_2"
        self.world.process.main.openssl_options = f"+{other} {options}"
        self.world.process.hints = Hints(str(folder / "db"), self.world.log.panic, time.time)
        self.world.process.services = SimpleNamespace(expand=None)

    def send(self, port: int, *, name: str = HOST, **settings: Any) -> str:
        transport = self.world.transport(
            "smtp", port=str(port), allow_localhost=True, hosts="127.0.0.1", command_timeout=5, **settings
        )
        address = self.world.address("b@y.example", transport)
        address.hosts = [Host(name, "127.0.0.1")]
        self.world.log.lines.clear()
        lines = self.world.run(transport, address)
        pool_of(self.world.context()).close()
        outcome = address.outcome
        assert outcome is not None
        self.delivered = outcome.result is Result.DELIVERED
        self.tls = outcome.smtp.tls if outcome.smtp is not None else None
        return "\n".join(lines)


@VERSIONS
@pytest.mark.parametrize("leaf", ["rsa", "ec"])
@pytest.mark.parametrize(
    ("trust", "name", "settings", "verdict"),
    [
        ("root", HOST, {}, "yes"),
        ("root", HOST, {"tls_verify_hosts": "*"}, "yes"),
        ("root", "wrong.example", {}, "no"),
        ("root", "wrong.example", {"tls_verify_hosts": "*"}, "certificate name mismatch"),
        ("root", "wrong.example", {"tls_verify_hosts": "*", "tls_verify_cert_hostnames": ""}, "yes"),
        ("otherroot", HOST, {}, "no"),
        ("otherroot", HOST, {"tls_verify_hosts": "*"}, "unable to get local issuer certificate"),
    ],
)
def test_verification(
    pki: Pki, tmp_path: Path, leaf: str, trust: str, name: str, settings: dict[str, str], verdict: str, version: str
) -> None:
    server = SslServer(
        "-cert", pki.path(f"{leaf}.crt"), "-key", pki.path(f"{leaf}.key"), "-cert_chain", pki.path("inter.crt")
    )
    client = Client(tmp_path, version)
    line = client.send(
        server.port, protocol="smtps", tls_verify_certificates=pki.path(f"{trust}.crt"), name=name, **settings
    )
    heard = server.close()
    if verdict in ("yes", "no"):
        assert client.delivered, line
        assert f" X={version}:" in line
        assert f" CV={verdict}" in line
        assert "RCPT TO:<b@y.example>" in heard
    else:
        assert not client.delivered
        assert "TLS session: (SSL_connect): error:0A000086:SSL routines::certificate verify failed" in line
        assert verdict in line
        assert "RCPT" not in heard


@VERSIONS
@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize(("kind", "state"), [("good", 4), ("revoked", 3), ("none", 1)])
def test_staples(pki: Pki, tmp_path: Path, kind: str, state: int, required: bool, version: str) -> None:
    words = ["-cert", pki.path("ec.crt"), "-key", pki.path("ec.key"), "-cert_chain", pki.path("inter.crt")]
    if kind != "none":
        status = ocsp.OCSPCertStatus.GOOD if kind == "good" else ocsp.OCSPCertStatus.REVOKED
        words += ["-status_file", pki.staple(f"client-{kind}.der", status=status)]
    server = SslServer(*words)
    client = Client(tmp_path, version)
    line = client.send(
        server.port,
        protocol="smtps",
        tls_verify_certificates=pki.path("root.crt"),
        hosts_require_ocsp="*" if required else "",
    )
    server.close()
    assert client.delivered == (not required or kind == "good"), line
    if client.delivered:
        assert client.tls.ocsp == state
    else:
        assert "invalid status response" in line


@VERSIONS
@pytest.mark.parametrize("certificate", ["client", "expired", ""])
def test_our_certificate(pki: Pki, tmp_path: Path, certificate: str, version: str) -> None:
    server = SslServer(
        *("-cert", pki.path("ec.crt"), "-key", pki.path("ec.key"), "-cert_chain", pki.path("inter.crt")),
        *("-Verify", "5", "-verify_return_error", "-CAfile", pki.path("root.crt")),
    )
    own = {}
    if certificate:
        own = {"tls_certificate": pki.path(f"{certificate}.chain"), "tls_privatekey": pki.path(f"{certificate}.key")}
    client = Client(tmp_path, version)
    line = client.send(server.port, protocol="smtps", **own)
    server.close()
    assert client.delivered == (certificate == "client"), line
    if not client.delivered:
        assert "TLS session: " in line
        assert "defer (-37)" in line


class EximServer:
    """A daemon of the installed Exim."""

    def __init__(self, folder: Path, pki: Pki, leaf: str, more: str = "") -> None:
        exim_folders(folder, pki)
        self.log = folder / "log" / "mainlog"
        self.port, self.early = free_ports(2)
        (folder / "conf").write_text(
            f"""spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
primary_hostname = exim.example
keep_environment =
notifier_socket =
daemon_smtp_ports = {self.port} : {self.early}
tls_on_connect_ports = {self.early}
local_interfaces = 127.0.0.1
tls_certificate = {pki.path(leaf)}.chain
tls_privatekey = {pki.path(leaf)}.key
tls_verify_certificates = {pki.path("root.crt")}
tls_try_verify_hosts = *
tls_resumption_hosts = *
log_selector = +tls_peerdn +tls_sni +tls_resumption
acl_smtp_rcpt = accept
{more}
begin routers
r:
  driver = redirect
  data = :blackhole:
"""
        )
        self.process = subprocess.Popen(["exim4", "-C", str(folder / "conf"), "-bdf"], stderr=subprocess.DEVNULL)
        wait_for(self.port)

    def arrival(self) -> str:
        """The log line of the last message."""
        return next(line for line in reversed(self.log.read_text().splitlines()) if " <= " in line)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


@pytest.fixture(scope="module", params=["rsa", "ec"])
def exim(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pki: Pki) -> Iterator[EximServer]:
    made = EximServer(
        tmp_path_factory.mktemp(request.param),
        pki,
        request.param,
        f"tls_ocsp_file = {pki.staple('x.ocsp', request.param)}",
    )
    yield made
    made.close()


def delivered(
    pki: Pki,
    folder: Path,
    server: EximServer | PostfixServer,
    settings: dict[str, str],
    ours: str,
    *,
    early: bool,
    version: str,
) -> None:
    """Deliver a message; our log line has the version and `ours`."""
    values = {"tls_verify_certificates": pki.path("root.crt"), **settings}
    if values["tls_verify_certificates"] == "other":
        values["tls_verify_certificates"] = pki.path("otherroot.crt")
    if "tls_certificate" in values:
        values["tls_certificate"], values["tls_privatekey"] = pki.path("client.chain"), pki.path("client.key")
    client = Client(folder, version)
    line = client.send(server.early if early else server.port, protocol="smtps" if early else "smtp", **values)
    assert client.delivered, line
    assert f" X={version}:" in line
    assert ours in line


@VERSIONS
@pytest.mark.parametrize("early", [False, True], ids=["starttls", "on-connect"])
@pytest.mark.parametrize(
    ("settings", "ours", "theirs"),
    [
        ({}, "CV=yes", "CV=no"),
        ({"tls_verify_hosts": "*", "hosts_require_tls": "*"}, "CV=yes", "CV=no"),
        ({"tls_verify_certificates": "other"}, "CV=no", "CV=no"),
        ({"tls_certificate": "client"}, "CV=yes", 'CV=yes DN="CN=client.example.org"'),
        ({"tls_sni": "asked.example"}, "CV=yes", "SNI=asked.example"),
        ({"hosts_require_ocsp": "*"}, "CV=yes", "CV=no"),
        ({"tls_alpn": "smtp", "hosts_require_alpn": "*"}, "CV=yes", "CV=no"),
    ],
)
def test_exim(
    pki: Pki,
    tmp_path: Path,
    exim: EximServer,
    settings: dict[str, str],
    ours: str,
    theirs: str,
    early: bool,
    version: str,
) -> None:
    delivered(pki, tmp_path, exim, settings, ours, early=early, version=version)
    arrival = exim.arrival()
    assert f" X={version}:" in arrival
    assert theirs in arrival


@VERSIONS
def test_exim_resumes(pki: Pki, tmp_path: Path, exim: EximServer, version: str) -> None:
    client = Client(tmp_path, version)
    client.world.log.selectors = type(client.world.log.selectors)("+tls_resumption")
    values = {"tls_verify_certificates": pki.path("root.crt"), "tls_resumption_hosts": "*"}
    assert "256*" not in client.send(exim.port, **values)
    line = client.send(exim.port, **values)
    assert re.search(r" X=\S+\* CV=yes", line), line
    assert re.search(r" X=\S+\* ", exim.arrival())


@VERSIONS
def test_sessions_serve_under_their_own_rules(pki: Pki, tmp_path: Path, exim: EximServer, version: str) -> None:
    client = Client(tmp_path, version)
    rules = {"tls_verify_certificates": pki.path("root.crt"), "tls_verify_hosts": "*", "tls_resumption_hosts": "*"}
    seen = []
    for changed in (
        {},
        {},
        {"tls_verify_cert_hostnames": ""},  # another question: nothing is kept for it
        {},
        {"tls_resumption_hosts": ""},
        {"hosts_require_ocsp": "*"},  # a resumed session has no status
    ):
        line = client.send(exim.port, **{**rules, **changed})
        assert client.tls is not None, line
        assert client.tls.certificate_verified
        seen.append(bool(client.tls.resumption & 16))
    assert seen == [False, True, False, True, False, False]


@pytest.fixture(scope="module", params=["rsa", "ec"])
def postfix(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pki: Pki
) -> Iterator[PostfixServer]:
    made = PostfixServer(tmp_path_factory.mktemp(f"postfix-{request.param}"), pki, request.param)
    yield made
    made.close()


@VERSIONS
@pytest.mark.parametrize("early", [False, True], ids=["starttls", "on-connect"])
@pytest.mark.parametrize(
    ("settings", "ours", "theirs"),
    [
        ({"tls_verify_hosts": "*"}, "CV=yes", "Anonymous TLS connection"),
        ({"tls_verify_certificates": "other"}, "CV=no", "Anonymous TLS connection"),
        ({"tls_certificate": "client"}, "CV=yes", "Trusted TLS connection"),
    ],
)
def test_postfix(
    pki: Pki,
    tmp_path: Path,
    postfix: PostfixServer,
    settings: dict[str, str],
    ours: str,
    theirs: str,
    early: bool,
    version: str,
) -> None:
    delivered(pki, tmp_path, postfix, settings, ours, early=early, version=version)
    seen = postfix.established()
    assert theirs in seen
    assert version.replace("TLS", "TLSv") in seen
