"""What came to Exim after 4.96, claim by claim: message ids, command line, options, expansions, ACLs, events, log
selectors, XCLIENT and LIMITS. What has a file of its own (ATRN, WELLKNOWN files, Dovecot over TCP, sieve_inbox, psl) is
only touched."""

from __future__ import annotations

import os
import re
import smtplib
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from support_rows import OURS, SOURCE, Server, Talk, open_folder, until
from support_servers import free_port
from support_tls import Pki

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

ZONE = "Europe/Paris"
ID = r"\w{6}-\w{11}-\w{4}"
#: mail for outside goes to the server itself; what has come that way ends
CONFIGURATION = """primary_hostname = near.example
hosts_xclient = 127.0.0.8
prdr_enable
tls_certificate = @D/../pki/ec.chain
tls_privatekey = @D/../pki/ec.key
acl_smtp_connect = connect
acl_smtp_helo = accept
acl_smtp_auth = accept
acl_smtp_rcpt = rcpt
acl_smtp_data = data
event_action = ${acl{ev}}
recipients_max = ${if eq{$sender_host_address}{127.0.0.7}{2}{1000}}
smtp_max_synprot_errors = 20
log_ports = ! 25
log_selector = +connection_id +incoming_port +outgoing_port +queue_time_exclusive +queue_time +spf +spf_verbose +dmarc \\
  +dmarc_verbose +tls_on_connect +protocol_detail +smtp_protocol_error +smtp_syntax_error +received_recipients
begin acl
connect:
  warn logwrite = CONNECT ci=$connection_id proxy=$proxy_session from=$sender_host_address:$sender_host_port \\
    local=$proxy_local_address:$proxy_local_port external=$proxy_external_address:$proxy_external_port
  accept
rcpt:
  warn spf = pass : fail : none : neutral : softfail : permerror : temperror
  accept
data:
  warn logwrite = DATA list=<$recipients_list> helo=$sender_helo_verified auth=$authenticated_id \\
    first=<${extract{1}{:}{$recipients_list}}>
       remove_header = ^X-Drop-.*:
  warn dkim_status = none : pass : fail : invalid
       logwrite = DKIM asked
  accept
ev:
  accept condition = ${if match{$event_name}{fail}}
         logwrite = EV $event_name <$event_data>
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{right}}
  server_set_id = $auth2
  client_send = ^me^wrong
begin routers
out:
  driver = manualroute
  condition = ${if !eq{$sender_helo_name}{near.example}}
  domains = *.out.example
  route_data = ${extract{${extract{1}{.}{$domain}}}{plain=127.0.2.1 many=127.0.2.2 fallback=127.0.2.3::NOBODY auth=127.0.2.5}{$value}fail}
  self = send
  hosts_randomize = ${if eq{$domain}{plain.out.example}{yes}{no}}
  fallback_hosts = ${if eq{$domain}{fallback.out.example}{127.0.2.4}}
  transport = ${extract{1}{.}{$domain}}
gone:
  driver = redirect
  data = :blackhole:
begin transports
plain:
  driver = smtp
  port = PORT
  max_rcpt = ${if eq{1}{1}{1}{100}}
  socks_proxy = ${if eq{1}{2}{127.0.0.1}}
many:
  driver = smtp
  port = PORT
  max_rcpt = 0
  interface = 127.0.0.7
fallback:
  driver = smtp
  port = PORT
auth:
  driver = smtp
  port = PORT
  hosts_try_auth = *
  event_action = ${acl{ev}}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with open_folder() as folder:
        (folder / "pki").mkdir()
        Pki(folder / "pki")
        for path in (folder / "pki").iterdir():
            path.chmod(0o644)
        made = Server(folder / "near", OURS, CONFIGURATION.replace("NOBODY", str(free_port())), tls=True)
        yield made
        made.stop()


def told(server: Server, words: str, before: int = 0) -> re.Match[str]:
    found = until(lambda: re.search(words, server.log()[before:]))
    assert isinstance(found, re.Match)
    return found


def submit(server: Server, *recipients: str, source: str = "127.0.0.1", head: str = "") -> str:
    """One message; its id."""
    with Talk(server.port, source) as talk:
        talk.greeted()
        talk.say("MAIL FROM:<s@x.example>")
        for each in recipients:
            talk.say(f"RCPT TO:<{each}>")
        talk.say("DATA")
        answer = re.match(rf"250 OK id=({ID})$", talk.say(f"From: s@x.example\r\n{head}Subject: x\r\n\r\nx\r\n."))
        talk.say("QUIT")
    assert answer is not None
    return answer[1]


def tool(name: str, *words: str, text: str = "") -> str:
    command = [OURS[0], "-m", "eximia.cli.launched", name, *words]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TZ": ZONE}
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


# Message ids


def test_message_ids(server: Server, tmp_path: Path) -> None:
    """23 characters: seconds, process id, fraction; the first line of -D, the spool's names, Message-Id:, log and -bp.
    exim_msgdate tells date and process id; exim_id_update rewrites a spool between the forms; old ids stay readable."""
    server.call("-odq", "-oi", "joe@queued.example", text="Subject: x\n\nx\n")
    name = server.call("-bpi").strip()
    assert re.fullmatch(ID, name)
    files = {path.name for path in (server.folder / "spool" / "input").glob(f"{name}*")}
    assert files == {f"{name}-D", f"{name}-H"}
    assert (server.folder / "spool" / "input" / f"{name}-D").read_text().startswith(f"{name}-D\n")
    assert f"Message-Id: <E{name}@near.example>" in server.call("-Mvh", name)
    assert re.match(rf" 0m\s+\d+ {name} <", server.call("-bp"))
    seconds = int(tool("exim_msgdate", "-u", name).split(".")[0])
    assert abs(seconds - time.time()) < 60
    shown = tool("exim_msgdate", "-p", name)
    assert datetime.fromtimestamp(seconds, ZoneInfo(ZONE)).strftime("%Y-%m-%d %H:%M:%S") in shown
    assert re.search(r"\tpid \d+", shown)
    assert tool("exim_msgdate", "-z", name) != tool("exim_msgdate", name)
    assert name.startswith(tool("exim_msgdate", "-e", str(seconds)).strip()[:6])
    tool("exim_id_update", "-d", str(server.folder / "spool"))
    short = server.call("-bpi").strip()
    assert re.fullmatch(r"\w{6}-\w{6}-\w{2}", short)
    assert "Subject: x" in server.call("-Mvh", short)
    assert "removed" in server.call("-Mrm", short)


def test_localhost_number(server: Server) -> None:
    """With localhost_number the last part is the number times 500000 plus the fraction in units of two microseconds."""
    conf = server.folder / "numbered"
    conf.write_text(f"localhost_number = 3\n{server.conf.read_text()}")
    server.call("-odq", "-oi", "joe@queued.example", text="Subject: x\n\nx\n", configuration=conf)
    name = server.call("-bpi").strip()
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    value = 0
    for each in name[-4:]:
        value = value * 62 + digits.index(each)
    assert value // 500000 == 3
    server.call("-Mrm", name)


# Command line


def test_listings(server: Server) -> None:
    """-bpi: ids only, one a line; with r and a as after -bp."""
    for _ in range(2):
        server.call("-odq", "-oi", "joe@queued.example", text="Subject: x\n\nx\n")
    for letters in ("-bpi", "-bpri"):
        found = server.call(letters).split()
        assert len(found) == 2, letters
        assert all(re.fullmatch(ID, each) for each in found)
    server.call("-Mrm", *server.call("-bpi").split())


def test_expansion_testing(server: Server) -> None:
    """-be: settings of ACL variables, clean and tainted, and macros."""
    text = "set acl_m_clean = /dev/null\nset,t acl_m_dirty = /dev/null\nNAME = acl_m_clean\n"
    text += "<${readfile{$NAME}}>\n<${readfile{$acl_m_dirty}}>\n"
    said = server.call("-be", text=text)
    assert "> <>\n" in said
    assert re.search(r"Failed: .*[Tt]ainted", said)


def test_information(server: Server) -> None:
    """-bI: help, sieve, dscp, modules."""
    assert "exim -bI:help" in server.call("-bI:help")
    assert "fileinto" in server.call("-bI:sieve").split()
    assert "af11" in server.call("-bI:dscp").split()
    assert "error" not in server.call("-bI:modules")


def test_queue_runs_by_name(server: Server) -> None:
    """One daemon can run several queues at times of their own."""
    conf = server.folder / "runner"
    conf.write_text(server.conf.read_text().replace(str(server.port), str(free_port())).replace("pid\n", "pid2\n"))
    process = subprocess.Popen(
        [*OURS, "-C", str(conf), "-bdf", "-q30m", "-qGother/1s"], env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        found = until(lambda: re.search(r"daemon started: .*-q30m.*\n", server.log()))
        assert isinstance(found, re.Match)
        assert "other" in found[0]
        server.call("-odq", "-MCG", "other", "-oi", "joe@queued.example", text="Subject: x\n\nx\n")
        until(lambda: "Completed" in server.log().partition("daemon started: ")[2])
    finally:
        process.terminate()
        process.wait(15)


def test_debugging_early(server: Server) -> None:
    """-d tells what happens before the configuration is read."""
    said = server.call("-d", "-bV")
    assert "Library version: OpenSSL: Runtime: OpenSSL 3." in said
    assert said.index("Support for") < said.rindex("onfiguration file")


# Options and variables


def test_options_that_are_expanded(server: Server) -> None:
    """recipients_max (told in LIMITS), 50000 by default; max_rcpt; fallback_hosts; a socks_proxy that is nothing."""
    with Talk(server.port, "127.0.0.7") as talk:
        assert re.search(r"^250.LIMITS .*RCPTMAX=2\b", talk.greeted(), re.MULTILINE)
        talk.say("MAIL FROM:<s@x.example>")
        answers = [talk.say(f"RCPT TO:<r{number}@y.example>")[:3] for number in range(3)]
    assert answers == ["250", "250", "452"]
    assert "recipients_max = 50000" in server.call("-bP", "recipients_max", configuration=_bare(server))
    name = submit(server, "a@plain.out.example", "b@plain.out.example")
    told(server, f"{name} Completed")
    lines = [line for line in server.log().splitlines() if name in line and "T=plain" in line]
    assert [re.search(r" ([-=]>) ", line)[1] for line in lines] == ["=>", "=>"]  # type: ignore[index]
    name = submit(server, "a@fallback.out.example")
    told(server, rf"{name} => a@fallback\.out\.example R=out T=fallback H=127\.0\.2\.4 ")


def _bare(server: Server) -> Path:
    path = server.folder / "bare"
    path.write_text("keep_environment =\n")
    return path


def test_limits(server: Server) -> None:
    """LIMITS both ways: advertised to limits_advertise_hosts (all by default), obeyed by the client: no more recipients
    in one transaction than the server takes."""
    name = submit(server, *(f"r{number}@many.out.example" for number in range(5)))
    told(server, f"{name} Completed")
    lines = [line for line in server.log().splitlines() if " <= " in line and "H=(near.example) [127.0.0.7]" in line]
    assert [line.count("@many.out.example") for line in lines] == [2, 2, 1]
    conf = server.folder / "nolimits"
    conf.write_text(f"limits_advertise_hosts =\n{server.conf.read_text()}")
    assert "LIMITS" not in server.call("-bs", text="EHLO x\r\nQUIT\r\n", configuration=conf)


def test_feature_macros(tmp_path: Path) -> None:
    """_EXP_COND_*, _EXP_ITEM_*, _EXP_OP_*, _EXP_VAR_* tell what expansions know."""
    conf = tmp_path / "conf"
    names = ["_EXP_COND_EQ", "_EXP_ITEM_IF", "_EXP_OP_LC", "_EXP_VAR_TOD_LOG", "_EXP_VAR_NOSUCH"]
    conf.write_text("".join(f".ifdef {name}\ndomainlist d{name.lower()} = x\n.endif\n" for name in names))
    said = tool("exim", "-C", str(conf), "-bP", "config")
    assert [name for name in names if f"d{name.lower()} " in said] == names[:4]


def test_expansions(server: Server, tmp_path: Path) -> None:
    """headerwrap; psl and regdom in both forms of a name; dsearch into sub-paths."""
    (tmp_path / "psl").write_text("com\nco.uk\n*.ck\n!www.ck\nxn--p1ai\n")
    (tmp_path / "d" / "sub").mkdir(parents=True)
    (tmp_path / "d" / "sub" / "f").write_text("")
    text = f"""${{headerwrap_20_40:one two three four five six seven eight nine ten}}
${{headerwrap:short}}
psl=${{lookup{{a.b.co.uk}}psl{{{tmp_path}/psl}}}}
regdom=${{lookup{{a.b.co.uk}}regdom{{{tmp_path}/psl}}}}
regdom=${{lookup{{a.b.xn--p1ai}}regdom{{{tmp_path}/psl}}}}
dsearch=${{lookup{{sub/f}}dsearch,key=path{{{tmp_path}/d}}}}
"""
    said = server.call("-be", text=text)
    assert "> one two three four\n\tfive six sev\n\ten eig\n" in said
    assert "psl=co.uk\n" in said
    assert "regdom=b.co.uk\n" in said
    assert "regdom=b.xn--p1ai\n" in said
    assert "dsearch=sub/f\n" in said


# ACLs, events, logs


def test_in_the_data_acl(server: Server) -> None:
    """$recipients_list is a quoted Exim list, $sender_helo_verified, dkim_status; remove_header takes patterns."""
    before = len(server.log())
    head = "X-Drop-One: 1\r\nX-Kind-Two: 2\r\nX-Keep: 3\r\n"
    with Talk(server.port) as talk:
        talk.greeted()
        talk.say("MAIL FROM:<s@x.example>")
        talk.say("RCPT TO:<a@y.example>")
        talk.say('RCPT TO:<"b:c"@y.example>')
        talk.say("DATA")
        talk.say(f"From: s@x.example\r\n{head}Subject: x\r\n\r\nx\r\n.")
    assert told(server, r"DATA list=<(.*)> helo=(\w+) .* first=<(.*)>", before).groups() == (
        'a@y.example:"b::c"@y.example', "no", "a@y.example",
    )  # fmt: skip
    told(server, "DKIM asked", before)
    server.call("-odq", "-oi", "joe@queued.example", text="Subject: x\n\nx\n")


def test_failures_of_the_protocol(server: Server) -> None:
    """Events smtp:fail:syntax and smtp:fail:protocol, with the error's text."""
    before = len(server.log())
    with Talk(server.port) as talk:
        talk.greeted()
        talk.say("MAIL FROM:<s@x.example")
        assert talk.say("DATA").startswith("503")
    assert told(server, r"EV smtp:fail:syntax <(.*)>\n", before)[1] == "'>' missing at end of address"
    assert told(server, r"EV smtp:fail:protocol <(.*)>\n", before)[1].startswith("valid RCPT command must precede DATA")


def test_failed_authentication(server: Server) -> None:
    """Event auth:fail of the server, with the response."""
    before = len(server.log())
    conf = server.folder / "auth"
    conf.write_text(f"auth_advertise_hosts = *\n{server.conf.read_text()}")
    server.call("-bs", "-oMa", "192.0.2.1", text="EHLO x\r\nAUTH PLAIN AG1lAHdyb25n\r\nQUIT\r\n", configuration=conf)
    assert told(server, r"EV auth:fail <(.*)>\n", before)[1].startswith("535 Incorrect authentication data")


def test_failed_authentication_of_ours(server: Server) -> None:
    """Event auth:fail of the client, in the transport; with hosts_try_auth the message goes all the same."""
    name = submit(server, "a@auth.out.example")
    told(server, rf"{name} => a@auth\.out\.example ")
    assert told(server, rf"{name} EV auth:fail <(.*)>\n")[1].startswith("535 Incorrect authentication data")


def test_log_lines(server: Server) -> None:
    """connection_id, log_ports, spf_verbose, queue_time_exclusive, protocol_detail."""
    name = submit(server, "a@many.out.example")
    told(server, f"{name} Completed")
    arrival = told(server, rf"{name} <= .*")[0]
    assert re.search(r" H=\(\S+\) \[\S+ Ci=\w{6}-\w{6}-\w{4} P=", arrival)
    assert re.search(r" \[127\.0\.0\.1\]:\d+ ", arrival)
    assert re.search(r" SPF=\w+", arrival), arrival
    line = told(server, rf"{name} => .*")[0]
    assert " K (EHLO STARTTLS EHLO) C=" in line
    assert " QT=" in line


def test_tls_on_connect_is_told(server: Server) -> None:
    """tls_on_connect: the protocol word tells TLS on connect apart, `essmtp` for `esmtps`."""
    conf = server.folder / "early"
    port = free_port()
    text = server.conf.read_text().replace(f"daemon_smtp_ports = {server.port}", f"daemon_smtp_ports = {port}")
    conf.write_text(f"tls_on_connect_ports = {port}\n{text}".replace("pid\n", "pid3\n"))
    process = subprocess.Popen(
        [*OURS, "-C", str(conf), "-bdf"], env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        context = ssl._create_unverified_context()

        def connected() -> smtplib.SMTP_SSL | None:
            try:
                return smtplib.SMTP_SSL("127.0.0.1", port, "c.example", context=context)
            except OSError:
                return None

        client = until(connected)
        assert isinstance(client, smtplib.SMTP_SSL)
        client.sendmail("early@x.example", ["a@y.example"], "Subject: early\n\nx\n")
        client.quit()
        assert told(server, r" <= early@x\.example .* P=(\S+) X=TLS")[1] == "essmtp"
    finally:
        process.terminate()
        process.wait(15)


# XCLIENT


def test_xclient(server: Server) -> None:
    """Offered to hosts_xclient only; the first needs ADDR and PORT; a fresh EHLO must follow; the variables show both
    sides."""
    with Talk(server.port) as talk:
        assert "XCLIENT" not in talk.greeted()
        assert talk.say("XCLIENT ADDR=1.2.3.4 PORT=5").startswith(("5", "4"))
    before = len(server.log())
    with Talk(server.port, "127.0.0.8") as talk:
        offered = re.search(r"^250.XCLIENT (.*)$", talk.greeted(), re.MULTILINE)
        assert offered is not None
        assert set(offered[1].split()) >= {"ADDR", "NAME", "PORT", "LOGIN", "DESTADDR", "DESTPORT"}
        assert talk.say("XCLIENT NAME=c.example").startswith("5")
        facts = "ADDR=192.0.2.44 PORT=4444 NAME=c.example LOGIN=joe DESTADDR=192.0.2.25 DESTPORT=25"
        assert talk.say(f"XCLIENT {facts}").startswith("220")
        assert talk.say("MAIL FROM:<s@x.example>").startswith("503")
        assert talk.say("EHLO inner.example").startswith("250")
        assert talk.say("MAIL FROM:<s@x.example>").startswith("250")
        assert talk.say("RCPT TO:<a@y.example>").startswith("250")
        talk.say("DATA")
        assert talk.say("Subject: x\r\n\r\nx\r\n.").startswith("250")
    told(server, r"DATA .* auth=joe", before)
    told(server, r"<= s@x\.example .*H=c\.example \(inner\.example\) \[192\.0\.2\.44\]", before)
