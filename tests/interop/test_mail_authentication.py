"""SPF, DMARC and SRS through the daemon: the configurations of the old documents as they were printed, swaks as the
client, and a DNS of our own in a network namespace."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eximia.mailauth.srs import Srs
from eximia.message.srs import encode
from oracle.namespace import run_inside
from support_servers import away_from_midnight

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("swaks") is None,
    reason="needs root, unshare and swaks",
)

DRIVER = Path(__file__).with_name("authentication_driver.py")
GOOD, BAD = "192.0.2.1", "198.51.100.7"

RECORDS = """\
mx.test.ex A 127.0.0.1
pass.ex TXT v=spf1 ip4:192.0.2.0/24 -all
fail.ex TXT v=spf1 ip4:203.0.113.1 -all exp=why.fail.ex
why.fail.ex TXT %{i} is not one of %{d}
soft.ex TXT v=spf1 ~all
aol.com TXT v=spf1 ip4:203.0.113.1 ?all
broken.ex TXT v=spf1 nonsense -all
temp.ex SERVFAIL x
guess.ex A 192.0.77.1
_dmarc.pass.ex TXT v=DMARC1; p=reject; rua=mailto:agg@pass.ex
_dmarc.fail.ex TXT v=DMARC1; p=reject; rua=mailto:agg@fail.ex; ruf=mailto:forensic@fail.ex
_dmarc.soft.ex TXT v=DMARC1; p=quarantine
_dmarc.aol.com TXT v=DMARC1; p=none
_dmarc.temp.ex SERVFAIL x
fail.ex A 127.0.0.1
"""

HEAD = """\
primary_hostname = mx.test.ex
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = 25
daemon_workers = 1
qualify_domain = test.ex
domainlist local_domains = test.ex
domainlist my_domains = test.ex : fwd.ex
keep_environment =
never_users =
host_lookup =
"""

DELIVERY = """\
begin routers
remote:
  driver = manualroute
  domains = ! +my_domains
  route_list = * 127.0.0.1::2525
  self = send
  transport = smtp
local:
  driver = accept
  transport = file
begin transports
smtp:
  driver = smtp
  hosts_try_fastopen =
file:
  driver = appendfile
  file = {folder}/mailbox
  user = daemon
begin retry
* * F,1h,1s
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's user can reach."""
    made = Path(tempfile.mkdtemp(prefix="eximia-auth-"))
    yield made
    shutil.rmtree(made)


def hold(
    folder: Path, configuration: str, sessions: list[list[str]], *, records: str = "", **more: Any
) -> dict[str, Any]:
    """Run a daemon with a configuration, and sessions with it."""
    folder.chmod(0o777)
    conf = folder / "exim.conf"
    conf.write_text(configuration.replace("{folder}", str(folder)))
    conf.chmod(0o644)
    for name in ("log", "spool"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name).chmod(0o777)
    job = folder / "job.json"
    job.write_text(json.dumps({"configuration": str(conf), "sessions": sessions, **more}))
    done = run_inside(folder, RECORDS + records, [sys.executable, str(DRIVER), str(job)])
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    found["log"] = (folder / "log" / "mainlog").read_text()
    panic = folder / "log" / "paniclog"
    found["panic"] = panic.read_text() if panic.exists() else ""
    return found


def session(sender: str, *, client: str = GOOD, to: str = "u@test.ex", more: tuple[str, ...] = ()) -> list[str]:
    return ["--from", sender, "--to", to, "--helo", "client.pass.ex", "--local-interface", client, *more]


SPF = (
    HEAD
    + """\
spf_guess = v=spf1 a/16 mx/16 ptr -all
acl_smtp_rcpt = check_rcpt
log_selector = +spf +spf_verbose
begin acl
check_rcpt:
  deny message = $sender_host_address is not allowed to send mail from ${if def:sender_address_domain \
{$sender_address_domain}{$sender_helo_name}}. \\
                Please see http://www.openspf.org/Why?scope=${if def:sender_address_domain {mfrom}{helo}};\
identity=${if def:sender_address_domain {$sender_address}{$sender_helo_name}};ip=$sender_host_address
       sender_domains = fail.ex
       spf = fail
  deny message = AOL sender, but not from AOL-approved relay.
       sender_domains = aol.com
       spf = fail:neutral
  deny spf = err_perm
       message = old name: $spf_result
  defer spf = err_temp
       message = old name: $spf_result
  deny sender_domains = comment.ex : fail2.ex
       spf = fail
       message = $spf_smtp_comment
  deny message = $sender_host_address doesn't look trustworthy to me
       sender_domains = guess.ex
       spf_guess = fail
  warn condition = ${if eq{$sender_address_domain}{soft.ex}}
       spf = !pass
       logwrite = LOOKUP ${lookup {$sender_address} spf {203.0.113.1}} ${lookup {a@pass.ex} spf {192.0.2.7}}
  accept add_header = :at_start:$spf_received
"""
    + DELIVERY
)


def test_spf(folder: Path) -> None:
    """Rows of the SPF section, old names too."""
    found = hold(
        folder,
        SPF,
        [
            session("a@pass.ex"),
            session("a@fail.ex", client=BAD),
            session("a@aol.com", client=BAD),
            session("a@broken.ex"),
            session("a@temp.ex"),
            session("a@guess.ex", client=GOOD),
            session("a@guess.ex", client=BAD),
            session("a@soft.ex", client=BAD),
            session("<>"),
        ],
    )
    replies = found["sessions"]
    assert "<~  250 OK id=" in replies[0].replace("<-  ", "<~  ")
    text = (
        f"{BAD} is not allowed to send mail from fail.ex. Please see "
        f"http://www.openspf.org/Why?scope=mfrom;identity=a@fail.ex;ip={BAD}"
    )
    assert text in replies[1].replace("see\n<** 550 ", "see "), replies[1]
    assert "550 AOL sender, but not from AOL-approved relay." in replies[2]
    assert "550 old name: permerror" in replies[3]
    assert "451 old name: temperror" in replies[4]
    assert "250 OK id=" in replies[5]
    assert f"550 {BAD} doesn't look trustworthy to me" in replies[6]
    assert "250 OK id=" in replies[7]
    assert "LOOKUP softfail pass" in found["log"]
    assert "P=esmtp S=" in found["log"]
    assert " SPF=pass" in found["log"]
    assert "[198.51.100.7] SPF=fail F=<a@fail.ex> rejected RCPT <u@test.ex>: " in found["log"]
    line = "SPF: fail (mx.test.ex: domain of fail.ex does not designate 198.51.100.7 as permitted sender)"
    assert line in found["log"]
    mailbox = (folder / "mailbox").read_text()
    head = "Received-SPF: pass (mx.test.ex: domain of pass.ex designates 192.0.2.1 as permitted sender)"
    assert f"{head} client-ip=192.0.2.1; envelope-from=a@pass.ex; helo=client.pass.ex;" in mailbox
    assert found["panic"] == ""


DMARC = (
    HEAD
    + """\
dmarc_history_file = {folder}/spool/history
dmarc_forensic_sender = DMARC <dmarc@mx.test.ex>
dmarc_aggregate_reports
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
log_selector = +dmarc +dmarc_verbose
addresslist none = nobody@nowhere.ex
domainlist screwed_up_dmarc_records = bad.ex
hostlist local_hosts = 192.0.2.99
begin acl
check_rcpt:
  warn    domains        = +local_domains
          hosts          = +local_hosts
          control        = dmarc_disable_verify

  warn    !domains       = +screwed_up_dmarc_records
          control        = dmarc_enable_forensic
  warn    spf = pass : fail : softfail : neutral : none
  accept
check_data:
  warn    dmarc_status   = accept : none : off
          !authenticated = *
          log_message    = DMARC DEBUG: $dmarc_status $dmarc_used_domain
          add_header     = $dmarc_ar_header

  warn    dmarc_status   = !accept
          !authenticated = *
          log_message    = DMARC DEBUG: '$dmarc_status' for $dmarc_used_domain

  warn    dmarc_status   = quarantine
          !authenticated = *
          set $acl_m_quarantine = 1
          # Do something in a transport with this flag variable

  deny    condition      = ${if eq{$dmarc_domain_policy}{reject}}
          condition      = ${if eq{$acl_m_mailing_list}{1}}
          message        = Messages from $dmarc_used_domain break mailing lists

  deny    dmarc_status   = reject
          !authenticated = *
          message        = Message from $dmarc_used_domain failed sender's DMARC policy, REJECT

  warn    logwrite = V=$dmarc_status/$dmarc_status_text/$dmarc_used_domain/$dmarc_domain_policy/\\
                     $dmarc_alignment_spf/$dmarc_alignment_dkim/$acl_m_quarantine
  warn    remove_header  = ^(?i)authentication-results\\\\s*::\\\\s*${rxquote:$primary_hostname}\\\\s*(;|\\$) : ^(?i)x-for
  warn    add_header     = :at_start:${authresults {$primary_hostname}}
  accept
"""
    + DELIVERY
)


FORGED = (
    *("--add-header", "authentication-Results: MX.test.ex; dkim=pass header.d=forged"),
    *("--add-header", "Authentication-Results: other.ex; spf=pass"),
    *("--add-header", "X-Forget: forged"),
)


def signed_message(folder: Path, domain: str) -> tuple[Path, str]:
    """A file with a message that a domain has signed, and the record with its key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from eximia.mailauth.dkim.sign import Signer, sign
    from eximia.mailauth.keys import load_private_key

    key = load_private_key(
        Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    text = f"From: A <a@{domain}>\r\nTo: u@test.ex\r\nSubject: signed\r\n\r\nhello\r\n".encode()
    path = folder / "signed.eml"
    path.write_bytes((sign(text, Signer(domain, "sel", key)) + text).replace(b"\r\n", b"\n"))
    return path, f"sel._domainkey.{domain} TXT v=DKIM1; k=ed25519; p={key.record().decode()}\n"


def test_dmarc(folder: Path) -> None:
    """The sample of the manual, history, failure and aggregate reports."""

    def from_(domain: str) -> tuple[str, ...]:
        return ("--header", f"From: A <a@{domain}>")

    signed, record = signed_message(folder, "fail.ex")
    away_from_midnight()
    found = hold(
        folder,
        DMARC,
        [
            session("a@pass.ex", more=(*from_("news.pass.ex"), *FORGED)),
            session("a@pass.ex", client=BAD, more=from_("fail.ex")),
            session("a@soft.ex", client=BAD, more=from_("soft.ex")),
            session("a@aol.com", client=BAD, more=from_("aol.com")),
            session("a@none.ex", client=BAD, more=from_("none.ex")),
            session("a@pass.ex", more=("--header", "From: A <a@pass.ex>, B <b@other.ex>")),
            session("a@pass.ex", client="192.0.2.99", more=from_("fail.ex")),
            session("a@pass.ex", more=from_("temp.ex")),
            session("a@pass.ex", client=BAD, more=("--data", f"@{signed}")),
        ],
        records=record,
        arrivals=1,
        commands=[
            ["eximia", "dmarc-report", "-C", f"{folder}/exim.conf", "--today", "--dry-run", "--xml"],
            ["eximia", "dmarc-report", "-C", f"{folder}/exim.conf", "--today"],
            ["eximia", "dmarc-report", "-C", f"{folder}/exim.conf", "--today"],
        ],
        arrivals_after=3,
    )
    replies, log = found["sessions"], found["log"]
    assert "550 Message from fail.ex failed sender's DMARC policy, REJECT" in replies[1]
    for accepted in (0, 2, 3, 4, 5, 6, 7, 8):
        assert "250 OK id=" in replies[accepted], replies[accepted]
    for line in (
        "DMARC DEBUG: accept pass.ex",
        "DMARC DEBUG: 'reject' for fail.ex",
        "V=accept/Accept/pass.ex/reject/yes/no/",
        "V=accept/Accept/fail.ex/reject/no/yes/",
        "V=quarantine/Quarantine/soft.ex/quarantine/no/no/1",
        "V=none/None/aol.com/none/no/no/",
        "V=norecord/No DMARC record/none.ex//no/no/",
        "V=nofrom/No From: domain found///no/no/",
        "V=off/DMARC is disabled///no/no/",
        "V=temperror/DNS error/temp.ex//no/no/",
        "DMARC results: spf_domain=pass.ex dmarc_domain=fail.ex spf_align=no dkim_align=no enforcement='Reject'",
        " DMARC=accept",
    ):
        assert line in log, log
    mailbox = (folder / "mailbox").read_text()
    assert (
        "Authentication-Results: mx.test.ex;\n\tspf=pass smtp.mailfrom=pass.ex;\n\tdmarc=pass header.from=news.pass.ex\n"
        in mailbox
    )
    assert "forged" not in mailbox
    assert "Authentication-Results: other.ex; spf=pass" in mailbox
    history = (folder / "spool" / "history").read_text()
    assert history.count("job ") == 7
    assert "dkim fail.ex sel 0\nspf 7\npdomain fail.ex\npolicy 15\n" in history
    assert "from fail.ex\nmfrom pass.ex\nspf 7\npdomain fail.ex\npolicy 16\nrua mailto:agg@fail.ex\n" in history
    assert "To: forensic@fail.ex" in found["messages"][0]
    assert "Auth-Failure: dmarc" in found["messages"][0]
    assert "From: DMARC <dmarc@mx.test.ex>" in found["messages"][0]
    preview, sent, again = found["commands"]
    assert "fail.ex: 2 messages: agg@fail.ex: would be sent" in preview
    assert "<dkim><domain>fail.ex</domain><selector>sel</selector><result>pass</result></dkim>" in preview
    assert "<disposition>reject</disposition>" in preview
    assert "aol.com: 1 message: nobody wants a report" in sent
    assert "pass.ex: 1 message: agg@pass.ex: " in sent
    assert again == ""
    reports = [each for each in found["messages"] if "Report Domain:" in each]
    assert len(reports) == 2
    assert found["panic"] == ""


SAMPLE = """\
outbound:
  driver = dnslookup
  # if outbound, and forwarding has been done, use an alternate transport
  domains = ! +my_domains
  transport = ${if eq {$local_part@$domain} \\
                      {$original_local_part@$original_domain} \\
                   {remote_smtp} {remote_forwarded_smtp}}

inbound_srs:
  driver = redirect
  senders = :
  domains = +my_domains
  # detect inbound bounces which are SRS'd, and decode them
  condition = ${if inbound_srs {$local_part} {SRS_SECRET}}
  data = $srs_recipient

inbound_srs_failure:
  driver = redirect
  senders = :
  domains = +my_domains
  # detect inbound bounces which look SRS'd but are invalid
  condition = ${if inbound_srs {$local_part} {}}
  allow_fail
  data = :fail: Invalid SRS recipient address
"""

NATIVE = (
    "SRS_SECRET = secret\n"
    + HEAD
    + """\
acl_smtp_rcpt = check_rcpt
begin acl
check_rcpt:
  require verify = recipient
  accept domains = +my_domains
begin routers
"""
    # The peer has no name in the DNS; everything else is as printed.
    + SAMPLE.replace("driver = dnslookup", "driver = manualroute\n  route_list = * 127.0.0.1\n  self = send")
    + """\
alias:
  driver = redirect
  domains = fwd.ex
  data = target@far.ex
begin transports
remote_smtp:
  driver = smtp
  port = 2525
  hosts_try_fastopen =
remote_forwarded_smtp:
  driver = smtp
  port = 2525
  hosts_try_fastopen =
  # modify the envelope from, for mails that we forward
  max_rcpt = 1
  return_path = ${srs_encode {SRS_SECRET} {$return_path} {$original_domain}}
begin retry
* * F,1h,1s
"""
)


def bounce_to(address: str) -> list[str]:
    return session("<>", to=address)


def arrived(log: str, mark: str) -> str:
    """The one delivery line with a mark."""
    lines = [line for line in log.splitlines() if mark in line and "=> " in line]
    assert len(lines) == 1, log
    return lines[0]


def test_native_srs(folder: Path) -> None:
    """The sample configuration: forwarded out with an SRS sender, and the bounce's way back."""
    first = hold(folder, NATIVE, [session("alice@pass.ex", to="user@fwd.ex")], arrivals=1)
    assert "250 OK id=" in first["sessions"][0]
    line = arrived(first["log"].replace("=> ", "=> "), "target@far.ex")
    assert "T=remote_forwarded_smtp" in line
    address = encode("secret", "alice@pass.ex", "fwd.ex", time.time())
    second = hold(folder, NATIVE, [bounce_to(address), bounce_to(address.replace("=pass.ex", "=evil.ex"))], arrivals=1)
    assert "250 OK id=" in second["sessions"][0]
    assert "550" in second["sessions"][1]
    assert "Invalid SRS recipient address" in second["sessions"][1] + second["log"]
    assert "T=remote_forwarded_smtp" in arrived(second["log"], "alice@pass.ex <")


FULL = (
    HEAD
    + """\
srs_secrets = first : second
srs_maxage = 20
srs_hashlength = 8
srs_hashmin = 4
acl_smtp_rcpt = check_rcpt
log_selector = +return_path_on_delivery
begin acl
check_rcpt:
  require verify = recipient
  accept domains = +my_domains
begin routers
remote:
  driver = manualroute
  domains = ! +my_domains
  route_list = * 127.0.0.1
  self = send
  transport = smtp
srs_bounce:
  driver = redirect
  senders = :
  srs = reverse
  caseful_local_part
  data = $srs_recipient
srs_db:
  driver = redirect
  domains = db.test.ex
  data = x@y
srs_forward:
  driver = redirect
  domains = fwd.ex
  srs = forward
  srs_alias = fwd.ex
  srs_condition = ${if !eq{$sender_address_domain}{keep.ex}}
  data = target@far.ex
begin transports
smtp:
  driver = smtp
  port = 2525
  hosts_try_fastopen =
begin retry
* * F,1h,1s
"""
)


def test_full_srs(folder: Path) -> None:
    """`srs` of the redirect router: the sender of the copy, the log line, the way back."""
    made = Srs(["second"], hash_length=8, max_age=20).forward("alice@pass.ex", "fwd.ex", time.time())
    old = Srs(["first"], hash_length=8).forward("alice@pass.ex", "fwd.ex", time.time() - 21 * 86400)
    found = hold(
        folder,
        FULL,
        [
            session("alice@pass.ex", to="user@fwd.ex"),
            session("bob@keep.ex", to="user@fwd.ex"),
            bounce_to(made),
            bounce_to(made.replace("=alice", "=mallory")),
            bounce_to(old),
        ],
        arrivals=3,
    )
    replies, log = found["sessions"], found["log"]
    for accepted in (0, 1, 2):
        assert "250 OK id=" in replies[accepted], replies[accepted] + log
    for refused in (3, 4):
        assert "550 Invalid SRS recipient address" in replies[refused], replies[refused] + log
    line = next(each for each in log.splitlines() if "=> target@far.ex" in each and "SRS=" in each)
    sender = line.partition("SRS=<")[2].partition(">")[0]
    assert f"P=<{sender}>" in line
    assert Srs(["first"], hash_length=8).reverse(sender, time.time()) == "alice@pass.ex"
    assert sum("=> target@far.ex" in each and "SRS=" not in each for each in log.splitlines()) == 1
    assert "=> alice@pass.ex <" in log
    assert found["panic"] == ""
