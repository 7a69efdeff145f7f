"""Revoked certificates by lists (`tls_crl`), as files and folders: of clients of our daemon, and of servers that our daemon
and an installed Exim deliver to (manual 14, 43.6, 43.10)."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from eximia.tls.binding import is_built
from support_rows import OURS, Server, open_folder, send, until
from support_tls import BOTH, DAY, NOW, Made, Pki, make

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("exim4") is None or not is_built(),
    reason="needs root, exim4 and the OpenSSL binding",
)
#: the address that a client comes from, or a server is at -> the certificate there, and the list against which it counts
CASES = {
    "127.0.3.1": ("good", "file"),
    "127.0.3.2": ("revoked", "file"),
    "127.0.3.3": ("good", "folder"),
    "127.0.3.4": ("revoked", "folder"),
    "127.0.3.5": ("revoked", ""),
    "127.0.3.6": ("good", "stale"),
    "127.0.3.7": ("good", "half"),
}
#: lists that say nothing against a certificate; a list that is too old, or that an authority of the chain lacks, is as
#: bad as one that has the certificate
GOOD = ("127.0.3.1", "127.0.3.3", "127.0.3.5")
_CRL = "${if eq{ADDRESS}{127.0.3.5}{}{PKI/${extract{ADDRESS}{LISTS}}}}"
SERVER = """primary_hostname = server.example
acl_smtp_rcpt = accept
tls_certificate = PKI/${if match_ip{$received_ip_address}{SHOWN}{revoked}{good}}.chain
tls_privatekey = PKI/${if match_ip{$received_ip_address}{SHOWN}{revoked}{good}}.key
begin routers
r:
  driver = redirect
  data = :blackhole:
"""
#: both a server that asks for certificates and a client
NEAR = """primary_hostname = near.example
acl_smtp_rcpt = accept
smtp_accept_queue_per_connection = 0
smtp_enforce_sync = false
tls_certificate = PKI/ec.chain
tls_privatekey = PKI/ec.key
tls_try_verify_hosts = 127.0.3.0/24
tls_verify_certificates = CERTIFICATES
tls_crl = IN_CRL
acl_smtp_helo = helo
begin acl
helo:
  accept condition = ${if def:tls_in_cipher}
         logwrite = SEEN $sender_host_address cv=$tls_in_certificate_verified
  accept
begin routers
r:
  driver = manualroute
  domains = *.test
  transport = ${if eq{$local_part}{must}{must}{try}}
  route_data = 127.0.3.${extract{1}{.}{$domain}}
  self = send
begin transports
try:
  driver = smtp
  OPTIONS
must:
  driver = smtp
  tls_verify_hosts = *
  tls_tempfail_tryclear = false
  OPTIONS
begin retry
* * F,1h,10m
"""
OPTIONS = """port = FAR
  hosts_try_fastopen =
  retry_include_ip_address = true
  tls_verify_certificates = CERTIFICATES
  tls_verify_cert_hostnames =
  tls_crl = OUT_CRL
"""


def revocations(issuer: Made, *revoked: Made, until_days: float = 3) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(NOW - 9 * DAY)
        .next_update(NOW + until_days * DAY)
    )
    for each in revoked:
        one = x509.RevokedCertificateBuilder().serial_number(each.certificate.serial_number)
        builder = builder.add_revoked_certificate(one.revocation_date(NOW - dt.timedelta(hours=1)).build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def hashed(path: Path, *lists: bytes, certificate: Path | None = None) -> None:
    """A folder as `openssl rehash` makes it."""
    path.mkdir()
    for number, one in enumerate(lists):
        (path / f"{number}.crl").write_bytes(one)
    if certificate is not None:
        shutil.copy(certificate, path / "ca.pem")
    subprocess.run(["openssl", "rehash", str(path)], check=True, capture_output=True)
    path.chmod(0o755)


class World:
    def __init__(self, folder: Path) -> None:
        (folder / "pki").mkdir()
        self.pki = pki = Pki(folder / "pki")
        root, inter = pki.made["root"], pki.made["inter"]
        for name in ("good", "revoked"):
            pki.leaf(name, make(f"{name}.example", issuer=inter, names=(f"{name}.example",), usages=BOTH))
        by_root, by_inter = revocations(root), revocations(inter, pki.made["revoked"])
        pki.write("file", by_root + by_inter)
        pki.write("half", by_inter)
        pki.write("stale", by_root + revocations(inter, until_days=-2))
        hashed(pki.folder / "folder", by_root, by_inter)
        hashed(pki.folder / "authorities", certificate=Path(pki.path("root.crt")))
        for path in pki.folder.iterdir():
            path.chmod(0o755 if path.is_dir() else 0o644)
        shown = " : ".join(f"<; {address}" for address, (name, _) in CASES.items() if name == "revoked")
        shown = shown.replace(": <; ", "; ")
        far = Server(folder / "far", ["exim4"], self.filled(SERVER.replace("SHOWN", shown)), tls=True)
        options = OPTIONS.replace("FAR", str(far.port))
        text = NEAR.replace("OPTIONS", options)
        ours = text.replace("CERTIFICATES", "PKI/authorities").replace(
            "IN_CRL", _CRL.replace("ADDRESS", "$sender_host_address")
        )
        ours = ours.replace("OUT_CRL", _CRL.replace("ADDRESS", "$host_address"))
        self.far = far
        self.near = Server(folder / "near", OURS, self.filled(ours), tls=True)
        # its library reads files only
        theirs = text.replace("CERTIFICATES", "PKI/root.crt").replace("IN_CRL", "")
        theirs = theirs.replace("OUT_CRL", _CRL.replace("ADDRESS", "$host_address").replace("LISTS", "FILES"))
        self.exim = Server(folder / "exim", ["exim4"], self.filled(theirs), tls=True)

    def filled(self, text: str) -> str:
        lists = " ".join(f"{address}={name}" for address, (_, name) in CASES.items() if name)
        text = text.replace("LISTS", lists).replace("FILES", lists.replace("=folder", "=file"))
        return text.replace("PKI", str(self.pki.folder))

    def stop(self) -> None:
        for server in (self.near, self.exim, self.far):
            server.stop()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_folder() as folder:
        made = World(folder)
        try:
            recipients = [f"{how}@{address.rpartition('.')[2]}.test" for address in CASES for how in ("try", "must")]
            for server in (made.near, made.exim):
                for one in recipients:
                    send(server.port, [one])
            for server in (made.near, made.exim):
                until(lambda at=server: all(f" {one} R=" in at.log() for one in recipients), 30)  # type: ignore[misc]
            yield made
        finally:
            made.stop()


@pytest.mark.parametrize("address", CASES)
def test_certificates_of_clients(world: World, address: str) -> None:
    """Whether it verifies is what the ACLs see."""
    leaf = CASES[address][0]
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{world.near.port}", "-bind", f"{address}:0", "-ign_eof"]
    command += ["-starttls", "smtp", "-cert", world.pki.path(f"{leaf}.crt"), "-key", world.pki.path(f"{leaf}.key")]
    command += ["-cert_chain", world.pki.path("inter.crt")]
    subprocess.run(command, input=b"EHLO x.example\r\nQUIT\r\n", capture_output=True, timeout=30, check=False)
    found = until(lambda: re.search(rf"SEEN {re.escape(address)} cv=(\d)", world.near.log()))
    assert isinstance(found, re.Match)
    assert found[1] == ("1" if address in GOOD else "0")


def line(server: Server, how: str, address: str) -> str:
    found = re.search(rf" (\S+) (=>|==|\*\*) {how}@{address.rpartition('.')[2]}\.test .*", server.log())
    assert found is not None
    return found[0]


@pytest.mark.parametrize("address", CASES)
def test_certificates_of_servers(world: World, address: str) -> None:
    """CV=no where it need not verify; else the host is not used, and the log says why."""
    tried, needed = line(world.near, "try", address), line(world.near, "must", address)
    assert " => " in tried
    assert f" CV={'yes' if address in GOOD else 'no'} " in tried
    assert (" => " if address in GOOD else " == ") in needed
    if address not in GOOD:
        why = {"127.0.3.6": "CRL has expired", "127.0.3.7": "unable to get certificate CRL"}
        text = rf"\[{re.escape(address)}\] SSL verify error: depth=\d error={why.get(address, 'certificate revoked')} cert=/CN="
        assert re.search(text, world.near.log())


@pytest.mark.parametrize("address", [one for one in CASES if CASES[one][1] in ("file", "folder", "")])
def test_an_installed_exim_does_the_same(world: World, address: str) -> None:
    for how in ("try", "must"):
        mark = r" (=>|==) | CV=(\w+) "
        assert re.findall(mark, line(world.near, how, address)) == re.findall(mark, line(world.exim, how, address))
