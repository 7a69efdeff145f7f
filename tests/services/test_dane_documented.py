"""What the documentation of DANE promises, claim by claim: from the configuration to the log line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.dane_driver import CHECKS
from services.dnssec import SIGNED
from support_rows import open_folder
from support_tls import Pki

DRIVER = Path(__file__).with_name("dane_driver.py")
SOURCE = Path(__file__).resolve().parents[2] / "src"
_SET_UP = """
ip link set lo up; ip addr add 10.1.1.1/24 dev lo
echo nameserver 127.0.0.1 > "$1/resolv.conf"; mount --bind "$1/resolv.conf" /etc/resolv.conf
shift; exec "$@"
"""


@pytest.fixture(scope="module")
def log(output: str) -> str:
    """The main log after a message to each domain."""
    return output.partition(CHECKS)[0]


@pytest.fixture(scope="module")
def checks(output: str) -> dict[str, list[tuple[int, str]]]:
    """What `eximia tls-check` says of a domain, with its exit status: for people and for programs."""
    found: dict[str, list[tuple[int, str]]] = json.loads(output.partition(CHECKS)[2])
    return found


@pytest.fixture(scope="module")
def output() -> str:
    programs = ("exim4", "unshare", "nsd", "unbound", "ldns-keygen", "ldns-signzone")
    if os.geteuid() != 0 or not all(shutil.which(name) for name in programs):
        pytest.skip("needs root, exim4, unshare, nsd, unbound and ldnsutils")
    with open_folder() as folder:
        words = ["unshare", "-mn", "sh", "-c", _SET_UP, "sh", str(folder), sys.executable, str(DRIVER), str(folder)]
        environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
        done = subprocess.run(words, capture_output=True, text=True, timeout=400, check=False, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def delivery(log: str, name: str) -> str:
    """The line that tells what became of the message to a domain."""
    found = re.search(rf"(=>|==|\*\*) b@{name}\..*", log)
    assert found is not None, log
    return found[0]


def event(log: str, name: str, what: str) -> str:
    found = re.search(rf"EV {what} {name}\.\S+ (.*)", log)
    assert found is not None, log
    return found[1]


def events(log: str, name: str) -> set[str]:
    """What $lookup_dnssec_authenticated was in the events of a domain, but for its lookups."""
    return set(re.findall(rf"EV (?!dns:fail)\S+ {name}\.\S+ .* secure=(\w*)", log))


@pytest.mark.parametrize(("name", "usage", "ocsp"), [("ee", 8, 0), ("ta", 4, 1), ("both", 12, 0)])
def test_verified(log: str, name: str, usage: int, ocsp: int) -> None:
    """Signed MX, address and TLSA records and a matching certificate: CV=dane, $tls_out_dane is yes, a bit is set in
    $tls_out_tlsa_usage for each usage; OCSP is asked for by default only when all records are DANE-TA. DANE-EE is good
    for a self-signed certificate. Nothing need be configured."""
    assert delivery(log, name).startswith("=>")
    assert " CV=dane" in delivery(log, name)
    assert event(log, name, "msg:delivery").startswith(f"dane=yes usage={usage} ocsp={ocsp} secure=yes")


def test_no_fallback(log: str) -> None:
    """A certificate that does not match: the host is not used, neither without DANE nor without TLS."""
    assert delivery(log, "wrong").startswith("==")
    assert "dane:fail" in log
    assert event(log, "wrong", "dane:fail").startswith("dane=no")
    assert "delivering unencrypted" not in log


def test_tls_is_declared(log: str) -> None:
    """TLSA records say that TLS is there: a server that does not offer it is not used."""
    assert delivery(log, "clear").startswith("==")
    assert "TLS session is required" in delivery(log, "clear")


@pytest.mark.parametrize(("name", "secure"), [("none", "yes"), ("unsigned", "no"), ("nottried", "yes")])
def test_not_usable(log: str, name: str, secure: str) -> None:
    """Without TLSA records, without a signed zone, or with an empty hosts_try_dane there is no DANE, and the ordinary
    verification options count."""
    assert events(log, name) == {secure}
    assert delivery(log, name).startswith("=>")
    assert f" CV={'yes' if name == 'nottried' else 'no'}" in delivery(log, name)
    assert event(log, name, "msg:delivery").startswith(f"dane=no usage=0 ocsp=1 secure={secure}")


def test_not_asked_for(log: str) -> None:
    """dnssec_request_domains must be active."""
    assert " CV=no" in delivery(log, "notasked")
    assert event(log, "notasked", "msg:delivery").startswith("dane=no usage=0")


def test_required(log: str) -> None:
    """hosts_require_dane fails when the target is not secured by DNSSEC."""
    assert delivery(log, "required").startswith("**")
    assert "DANE error" in delivery(log, "required")
    assert event(log, "required", "dane:fail").endswith("data=dane-required")


def test_ignored_options(log: str) -> None:
    """With DANE usable hosts_require_tls, tls_verify_hosts, tls_try_verify_hosts, tls_verify_certificates, tls_crl and
    tls_verify_cert_hostnames do not count."""
    assert delivery(log, "odd").startswith("=>")
    assert " CV=dane" in delivery(log, "odd")


@pytest.mark.parametrize(("name", "dane", "usage", "ocsp"), [
    ("printed", "yes", 8, 0), ("printedta", "yes", 4, 1), ("printednone", "no", 0, 1),
])  # fmt: skip
def test_ocsp_option(log: str, name: str, dane: str, usage: int, ocsp: int) -> None:
    """hosts_request_ocsp as it is printed: it names $tls_out_tlsa_usage, so it is expanded when the records are known."""
    assert event(log, name, "msg:delivery").startswith(f"dane={dane} usage={usage} ocsp={ocsp} ")


@pytest.mark.parametrize(("name", "ocsp"), [("good", 4), ("revoked", 3), ("goodmust", 4), ("goodrootmust", 4)])
def test_status_of_an_authority_of_the_records(log: str, name: str, ocsp: int) -> None:
    """OCSP-stapling is for DANE-TA: it is asked for, and verified against the authority that the record names, which
    no list of trusted ones has. A bad status is only fatal where a good one is required."""
    assert delivery(log, name).startswith("=>")
    assert " CV=dane" in delivery(log, name)
    assert event(log, name, "msg:delivery").startswith(f"dane=yes usage=4 ocsp={ocsp} secure=yes")


@pytest.mark.parametrize(("name", "ocsp"), [("revokedmust", 3), ("roguemust", 3), ("nonemust", 1)])
def test_required_status(log: str, name: str, ocsp: int) -> None:
    """Without a good one the host is not used, and nothing goes in clear."""
    assert delivery(log, name).startswith("==")
    assert "TLS session: (SSL_connect): error:0A000148:SSL routines::invalid status response" in delivery(log, name)
    assert event(log, name, "dane:fail").startswith(f"dane=no usage=4 ocsp={ocsp} ")
    assert event(log, name, "dane:fail").endswith("data=validation-failure")


def test_good_status_of_the_wrong_authority(log: str) -> None:
    assert delivery(log, "wrongmust").startswith("==")
    assert "certificate verify failed" in delivery(log, "wrongmust")


@pytest.mark.parametrize(("name", "ocsp", "goes"), [("goodee", 0, 1), ("goodeemust", 4, 1), ("revokedeemust", 3, 0)])
def test_status_beside_the_certificate_itself(log: str, name: str, ocsp: int, goes: int) -> None:
    """With DANE-EE it is not asked for, unless hosts_require_ocsp says so."""
    assert delivery(log, name).startswith("=>" if goes else "==")
    what = "msg:delivery" if goes else "dane:fail"
    assert event(log, name, what).startswith(f"dane={'yes' if goes else 'no'} usage=8 ocsp={ocsp} ")


def test_answer_that_cannot_be_trusted(log: str) -> None:
    """A TLSA record whose signature does not fit: the host is not used; the event dns:fail has reason, key and type."""
    assert delivery(log, "bogus").startswith("==")
    assert re.search(r"EV dns:fail \S* .*data=DNS_AGAIN:_25\._tcp\.mx-bogus\.\S+:TLSA", log), log


def test_srv_records_for_tls(log: str) -> None:
    """check_srv is a list and knows smtp-tls: TLS on connect, or STARTTLS when the record says port 25; in both cases
    TLS is required."""
    assert re.search(r"H=mx-srvearly\.\S+ \[[0-9.]+\] X=TLS", delivery(log, "srvearly"))
    assert re.search(r"H=mx-srvstart\.\S+ \[[0-9.]+\] X=TLS", delivery(log, "srvstart"))
    assert delivery(log, "srvclear").startswith("==")
    assert "TLS session is required" in delivery(log, "srvclear")


def told(checks: dict[str, list[tuple[int, str]]], name: str) -> dict[str, Any]:
    """The only host, as JSON."""
    found = json.loads(checks[name][1][1])
    assert found["problem"] == ""
    (host,) = found["hosts"]
    assert isinstance(host, dict)
    return host


@pytest.mark.parametrize(
    ("name", "rule", "matched", "verified", "ocsp"),
    [
        ("ee", "dane", "3 1 2 at depth 0", True, "not asked for"),
        ("both", "dane", "3 1 1 at depth 0", True, "not asked for"),
        ("none", "opportunistic", "", False, "none given"),
        ("good", "dane", "2 1 1 at depth 1", True, "good"),
        ("goodmust", "dane", "2 1 1 at depth 1", True, "good"),
    ],
)
def test_check_of_what_would_go(
    checks: dict[str, list[tuple[int, str]]], name: str, rule: str, matched: str, verified: bool, ocsp: str
) -> None:
    """`eximia tls-check` tells the rule, the records, which of them matched, and the status."""
    (status, text), (status_of_json, _) = checks[name]
    assert (status, status_of_json) == (0, 0)
    host = told(checks, name)
    assert (host["rule"], host["tlsa_matched"], host["certificate_verified"], host["ocsp"]) == (
        rule, matched, verified, ocsp,
    )  # fmt: skip
    assert host["usable"]
    assert host["dnssec"]
    assert host["port"] == 25
    assert host["name"] == f"mx-{name}.{SIGNED}"
    assert f"host mx-{name}.{SIGNED} [{host['address']}]:25 MX=10 DNSSEC=yes\n" in text
    for record in host["tlsa"]:
        assert f"\n  TLSA {record}\n" in text
    assert (f"\n  matched: TLSA {matched}\n" in text) == bool(matched)
    assert f"certificate {'verified' if verified else 'not verified'}: " in text
    assert f"\n  OCSP: {ocsp}\n" in text
    assert text.endswith(f"\n  rule: {rule}; mail would go encrypted\n")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("wrong", "certificate verify failed"),
        ("clear", "a TLS session is required, but the server did not offer TLS support"),
        ("required", "DANE error: mx-required.plain.test lookup not DNSSEC"),
        ("bogus", "DANE error: tlsa lookup DEFER"),
        ("revokedmust", "invalid status response"),
    ],
)
def test_check_of_what_would_not_go(checks: dict[str, list[tuple[int, str]]], name: str, why: str) -> None:
    (status, text), (status_of_json, _) = checks[name]
    assert (status, status_of_json) == (1, 1)
    host = told(checks, name)
    assert not host["usable"]
    assert why in host["why"]
    assert not host["tlsa_matched"]
    assert text.endswith(f"; no mail: {host['why']}\n")
    if name == "revokedmust":
        assert host["ocsp"] == "bad"
        assert "\n  TLSA 2 1 1 " in text


def test_command_for_the_digest(tmp_path: Path) -> None:
    """The commands that are printed for the fourth field give the SHA-512 of the key."""
    pki = Pki(tmp_path)
    command = (
        "openssl x509 -in certificate.pem -pubkey -noout | openssl rsa -outform der -pubin 2>/dev/null "
        "| openssl sha512 | awk '{print $2}'"
    )
    pki.write("certificate.pem", pki.made["rsa"].pem)
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == pki.made["rsa"].tlsa(1, 2).hex()
