"""Every name of the features that Exim once called experimental, old and new, through the program: a configuration with
all of them is read, `eximia check` tells which are old, and every variable can be used."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"

CONFIGURATION = """
bmi_config_file = /opt/brightmail/etc/brightmail.cfg
spf_guess = v=spf1 a/16 mx/16 ptr ?all
spf_smtp_comment_template = see example
hide srs_config = secret:21:6:1:1
hide srs_secrets = first:second
srs_maxage = 31
srs_hashlength = 6
srs_hashmin = 4
srs_usehash
srs_usetimestamp
dccifd_address = /usr/local/dcc/var/dccifd
dccifd_options = header
dcc_direct_add_header = true
dmarc_tld_file = /etc/tlds
dmarc_history_file = /var/spool/dmarc
dmarc_forensic_sender = do-not-reply@$default_hostname
tls_ocsp_file = /etc/staple
tls_resumption_hosts = *
prdr_enable
{prdr} = per_user
dsn_advertise_hosts = *
{main_event} = ${{if eq{{${event}}}{{msg:complete}}{{}}}}
{proxy} = 192.0.2.1 : 192.0.2.2
proxy_protocol_timeout = 3s
hosts_xclient = 192.0.2.3
hide redis_servers = host/0/password : host::6379/1/ : (/run/redis.sock)/0/password
log_selector = +proxy +tls_resumption
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
begin acl
per_user:
  accept
check_rcpt:
  warn log_message = Feeding message to DK validator.
       control = dk_verify
  warn control = bmi_run
       bmi_optin = one:two
  warn control = dmarc_disable_verify
  warn control = dmarc_enable_forensic
  deny spf = fail : !pass : softfail : none : neutral : {permerror} : {temperror}
  warn spf_guess = fail
  accept
check_data:
  warn dk_sender_domains = example.com
       dk_senders = joe@example.com
       dk_sender_local_parts = joe
       dk_status = good : bad : no signature : no key : bad format : non-participant : revoked
       dk_policy = signsall : testing
       dk_domain_source = from : sender : none
  defer !dcc = *
  warn dcc = */defer_ok
  warn dmarc_status = accept : reject : quarantine : none : norecord : nofrom : temperror : off : !accept
  warn verify = arc/none:fail:pass
       add_header = :at_start:${{authresults {{$primary_hostname}}}}
  warn set $acl_m_quarantine = 1
  accept
begin routers
redirecting:
  driver = redirect
  bmi_deliver_default
  bmi_deliver_alternate = false
  bmi_dont_deliver = false
  bmi_rule = 5:8:11
  srs = reverseandforward
  srs_alias = example.com
  srs_condition = yes
  srs_dbinsert = yes
  srs_dbselect = joe@example.com
  dsn_lasthop
  data = joe
begin transports
outside:
  driver = smtp
  dk_selector = sel
  dk_private_key = 0
  dk_canon = nofws
  dk_strict = 1
  dk_domain = example.com
  arc_sign = admd : sel : /etc/key : timestamps,expire=+30
  hosts_try_dane = *
  hosts_require_dane = 192.0.2.1
  {names} = *
  hosts_request_ocsp = *
  hosts_require_ocsp = 192.0.2.1
  tls_resumption_hosts = *
  hosts_try_prdr = *
  {transport_event} = ${{if eq{{${event}}}{{msg:delivery}}{{}}}}
  tpda_delivery_action = $tpda_delivery_ip
  tpda_host_defer_action = $tpda_defer_errstr
  socks_proxy = 192.0.2.9
copy:
  driver = queuefile
  directory = /var/copy
"""
#: today's name -> the older one
NAMES = {
    "prdr": ("acl_smtp_data_prdr", "acl_data_smtp_prdr"),
    "main_event": ("event_action", "delivery_event_action"),
    "transport_event": ("event_action", "tpda_event_action"),
    "event": ("event_name", "tpda_event"),
    "proxy": ("hosts_proxy", "proxy_required_hosts"),
    "names": ("tls_verify_cert_hostnames", "tls_verify_cert_hostname"),
    "permerror": ("permerror", "err_perm"),
    "temperror": ("temperror", "err_temp"),
}
#: variables, with what they are when nothing has happened
VARIABLES = {
    "": "acl_m_dcc_add_header acl_m_dcc_override_client_ip arc_domains arc_oldest_pass arc_state arc_state_reason "
    "bmi_alt_location bmi_base64_tracker_verdict bmi_base64_verdict dcc_header dcc_result dk_domain dk_result "
    "dk_selector dk_sender dk_sender_domain dk_sender_local_part dk_status dmarc_ar_header dmarc_domain_policy "
    "dmarc_alignment_dkim dmarc_alignment_spf dmarc_status dmarc_status_text dmarc_used_domain event_data event_name "
    "host host_address lookup_dnssec_authenticated proxy_external_address proxy_host proxy_host_address "
    "proxy_local_address proxy_target_address sending_ip_address spf_header_comment spf_received spf_result "
    "spf_smtp_comment srs_db_address srs_db_key srs_orig_recipient srs_orig_sender srs_recipient srs_status "
    "tls_out_peercert tls_sni tpda_data tpda_defer_errstr tpda_delivery_confirmation tpda_delivery_domain "
    "tpda_delivery_fqdn tpda_delivery_ip tpda_delivery_local_part tpda_event",
    "0": "dk_is_signed dk_sender_source dk_signsall dk_testing event_defer_errno host_port proxy_external_port "
    "proxy_host_port proxy_local_port proxy_target_port tls_in_ocsp tls_in_resumption tls_out_ocsp "
    "tls_out_resumption tls_out_tlsa_usage tpda_defer_errno tpda_delivery_port",
    "1": "bmi_deliver",
    "-1": "sending_port",
    "no": "proxy_session spf_result_guessed tls_out_dane",
}


def run(program: list[str], text: str = "") -> str:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "eximia.cli.launched", *program]
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False, env=environment, timeout=60)
    return f"{done.stdout}{done.stderr}\nexit {done.returncode}"


@pytest.mark.parametrize("older", [False, True], ids=["today", "older"])
def test_configuration(tmp_path: Path, older: bool) -> None:
    path = tmp_path / "exim.conf"
    path.write_text(CONFIGURATION.format(**{key: pair[older] for key, pair in NAMES.items()}))
    said = run(["exim", "-C", str(path), "-bV"])
    assert "error" not in said
    assert said.endswith("exit 0")
    told = run(["eximia", "check", str(path)])
    assert "no errors" in told, told
    spoken = set(re.findall(r"\$?(\w+) is the old name of \$?(\w+)", told))
    # spoken of in any case
    spoken -= {("default_hostname", "primary_hostname"), ("tpda_delivery_ip", "host_address")}
    spoken -= {("tpda_defer_errstr", "event_data")}
    assert spoken == ({(old, new) for new, old in NAMES.values()} if older else set())


def test_variables(tmp_path: Path) -> None:
    pairs = [(name, value) for value, names in VARIABLES.items() for name in names.split()]
    lines = "".join(f"{name}=[${name}]\n" for name, _ in pairs)
    said = run(["exim", "-be"], lines)
    shown = dict(re.findall(r"> (\w+)=\[(.*)\]", said))
    assert shown == dict(pairs), said


def test_expansions_and_macros(tmp_path: Path) -> None:
    path = tmp_path / "exim.conf"
    path.write_text(
        "".join(
            f".ifdef {name}\nmacros_{name[1:].lower()}\n.endif\n".replace("macros_", "domainlist d") + "\n"
            for name in ("_HAVE_SRS", "_HAVE_NATIVE_SRS", "_RESUME_DECODE", "_HAVE_DANE", "_HAVE_OCSP", "_HAVE_PRDR")
        ).replace("\n.endif", " = x\n.endif")
    )
    said = run(["exim", "-C", str(path), "-bP", "config"])
    for name in ("have_srs", "have_native_srs", "resume_decode", "have_dane", "have_ocsp", "have_prdr"):
        assert f"domainlist d{name} = x" in said
    text = "${if inbound_srs{a}{b}{y}{n}}\n${srs_encode {s}{a@b}{c}}\n${quote_redis:a b}\n${authresults {x}}\n"
    text += "${listextract{1}{_RESUME_DECODE}}\n${listextract{23}{_RESUME_DECODE}}\n"
    said = run(["exim", "-be"], text)
    assert "Failed" not in said
    assert re.search(r"^> n$", said, re.MULTILINE)
    assert re.search(r"^> SRS0=[0-9a-zA-Z+/]{4}=..=b=a@c$", said, re.MULTILINE)
    assert "session resumed" in said
