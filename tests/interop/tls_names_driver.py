"""Certificates and the names of hosts: one server that shows another certificate on each of its addresses, and two clients,
our daemon and an installed Exim, which send it the same mail.

python tls_names_driver.py FOLDER: prints {client: main log} as JSON. To be run inside a network namespace whose name server
knows `zone()`.
"""

from __future__ import annotations

import ipaddress
import json
import os
import pwd
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cryptography import x509
from cryptography.x509 import ocsp

from support_rows import OURS, Server, Talk, listens, until
from support_tls import BOTH, Pki, make

#: case -> (the host that the mail is for, with "IP" its address; the certificate's CN; its other names)
CASES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "alternative": ("alternative.example.org", "x.example.net", ("other.example.net", "alternative.example.org")),
    "letters": ("letters.example.org", "x.example.net", ("LETTERS.Example.ORG",)),
    "different": ("different.example.org", "x.example.net", ("other.example.net",)),
    "longer": ("longer.example.org", "x.example.net", ("longer.example.org.example.net",)),
    "wildcard": ("wildcard.example.org", "x.example.net", ("*.example.org",)),
    "wildcardlabels": ("two.wildcardlabels.example.org", "x.example.net", ("*.example.org",)),
    "wildcardbase": ("wildcardbase.example.org", "x.example.net", ("*.wildcardbase.example.org",)),
    "wildcardshort": ("wildcardshort.example", "x.example.net", ("*.example",)),
    "wildcardpart": ("wildcardpart.example.org", "x.example.net", ("wild*.example.org",)),
    "wildcardinside": ("in.wildcardinside.example.org", "x.example.net", ("in.*.example.org",)),
    "wildcardtwice": ("in.wildcardtwice.example.org", "x.example.net", ("*.*.example.org",)),
    "subject": ("subject.example.org", "subject.example.org", ()),
    "subjectwildcard": ("subjectwildcard.example.org", "*.example.org", ()),
    "subjectunused": ("subjectunused.example.org", "subjectunused.example.org", ("other.example.net",)),
    "subjectmail": ("subjectmail.example.org", "subjectmail.example.org", ("@mail.example.net",)),
    "address": ("IP", "x.example.net", ("IP",)),
    "addressdifferent": ("IP", "x.example.net", ("192.0.2.1",)),
    "addressasname": ("IP", "x.example.net", ("dns:IP",)),
    "addressassubject": ("IP", "IP", ()),
    "addressnotnamed": ("addressnotnamed.example.org", "x.example.net", ("IP",)),
    "alias": ("alias.example.org", "x.example.net", ("alias.example.org",)),
    "aliasreal": ("aliasreal.example.org", "x.example.net", ("real-aliasreal.example.org",)),
    "mx": ("mx.example.org", "x.example.net", ("mx.example.org",)),
    "mxdomain": ("mxhost.example.org", "x.example.net", ("mxdomain.test",)),
    "expired": ("expired.example.org", "x.example.net", ("expired.example.org",)),
    "stranger": ("stranger.example.org", "x.example.net", ("stranger.example.org",)),
    "both": ("both.example.org", "x.example.net", ("other.example.net",)),
}
ADDRESS = {name: f"10.1.1.{number}" for number, name in enumerate(CASES, 2)}
ALIASES = ("alias", "aliasreal")
BY_MX = ("mx", "mxdomain")
#: local part of the recipient -> options of the transport
KINDS = {
    "try": "",
    "require": "tls_verify_hosts = *",
    "unnamed": "tls_verify_hosts = *\n  tls_verify_cert_hostnames =",
    "ocsp": "hosts_require_ocsp = *\n  hosts_require_tls = *",
    "ocsprequire": "hosts_require_ocsp = *\n  hosts_require_tls = *\n  tls_verify_hosts = *",
}
PORTS = {name: 2500 + number for number, name in enumerate(KINDS)}
SERVER = """primary_hostname = server.example
spool_directory = FOLDER/spool
log_file_path = FOLDER/log/%slog
keep_environment =
acl_smtp_rcpt = accept
smtp_accept_max = 0
tls_advertise_hosts = *
tls_certificate = PKI/$received_ip_address.chain
tls_privatekey = PKI/$received_ip_address.key
tls_ocsp_file = PKI/$received_ip_address.ocsp
begin routers
r:
  driver = redirect
  data = :blackhole:
"""
CLIENT = """primary_hostname = client.example
smtp_accept_queue_per_connection = 0
acl_smtp_rcpt = accept
log_selector = +tls_certificate_verified +tls_peerdn
begin routers
mx:
  driver = dnslookup
  domains = BY_MX
  self = send
  transport = ${local_part}
r:
  driver = manualroute
  route_data = ${extract{${extract{1}{.}{$domain}}}{HOSTS}}
  self = send
  transport = ${local_part}
begin transports
TRANSPORTS
begin retry
* * F,1h,10m
"""
TRANSPORT = """{name}:
  driver = smtp
  port = {port}
  hosts_try_fastopen =
  hosts_try_dane =
  tls_tempfail_tryclear = false
  tls_verify_certificates = {pki}/root.crt
  {options}
"""


def zone() -> str:
    lines = []
    for name, (host, _, _) in CASES.items():
        if name in ALIASES:
            lines.append(f"{host} CNAME real-{host}")
            host = f"real-{host}"
        if name in BY_MX:
            lines.append(f"{name}.test MX 10 {host}")
        if host != "IP":
            lines.append(f"{host} A {ADDRESS[name]}")
    return "\n".join(lines) + "\n"


def certificates(pki: Pki) -> None:
    """One for each address, and a good proof for it."""
    inter = pki.made["inter"]
    stranger = pki.save("stranger", make("Stranger", ca=True))
    for name, (_, subject, names) in CASES.items():
        address = ADDRESS[name]
        given: list[x509.GeneralName] = []
        for each in (one.replace("IP", address) for one in names):
            if each.startswith("@"):
                given.append(x509.RFC822Name(f"post{each}"))
            elif each[0].isdigit():
                given.append(x509.IPAddress(ipaddress.ip_address(each)))
            else:
                given.append(x509.DNSName(each.removeprefix("dns:")))
        extra = [x509.SubjectAlternativeName(given)] if given else []
        begins, ends = (-30, -1) if name in ("expired", "both") else (-1, 30)
        issuer = stranger if name == "stranger" else inter
        made = make(subject.replace("IP", address), issuer=issuer, usages=BOTH, extra=extra, begins=begins, ends=ends)
        pki.save(address, made)
        pki.write(f"{address}.chain", made.pem + issuer.pem)
        by = {} if issuer is inter else {"signer": issuer, "issuer": "stranger"}
        pki.staple(f"{address}.ocsp", leaf=address, status=ocsp.OCSPCertStatus.GOOD, **by)  # type: ignore[arg-type]


def shown(folder: Path, pki: Pki) -> subprocess.Popen[bytes]:
    """The server, on a port for each transport: hosts that failed with one are not known to the others."""
    owner = pwd.getpwnam("Debian-exim")
    for each in (folder, folder / "spool", folder / "log"):
        each.mkdir()
        os.chown(each, owner.pw_uid, owner.pw_gid)
    (folder / "conf").write_text(SERVER.replace("PKI", str(pki.folder)).replace("FOLDER", str(folder)))
    ports = ":".join(map(str, PORTS.values()))
    server = subprocess.Popen(["exim4", "-C", str(folder / "conf"), "-bdf", "-oX", ports], stdout=2)
    until(lambda: listens(PORTS["try"]))
    return server


def main(folder: Path) -> None:
    for address in ADDRESS.values():
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)
    (folder / "pki").mkdir()
    pki = Pki(folder / "pki")
    certificates(pki)
    for path in (folder / "pki").iterdir():
        path.chmod(0o644)
    server = shown(folder / "server", pki)
    hosts = " ".join(f"{name}={host.replace('IP', ADDRESS[name])}" for name, (host, _, _) in CASES.items())
    text = CLIENT.replace("HOSTS", hosts).replace("BY_MX", " : ".join(f"{name}.test" for name in BY_MX))
    text = text.replace(
        "TRANSPORTS",
        "".join(
            TRANSPORT.format(name=name, port=PORTS[name], pki=pki.folder, options=options)
            for name, options in KINDS.items()
        ),
    )
    text = text.replace("${local_part}", "${extract{$local_part}{" + " ".join(f"{k}={k}" for k in KINDS) + "}}")
    logs = {}
    for client, program in (("ours", OURS), ("exim", ["exim4"])):
        daemon = Server(folder / client, program, text)
        try:
            with Talk(daemon.port) as talk:
                talk.greeted()
                for name in CASES:
                    for kind in KINDS:
                        talk.say("MAIL FROM:<>")
                        talk.say(f"RCPT TO:<{kind}@{name}.test>")
                        talk.say("DATA")
                        talk.say(f"Subject: {name}\r\n\r\nx\r\n.")
                        talk.say("RSET")
                talk.say("QUIT")
            end = time.monotonic() + 150
            while time.monotonic() < end:
                log = daemon.log()
                if all(f" {kind}@{name}.test " in log for name in CASES for kind in KINDS):
                    break
                time.sleep(0.1)
            logs[client] = daemon.log()
        finally:
            daemon.stop()
    server.terminate()
    server.wait(20)
    print(json.dumps(logs))


if __name__ == "__main__":
    if os.path.isdir(sys.argv[1]):
        main(Path(sys.argv[1]))
