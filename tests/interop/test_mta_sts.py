"""MTA-STS with a policy host, mail hosts and a DNS of our own: what is delivered, deferred, remembered (RFC 8461)."""

from __future__ import annotations

import gzip
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oracle.namespace import run_inside
from support_servers import away_from_midnight
from support_tls import HOST, Pki, make

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None,
    reason="needs root, unshare and ip",
)
SOURCE = Path(__file__).resolve().parents[2] / "src"
DRIVER = str(Path(__file__).with_name("sts_driver.py"))
NOBODY = pwd.getpwnam("nobody")
#: domain -> (mail host, policy; None: no policy is published)
DOMAINS = {
    "good.example": (HOST, "enforce", HOST),
    "wildcard.example": (HOST, "enforce", "*.example.org"),
    "clear.example": ("clear.example.org", "enforce", "clear.example.org"),
    "wrongname.example": ("other.example.org", "enforce", "other.example.org"),
    "unlisted.example": (HOST, "enforce", "mail.example.org"),
    "testing.example": ("clear.example.org", "testing", "mail.example.org"),
    "off.example": ("clear.example.org", "none", "mail.example.org"),
    "nopolicy.example": ("clear.example.org", "", ""),
    "unfetchable.example": ("clear.example.org", "enforce", HOST),
}
ADDRESSES = {HOST: "192.0.2.10", "other.example.org": "192.0.2.11", "clear.example.org": "192.0.2.12"}
CONFIGURATION = """
exim_user = nobody
exim_group = nogroup
primary_hostname = here.example
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
keep_environment =
never_users =
acl_not_smtp = accept
dns_dnssec_ok = 0
tls_reports
requiretls_advertise_hosts = *
acl_smtp_rcpt = accept
daemon_smtp_ports = 2525
local_interfaces = 127.0.0.1
daemon_workers = 1
begin routers
out:
  driver = dnslookup
  self = send
  transport = smtp
begin transports
smtp:
  driver = smtp
  allow_localhost
  hosts_try_dane =
  tls_verify_certificates = {pki}/root.crt
  mta_sts_domains = *
  mta_sts_certificates = {pki}/root.crt
  {extra}
begin retry
* * F,1h,10m
"""


def zone() -> str:
    lines = [f"{host} A {address}" for host, address in ADDRESSES.items()]
    for domain, (host, mode, _) in DOMAINS.items():
        lines.append(f"{domain} MX 10 {host}")
        if mode:
            lines.append(f"_mta-sts.{domain} TXT v=STSv1; id=20261122{mode};")
            lines.append(f"mta-sts.{domain} A 192.0.2.80")
    lines.append("_smtp._tls.wrongname.example TXT v=TLSRPTv1; rua=https://mta-sts.good.example/take?x=1")
    lines.append(
        "_smtp._tls.good.example TXT v=TLSRPTv1;rua=ftp://x, mailto:reports@nopolicy.example,mailto:second@x.y"
    )
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="eximia-sts-") as name:
        made = Path(name)
        made.chmod(0o755)
        (made / "pki").mkdir()
        for one in ("spool", "log"):
            (made / one).mkdir()
            os.chown(made / one, NOBODY.pw_uid, NOBODY.pw_gid)
        pki = Pki(made / "pki")
        names = tuple(f"mta-sts.{domain}" for domain in DOMAINS if domain != "unfetchable.example")
        pki.leaf("policy", make("policy", issuer=pki.made["inter"], names=names))
        (made / "exim.conf").write_text(CONFIGURATION.format(folder=made, pki=made / "pki", extra=""))
        yield made


def run(folder: Path, **job: Any) -> dict[str, Any]:
    pki = folder / "pki"
    texts = {
        f"mta-sts.{domain}": f"version: STSv1\r\nmode: {mode}\r\nmx: {host}\r\nmax_age: 86400\r\n"
        for domain, (_, mode, host) in DOMAINS.items()
    }
    files = {HOST: "ec", "other.example.org": "alt"}
    whole = {
        "configuration": str(folder / "exim.conf"),
        "policy": {"files": [f"{pki}/policy.chain", f"{pki}/policy.key"], "texts": texts},
        "hosts": {
            address: [f"{pki}/{files[host]}.chain", f"{pki}/{files[host]}.key"] if host in files else None
            for host, address in ADDRESSES.items()
        },
        **job,
    }
    (folder / "job").write_text(json.dumps(whole))
    done = run_inside(folder, zone(), [sys.executable, DRIVER, str(folder / "job")])
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, Any] = json.loads(done.stdout)
    answer["log"] = (folder / "log" / "mainlog").read_text().splitlines()
    return answer


@pytest.fixture(scope="module")
def world(folder: Path) -> dict[str, Any]:
    recipients = [f"user@{domain}" for domain in DOMAINS]
    away_from_midnight()
    return run(folder, recipients=[*recipients, "-- policy host stops", "again@wrongname.example"])


def lines(world: dict[str, Any], domain: str, user: str = "user") -> str:
    return "\n".join(line for line in world["log"] if f"{user}@{domain}" in line)


@pytest.mark.parametrize("domain", ["good.example", "wildcard.example"])
def test_a_host_of_the_policy_with_its_certificate_gets_the_mail(world: dict[str, Any], domain: str) -> None:
    assert " CV=yes " in lines(world, domain)
    assert any(one.startswith("TLS ") and f"user@{domain}" in one for one in world["hosts"]["192.0.2.10"])


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        ("clear.example", "a TLS session is required, but the server did not offer TLS support"),
        ("wrongname.example", "TLS session:"),
        ("unlisted.example", "the host is not in the MTA-STS policy of the domain"),
    ],
)
def test_an_enforced_policy_keeps_mail_back(world: dict[str, Any], domain: str, why: str) -> None:
    assert f"== user@{domain}" in lines(world, domain)
    assert why in lines(world, domain)
    assert not any(f"user@{domain}" in one for got in world["hosts"].values() for one in got if one[:4] != "MAIL")


def test_a_policy_under_test_only_tells(world: dict[str, Any]) -> None:
    assert "=> user@testing.example" in lines(world, "testing.example")
    assert any("MTA-STS (testing): the host is not in the policy" in line for line in world["log"])


@pytest.mark.parametrize("domain", ["off.example", "nopolicy.example", "unfetchable.example"])
def test_without_a_policy_mail_goes_as_ever(world: dict[str, Any], domain: str) -> None:
    assert f"=> user@{domain}" in lines(world, domain)


def test_a_policy_that_cannot_be_had_is_logged(world: dict[str, Any]) -> None:
    assert any("MTA-STS: no policy for unfetchable.example: mta-sts.unfetchable.example" in one for one in world["log"])


def test_a_policy_is_remembered(world: dict[str, Any]) -> None:
    assert "== again@wrongname.example" in lines(world, "wrongname.example", "again")
    asked = [one for one in world["web"] if "GET /.well-known/mta-sts.txt HTTP/1.1" in one]
    assert len(asked) == len([mode for _, mode, _ in DOMAINS.values() if mode]) - 1


def test_the_hints_tools_show_policies(folder: Path, world: dict[str, Any]) -> None:
    del world
    done = subprocess.run(
        [sys.executable, "-m", "eximia.cli.launched", "exim_dumpdb", str(folder / "spool"), "sts"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert f"good.example id=20261122enforce mode=enforce mx={HOST}" in done.stdout


@pytest.mark.parametrize(
    ("domain", "usable", "rule", "why"),
    [
        ("good.example", True, "mta-sts", ""),
        ("wrongname.example", False, "mta-sts", "TLS session: "),
        ("unlisted.example", False, "mta-sts", "the host is not in the MTA-STS policy of the domain"),
        ("testing.example", True, "opportunistic", ""),
        ("nopolicy.example", True, "opportunistic", ""),
    ],
)
def test_the_check_tells_what_a_delivery_would_do(
    folder: Path, checked: dict[str, Any], domain: str, usable: bool, rule: str, why: str
) -> None:
    found = checked[domain]
    (host,) = found["hosts"]
    assert (host["usable"], host["rule"]) == (usable, rule)
    assert host["why"].startswith(why)
    assert bool(found["mta_sts"]) == (domain != "nopolicy.example")
    if domain == "good.example":
        assert host["version"] == "TLS1.3"
        assert host["certificate_verified"]
        assert HOST in host["certificate_names"].split()
        assert host["chain"] == [f"/CN={HOST}", "/CN=Test Intermediate", "/CN=Test Root"]
    assert any("MTA-STS (testing): " in note for note in host["notes"]) == (domain == "testing.example")


@pytest.fixture(scope="module")
def checked(folder: Path, world: dict[str, Any]) -> dict[str, Any]:
    del world
    command = ["eximia", "tls-check", "-C", str(folder / "exim.conf"), "--json"]
    done = run(folder, commands=[[*command, domain] for domain in DOMAINS])
    answers = done["commands"]
    assert done["statuses"] == [0 if json.loads(one)["hosts"][0]["usable"] else 1 for one in answers]
    return dict(zip(DOMAINS, map(json.loads, answers), strict=True))


def test_the_check_for_people(folder: Path, world: dict[str, Any]) -> None:
    del world
    command = ["eximia", "tls-check", "-C", str(folder / "exim.conf")]
    done = run(folder, commands=[[*command, "user@good.example"], [*command, "unlisted.example"], command])
    good, unlisted, nothing = done["commands"]
    assert done["statuses"] == [0, 1, 2]
    cipher = r"TLS1\.3:TLS_\w+:\d+"
    assert re.fullmatch(
        "user@good.example: transport smtp\n"
        rf"MTA-STS: enforce: {HOST} \(max_age 86400\)\n"
        rf"host {HOST} \[192.0.2.10\]:25 MX=10 DNSSEC=no\n"
        rf"  TLS {cipher}, certificate verified: /CN={HOST}\n"
        "    by: /CN=Test Intermediate\n    by: /CN=Test Root\n"
        rf"  names: {HOST} \*\.in\.example\.org\n  OCSP: none given\n"
        "  rule: mta-sts; mail would go encrypted\n",
        good,
    ), good
    assert unlisted.endswith("rule: mta-sts; no mail: the host is not in the MTA-STS policy of the domain\n")
    assert "usage: eximia tls-check" in nothing


def test_tls_reports(folder: Path, world: dict[str, Any]) -> None:
    del world
    report = ["eximia", "tls-report", "-C", str(folder / "exim.conf"), "--today"]
    drafts = [[*report, "--dry-run", "--domain", domain] for domain in ("good.example", "wrongname.example")]
    answer = run(folder, commands=[*drafts, [*drafts[0], "--json"], report, [*report, "--dry-run"]])
    good, wrong, good_json, sent, again = answer["commands"]
    (as_json,) = json.loads(good_json)
    assert as_json.pop("report") == json.loads(good.partition("\n")[2])
    wanted = ["mailto:reports@nopolicy.example", "mailto:second@x.y"]
    assert as_json == {"domain": "good.example", "sessions": 1, "destinations": wanted, "told": "", "problem": ""}
    policy = json.loads(good.partition("\n")[2])["policies"][0]
    assert policy["policy"]["policy-type"] == "sts"
    assert policy["policy"]["mx-host"] == [HOST]
    assert policy["summary"] == {"total-successful-session-count": 1, "total-failure-session-count": 0}
    (failed,) = json.loads(wrong.partition("\n")[2])["policies"][0]["failure-details"]
    assert failed["result-type"] == "certificate-host-mismatch"
    assert failed["failed-session-count"] >= 2
    assert failed["receiving-mx-hostname"] == "other.example.org"
    assert "wrongname.example: " in sent
    assert "taken by HTTPS" in sent
    assert "unlisted.example: 1 session: nobody wants a report" in sent
    (mail,) = [one for one in answer["hosts"]["192.0.2.12"] if "application/tlsrpt+gzip" in one]
    assert "TLS-Report-Domain: good.example" in mail
    (posted,) = [one for one in answer["web"] if one.startswith("POST /take?x=1 ")]
    whole = json.loads(gzip.decompress(bytes.fromhex(posted.partition("\n")[2])))
    assert whole["policies"][0]["policy"]["policy-domain"] == "wrongname.example"
    assert "wrongname.example" not in again


def test_requiretls(folder: Path, world: dict[str, Any]) -> None:
    """RFC 8689: on to servers that are known and promise the same; back to the sender from others; and the opposite."""
    del world
    submissions = [
        ["sender@good.example", "one@good.example", ["REQUIRETLS"], ""],
        ["sender@good.example", "two@nopolicy.example", ["REQUIRETLS"], ""],
        ["sender@good.example", "three@clear.example", [], "TLS-Required: No\n"],
        ["sender@good.example", "four@clear.example", [], "TLS-Required: yes\n"],
    ]
    answer = run(folder, submissions=submissions)
    log = "\n".join(answer["log"])
    assert "=> one@good.example" in log
    good = answer["hosts"]["192.0.2.10"]
    mails = [one for one in good if one.startswith("MAIL ")]
    assert mails[0].startswith("MAIL FROM:<sender@good.example>")
    assert all(one.endswith(" REQUIRETLS") for one in mails)
    bounces = [one for one in good if "Mail delivery failed" in one]
    assert len(bounces) == len(mails) - 1 == 1
    assert "REQUIRETLS: " in bounces[0]
    assert "secret" not in bounces[0]
    assert "** two@nopolicy.example" in log
    assert "=> three@clear.example" in log
    assert "== four@clear.example" in log
    assert not any("two@nopolicy" in one or "four@clear" in one for one in answer["hosts"]["192.0.2.12"])
