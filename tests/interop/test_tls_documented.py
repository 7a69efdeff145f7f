"""What the documentation of OCSP stapling, certificate names and session resumption promises, claim by claim: our daemon
as client and as server, `openssl s_client` in front."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

from eximia.tls.binding import is_built
from support_rows import OURS, Server, Talk, open_folder, until
from support_tls import Pki, make

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not is_built(), reason="needs root and the OpenSSL binding")

#: the server shows and staples by the name it is asked for; mail for *.out.example goes to itself, over TLS
CONFIGURATION = """primary_hostname = near.example
tls_certificate = PKI/${if eq{$tls_sni}{alt}{alt}{ec}}.chain
tls_privatekey = PKI/${if eq{$tls_sni}{alt}{alt}{ec}}.key
tls_ocsp_file = PKI/${if eq{$tls_sni}{alt}{alt}{${if eq{$tls_sni}{nostaple}{none}{live}}}}.ocsp
tls_resumption_hosts = *
log_selector = +tls_resumption +tls_sni +tls_certificate_verified
acl_smtp_helo = helo
acl_smtp_rcpt = accept
acl_smtp_data = data
begin acl
helo:
  accept condition = ${if def:tls_in_cipher}
         logwrite = SEEN $sender_helo_name ocsp=$tls_in_ocsp resumption=$tls_in_resumption \\
           <${listextract{$tls_in_resumption}{_RESUME_DECODE}}>
  accept
data:
  accept condition = ${if def:tls_in_cipher}
         logwrite = IN $h_subject: <${listextract{$tls_in_resumption}{_RESUME_DECODE}}>
  accept
ev:
  accept condition = ${if eq{$event_name}{msg:delivery}}
         logwrite = OUT $h_subject: ocsp=$tls_out_ocsp <${listextract{$tls_out_resumption}{_RESUME_DECODE}}>
  accept
begin routers
out:
  driver = manualroute
  condition = ${if !def:tls_in_cipher}
  route_data = 127.0.1.${extract{${extract{1}{.}{$domain}}}{require=2 request=3 silent=4 resume=5 kept=6 \\
    resumerequire=7}}::PORT
  self = send
  transport = ${extract{1}{.}{$domain}}
gone:
  driver = redirect
  data = :blackhole:
begin transports
"""
TRANSPORTS = {
    "require": "hosts_require_ocsp = *\n  hosts_require_tls = *",
    "request": "",
    "silent": "hosts_request_ocsp =",
    "resume": "tls_resumption_hosts = *\n  tls_verify_hosts = *",
    "kept": "",
    "resumerequire": "tls_resumption_hosts = *\n  hosts_require_ocsp = *\n  hosts_require_tls = *",
}


class World:
    def __init__(self, server: Server, pki: Pki) -> None:
        self.server = server
        self.pki = pki
        self.number = 0

    def staple(self, name: str = "live.ocsp", **how: object) -> None:
        """Replace a file as an administrator does it: at once."""
        made = self.pki.staple("new", **how)  # type: ignore[arg-type]
        os.chmod(made, 0o644)
        os.replace(made, self.pki.path(name))

    def send(self, kind: str, sni: str = "live") -> tuple[str, str]:
        """One message through a transport: its delivery line, and what the event saw (or "")."""
        self.number += 1
        subject = f"m{self.number}"
        with Talk(self.server.port) as talk:
            talk.greeted()
            talk.say("MAIL FROM:<>")
            talk.say(f"RCPT TO:<{subject}@{kind}.{sni}>")
            talk.say("DATA")
            talk.say(f"Subject: {subject}\r\n\r\nx\r\n.")
            talk.say("QUIT")
        found = until(lambda: re.search(rf"(=>|==|\*\*) {subject}@.* T=.*", self.server.log()))
        assert isinstance(found, re.Match)
        until(lambda: found[1] != "=>" or f"OUT {subject} " in self.server.log())
        told = re.search(rf"OUT {subject} (.*)", self.server.log())
        return found[0], told[1] if told else ""

    def ask(self, name: str = "", *more: str) -> str:
        """What `openssl s_client` says of the server's staple."""
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.server.port}", "-starttls", "smtp", *more]
        command += ["-CAfile", self.pki.path("root.crt"), *(["-servername", name] if name else ["-noservername"])]
        done = subprocess.run(command, input=b"QUIT\r\n", capture_output=True, timeout=60, check=False)
        return (done.stdout + done.stderr).decode("latin-1")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_folder() as folder:
        (folder / "pki").mkdir()
        pki = Pki(folder / "pki")
        transports = "".join(
            f"{name}:\n  driver = smtp\n  hosts_try_fastopen =\n  event_action = ${{acl{{ev}}}}\n  hosts_try_dane =\n"
            f"  tls_verify_certificates = {pki.path('root.crt')}\n  connection_max_messages = 1\n"
            f"  tls_verify_cert_hostnames =\n"
            f"  tls_sni = ${{extract{{2}}{{.}}{{$domain}}}}\n  {options}\n"
            for name, options in TRANSPORTS.items()
        )
        for path in (folder / "pki").iterdir():
            path.chmod(0o644)
        server = Server(folder / "near", OURS, CONFIGURATION.replace("PKI", str(pki.folder)) + transports, tls=True)
        try:
            yield World(server, pki)
        finally:
            server.stop()


def test_served_and_replaced(world: World) -> None:
    """The file holds a proof in DER; it is served in the handshake, and a new file with the next connection."""
    world.staple()
    assert "Cert Status: good" in world.ask("", "-status")
    world.staple(status=ocsp.OCSPCertStatus.REVOKED)
    assert "Cert Status: revoked" in world.ask("", "-status")
    os.unlink(world.pki.path("live.ocsp"))
    assert "OCSP response: no response sent" in world.ask("", "-status")
    world.staple()
    assert "Cert Status: good" in world.ask("", "-status")


def test_by_server_name(world: World) -> None:
    """The option is expanded again for the name a client asks for."""
    world.staple()
    world.staple("alt.ocsp", leaf="alt")
    said = world.ask("alt", "-status")
    assert "CN = alt.example.net" in said
    assert "Cert Status: good" in said
    assert "no response sent" in world.ask("nostaple", "-status")


@pytest.mark.parametrize("how", [{"ends": -1, "begins": -5}, {"ends": None}])
def test_ignored(world: World, how: dict[str, object]) -> None:
    """A proof that has expired, or that does not say when the next one comes, is not served; the log says so."""
    world.staple(**how)
    before = len(world.server.log())
    assert "no response sent" in world.ask("", "-status")
    assert "live.ocsp" in world.server.log()[before:]


def test_what_the_server_sees(world: World) -> None:
    """$tls_in_ocsp: 0 not asked for, 1 no response, 2 sent."""
    world.staple()
    for name, words, state in (("nostaple", (), 0), ("nostaple", ("-status",), 1), ("", ("-status",), 2)):
        before = len(world.server.log())
        command = ["-quiet", *words]
        with subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{world.server.port}", "-starttls", "smtp", *command]
            + (["-servername", name] if name else ["-noservername"]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as client:  # fmt: skip
            assert client.stdin is not None
            client.stdin.write(b"EHLO c.example\r\n")
            client.stdin.flush()
            told = until(lambda at=before: re.search(r"SEEN c\.example ocsp=(\d)", world.server.log()[at:]))
            client.terminate()
        assert isinstance(told, re.Match)
        assert told[1] == str(state)


def test_client(world: World) -> None:
    """Our client asks all hosts by default and verifies the answer; an empty hosts_request_ocsp asks nobody; for
    hosts_require_ocsp the connection proceeds only with a good proof."""
    world.staple()
    line, told = world.send("request")
    assert " CV=yes" in line or " CV=no" in line
    assert told.startswith("ocsp=4 ")
    assert world.send("silent")[1].startswith("ocsp=0 ")
    line, told = world.send("require")
    assert line.startswith("=>")
    assert told.startswith("ocsp=4 ")
    assert world.send("request", "nostaple")[1].startswith("ocsp=1 ")


@pytest.mark.parametrize("kind", ["none", "revoked", "old signer", "unknown signer", "signer not sent", "intermediate"])
def test_required(world: World, kind: str) -> None:
    """No proof, a bad one, or one whose signer's certificate has expired before it, cannot be trusted, or is neither
    the authority nor sent along: the host is not used. A signer's certificate that is sent along will do."""
    shown = ""
    inter = world.pki.made["inter"]
    match kind:
        case "none":
            shown = "nostaple"
        case "revoked":
            world.staple(status=ocsp.OCSPCertStatus.REVOKED)
        case "old signer":
            old = make("Old", issuer=inter, usages=[Usage.OCSP_SIGNING], begins=-30, ends=-1)
            world.staple(signer=old)
        case "unknown signer":
            world.staple(signer=make("Nobody", usages=[Usage.OCSP_SIGNING]))
        case "signer not sent":
            world.staple(embed=False)
        case _:
            world.staple(algorithm=hashes.SHA1())
    world.server.call("-qff")
    _forget(world)
    line, _ = world.send("require", shown or "live")
    assert line.startswith("=>" if kind == "intermediate" else "=="), line
    if kind != "intermediate":
        assert "invalid status response" in line or "OCSP" in line


def _forget(world: World) -> None:
    """Let the retry times of hosts be forgotten."""
    for name in ("retry", "wait-require"):
        for path in (world.server.folder / "spool" / "db").glob(f"{name}*"):
            path.unlink()
    time.sleep(0.1)


def test_resumption(world: World) -> None:
    """The first connection gets a ticket, which is kept in hints database `tls` and serves for the second: the log lines
    of both sides have an asterisk, the variables' bits are decoded by _RESUME_DECODE. Without the option nothing is
    kept. The hints tools know the database."""
    world.staple()
    first, told = world.send("resume")
    assert "*" not in first.partition(" X=")[2].split()[0]
    assert "<client requested new ticket, server provided>" in told
    second, told = world.send("resume")
    assert second.partition(" X=")[2].split()[0].endswith("*"), second
    assert "session resumed" in told
    subject = re.search(r"=> (\w+)@", second)
    assert subject is not None
    arrived = [line for line in world.server.log().splitlines() if " <= " in line and " X=" in line]
    assert arrived[-1].partition(" X=")[2].split()[0].endswith("*")
    assert f"IN {subject[1]} <session resumed" in world.server.log()
    dumped = _tool(world, "exim_dumpdb")
    assert "127.0.1.5" in dumped or dumped.strip()
    assert "tls" in _tool(world, "exim_tidydb", "-t", "7d").lower()
    third, told = world.send("kept")
    assert "*" not in third.partition(" X=")[2].split()[0]
    assert "session resumed" not in told


def test_resumption_and_required_proof(world: World) -> None:
    """A resumed session has no proof; for hosts that must show one sessions are not resumed."""
    world.staple()
    _forget(world)
    for _ in range(2):
        line, told = world.send("resumerequire")
        assert line.startswith("=>")
        assert told.startswith("ocsp=4 ")


def _tool(world: World, name: str, *words: str) -> str:
    from support_rows import SOURCE

    command = [OURS[0], "-m", "eximia.cli.launched", name, *words, str(world.server.folder / "spool"), "tls"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout
