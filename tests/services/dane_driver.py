"""DANE from the configuration to the log line: our daemon, a validating resolver at port 53 and mail servers at port 25,
in a network of their own.

python dane_driver.py FOLDER: prints the main log, and what `eximia tls-check` says. To be run inside a mount and network namespace whose resolver is
127.0.0.1 and whose loopback interface has 10.1.1.0/24.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cryptography.x509.ocsp import OCSPCertStatus

from services.dnssec import SIGNED, UNSIGNED, Dns
from services.test_dane import Server
from support_rows import OURS, Talk
from support_rows import Server as Daemon
from support_servers import wait_for_deliveries
from support_tls import BOTH, Pki, make

#: mail domain -> the server's certificate ("" for no STARTTLS), its TLSA records, whether its zone is signed
CASES: dict[str, tuple[str, tuple[tuple[int, int, int, str], ...], bool]] = {
    "ee": ("self", ((3, 1, 2, "self"),), True),
    "ta": ("rsa", ((2, 0, 1, "inter"),), True),
    "both": ("ec", ((2, 0, 1, "inter"), (3, 1, 1, "ec")), True),
    "wrong": ("ec", ((3, 1, 1, "alt"),), True),
    "clear": ("", ((3, 1, 1, "ec"),), True),
    "none": ("ec", (), True),
    "unsigned": ("ec", ((3, 1, 1, "ec"),), False),
    "required": ("ec", ((3, 1, 1, "ec"),), False),
    "odd": ("self", ((3, 1, 1, "self"),), True),
    "notasked": ("ec", ((3, 1, 1, "ec"),), True),
    "nottried": ("ec", ((3, 1, 1, "ec"),), True),
    "printed": ("self", ((3, 1, 1, "self"),), True),
    "printedta": ("rsa", ((2, 1, 2, "inter"),), True),
    "printednone": ("ec", (), True),
    "bogus": ("ec", ((3, 1, 1, "ec"),), True),
    "srvearly": ("ec", (), False),
    "srvstart": ("ec", (), False),
    "srvclear": ("", (), False),
}
#: mail domain of a server that staples -> its TLSA record (usage, selector, matching type, whose; "" for its own
#: certificate), what it staples. In domains with "must" a good status is required
STAPLED: dict[str, tuple[tuple[int, int, int, str], str]] = {
    "good": ((2, 1, 1, "inter"), "good"),
    "revoked": ((2, 1, 1, "inter"), "revoked"),
    "goodmust": ((2, 1, 1, "inter"), "good"),
    "goodrootmust": ((2, 0, 1, "root"), "good"),
    "revokedmust": ((2, 1, 1, "inter"), "revoked"),
    "roguemust": ((2, 1, 1, "inter"), "rogue"),
    "nonemust": ((2, 1, 1, "inter"), ""),
    "wrongmust": ((2, 1, 1, "otherroot"), "good"),
    "goodee": ((3, 1, 1, ""), "good"),
    "goodeemust": ((3, 1, 1, ""), "good"),
    "revokedeemust": ((3, 1, 1, ""), "revoked"),
}
#: those that `eximia tls-check` is asked about, and what comes before its answers
CHECKED = ("ee", "both", "wrong", "clear", "none", "required", "bogus", "good", "goodmust", "revokedmust")
CHECKS = "=== tls-check "
#: mail domain -> the port of its SRV record
SRV = {"srvearly": 465, "srvstart": 25, "srvclear": 25}
CONFIGURATION = r"""primary_hostname = near.example
acl_smtp_rcpt = accept
event_action = ${acl{ev}}
log_selector = +tls_certificate_verified +tls_peerdn
begin acl
ev:
  accept logwrite = EV $event_name $domain dane=$tls_out_dane usage=$tls_out_tlsa_usage ocsp=$tls_out_ocsp \
    secure=$lookup_dnssec_authenticated data=$event_data
begin routers
srv:
  driver = dnslookup
  domains = ^srv
  check_srv = smtp-tls : smtp
  transport = plain
not_asked:
  driver = dnslookup
  domains = notasked.SIGNED
  dnssec_request_domains =
  transport = plain
printed:
  driver = dnslookup
  domains = ^printed
  dnssec_require_domains = *
  transport = printed
must:
  driver = dnslookup
  domains = ^[a-z]+must
  transport = must
rest:
  driver = dnslookup
  domains = ! near.example
  transport = ${extract{${extract{1}{.}{$domain}}}{required=required odd=odd nottried=nottried}{$value}{plain}}
gone:
  driver = redirect
  data = :blackhole:
begin transports
plain:
  driver = smtp
  tls_tempfail_tryclear
  event_action = ${acl{ev}}
must:
  driver = smtp
  hosts_require_ocsp = *
  event_action = ${acl{ev}}
required:
  driver = smtp
  hosts_require_dane = *
  event_action = ${acl{ev}}
odd:
  driver = smtp
  hosts_require_tls =
  tls_verify_hosts = *
  tls_try_verify_hosts = *
  tls_verify_certificates = PKI/otherroot.crt
  tls_crl = PKI/nothere.crl
  tls_verify_cert_hostnames = *
  event_action = ${acl{ev}}
nottried:
  driver = smtp
  hosts_try_dane =
  tls_verify_certificates = PKI/root.crt
  event_action = ${acl{ev}}
printed:
  driver = smtp
  hosts_request_ocsp = ${if or { {= {0}{$tls_out_tlsa_usage}} \
                                {= {4}{$tls_out_tlsa_usage}} } \
                         {*}{}}
  event_action = ${acl{ev}}
begin retry
* * F,1h,10m
"""

STAPLING = """primary_hostname = stapling.example
spool_directory = FOLDER
log_file_path = FOLDER/%slog
keep_environment =
tls_advertise_hosts = *
acl_smtp_rcpt = accept
local_interfaces = ADDRESSES
daemon_smtp_ports = 25
tls_certificate = PKI/$received_ip_address.chain
tls_privatekey = PKI/$received_ip_address.key
tls_ocsp_file = ${if exists{PKI/$received_ip_address.ocsp}{PKI/$received_ip_address.ocsp}}
begin routers
r:
  driver = redirect
  data = :blackhole:
"""


def stapled(pki: Pki) -> tuple[dict[str, str], str]:
    """Certificates and OCSP responses for the servers that staple; their addresses by domain, and the records."""
    inter, zone, addresses = pki.made["inter"], "", {}
    rogue = make("Rogue", issuer=inter, usages=BOTH)
    for number, (name, ((usage, selector, matching, whose), staple)) in enumerate(STAPLED.items(), 100):
        address = addresses[name] = f"10.1.1.{number}"
        made = make(name, "rsa", inter, names=(f"mx-{name}.{SIGNED}",), usages=BOTH)
        pki.leaf(address, made)
        if staple:
            status = OCSPCertStatus.REVOKED if staple == "revoked" else OCSPCertStatus.GOOD
            pki.staple(f"{address}.ocsp", address, status=status, signer=rogue if staple == "rogue" else None)
        # an authority is only found when it is sent or in the record; the server sends the root too
        pki.write(f"{address}.chain", made.pem + inter.pem + pki.made["root"].pem)
        data = (pki.made[whose] if whose else made).tlsa(selector, matching).hex()
        zone += f"{name} MX 10 mx-{name}\nmx-{name} A {address}\n"
        zone += f"_25._tcp.mx-{name} TLSA {usage} {selector} {matching} {data}\n"
    return addresses, zone


def stapling(folder: Path, name: str, program: list[str], addresses: Collection[str]) -> subprocess.Popen[bytes]:
    """A server with another certificate at each address."""
    owner = pwd.getpwnam("Debian-exim")
    (folder / name).mkdir()
    os.chown(folder / name, owner.pw_uid, owner.pw_gid)
    for address in addresses:
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)
    text = STAPLING.replace("PKI", str(folder / "pki")).replace("ADDRESSES", " : ".join(addresses))
    (folder / f"{name}.conf").write_text(text.replace("FOLDER", str(folder / name)))
    return subprocess.Popen([*program, "-C", str(folder / f"{name}.conf"), "-bdf"], stdout=2)


def check(daemon: Daemon, *words: str) -> tuple[int, str]:
    """Exit status and answer of `eximia tls-check` with the daemon's configuration."""
    command = [*OURS[:-1], "eximia", "tls-check", "-C", str(daemon.conf), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def main(folder: Path) -> None:
    for name in ("pki", "dns"):
        (folder / name).mkdir()
    pki = Pki(folder / "pki")
    pki.write("self.chain", pki.made["self"].pem)
    addresses, records_of_stapled = stapled(pki)
    for path in (folder / "pki").iterdir():
        path.chmod(0o644)
    # an installed Exim does not send a response that says anything but good
    bad = [address for name, address in addresses.items() if STAPLED[name][1] in ("revoked", "rogue")]
    peers = [
        stapling(folder, "honest", ["exim4"], [each for each in addresses.values() if each not in bad]),
        stapling(folder, "dishonest", OURS, bad),
    ]
    zones = {True: records_of_stapled, False: ""}
    servers = []
    for number, (name, (leaf, records, signed)) in enumerate(CASES.items()):
        address = f"10.1.1.{number + 2}"
        if name in SRV:
            zones[signed] += f"_smtp-tls._tcp.{name} SRV 0 1 {SRV[name]} mx-{name}\n"
        zones[signed] += f"{name} MX 10 mx-{name}\nmx-{name} A {address}\n"
        for usage, selector, matching, whose in records:
            data = pki.made[whose].tlsa(selector, matching).hex()
            zones[signed] += f"_25._tcp.mx-{name} TLSA {usage} {selector} {matching} {data}\n"
        port = SRV.get(name, 25)
        servers.append(Server(pki, leaf, (address, port), early=port == 465))
    dns = Dns(folder / "dns", zones[True], zones[False], ("mx-bogus",), port=53)
    text = CONFIGURATION.replace("SIGNED", SIGNED).replace("PKI", str(folder / "pki"))
    daemon = Daemon(folder / "near", OURS, text)
    try:
        domains = {name: SIGNED if signed else UNSIGNED for name, (_, _, signed) in CASES.items()}
        domains |= dict.fromkeys(STAPLED, SIGNED)
        for name, zone in domains.items():
            with Talk(daemon.port) as talk:
                talk.greeted()
                talk.say("MAIL FROM:<>")
                talk.say(f"RCPT TO:<b@{name}.{zone}>")
                talk.say("DATA")
                talk.say(f"Subject: {name}\r\n\r\nx\r\n.")
                talk.say("QUIT")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            log = daemon.log()
            if all(f" b@{name}." in log for name in domains):
                break
            time.sleep(0.1)
        wait_for_deliveries(folder / "near" / "log" / "mainlog")
        time.sleep(0.5)  # events that come after the line
        print(daemon.log() + daemon.log("panic"))
        checks = {
            name: [check(daemon, f"{name}.{domains[name]}", *form) for form in ((), ("--json",))] for name in CHECKED
        }
        print(f"{CHECKS}{json.dumps(checks)}")
    finally:
        daemon.stop()
        for each in peers:
            each.terminate()
            each.wait(20)
        dns.close()
        for each in servers:
            each.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
