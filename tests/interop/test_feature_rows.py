"""Rows of the feature list through our daemon with real peers: PRDR, DSN, the bounces' extra fields, events, the PROXY
protocol and SOCKS, queuefile; and each old name.

In front: swaks and HAProxy. Behind: an Exim daemon, a SOCKS proxy, Dovecot's or our own LMTP are elsewhere.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
OURS = [sys.executable, "-m", "eximia.cli.launched", "exim"]
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(shutil.which(each) for each in ("exim4", "swaks")),
    reason="needs root, exim4 and swaks",
)
MESSAGE = "From: s@back.example\nTo: joe@far.example\nSubject: row\n\nHello\n"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def until(ready: Callable[[], object], seconds: float = 15.0) -> object:
    """Wait for something to be true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail("waited in vain")
    return None


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A daemon, ours or Exim's, in a folder of its own."""

    def __init__(self, folder: Path, program: list[str], configuration: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.program = program
        folder.mkdir()
        owner = pwd.getpwnam("Debian-exim")
        for name in ("spool", "log", "box"):
            (folder / name).mkdir()
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
        self.conf = folder / "conf"
        head = f"""spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
daemon_smtp_ports = {self.port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
keep_environment =
host_lookup =
"""
        self.conf.write_text(head + configuration.replace("@D", str(folder)))
        self.process = subprocess.Popen(
            [*program, "-C", str(self.conf), "-bdf"],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: listens(self.port))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def log(self, name: str = "main") -> str:
        path = self.folder / "log" / f"{name}log"
        return path.read_text("latin-1") if path.exists() else ""

    def box(self, name: str) -> str:
        path = self.folder / "box" / name
        return path.read_text("latin-1") if path.exists() else ""

    def call(self, *args: str, text: str = "") -> str:
        done = subprocess.run(
            [*self.program, "-C", str(self.conf), *args],
            input=text,
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        return done.stdout + done.stderr


FAR = """primary_hostname = far.example
acl_smtp_rcpt = rcpt
acl_smtp_data_prdr = prdr
prdr_enable
dsn_advertise_hosts = *
queue_only
log_selector = +all
begin acl
rcpt:
  deny local_parts = nobody
       message = 550 5.1.1 nobody lives here
  accept
prdr:
  deny local_parts = choosy
       message = 550 5.7.1 not to my taste
  accept
begin routers
r:
  driver = accept
  transport = t
begin transports
t:
  driver = appendfile
  file = /dev/null
"""
NEAR = """primary_hostname = near.example
qualify_domain = near.example
acl_smtp_rcpt = rcpt
dsn_advertise_hosts = *
prdr_enable
log_selector = +all -millisec -pid
{main}
begin acl
rcpt:
  accept
{acl}
begin routers
back:
  driver = accept
  domains = back.example
  transport = back
copy:
  driver = accept
  domains = copy.example
  transport = copy
far:
  driver = manualroute
  route_list = * 127.0.0.1::{far}
  self = send
  transport = far
  {router}
begin transports
back:
  driver = appendfile
  file = @D/box/back
  user = Debian-exim
copy:
  driver = queuefile
  directory = @D/box
far:
  driver = smtp
  allow_localhost
  {transport}
begin retry
* * F,1h,1m
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path("/tmp") / f"eximia-rows-{os.getpid()}-{time.monotonic_ns()}"
    path.mkdir(mode=0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def far(folder: Path) -> Iterator[Server]:
    """An Exim daemon that takes messages and keeps them in its spool."""
    server = Server(folder / "far", ["exim4"], FAR)
    yield server
    server.stop()


Near = Callable[..., Server]


@pytest.fixture
def near(folder: Path, far: Server) -> Iterator[Near]:
    """Our daemon, with additions to its configuration."""
    servers: list[Server] = []

    def start(*, main: str = "", acl: str = "", router: str = "", transport: str = "") -> Server:
        text = NEAR.format(main=main, acl=acl, router=router, transport=transport, far=far.port)
        servers.append(Server(folder / "near", OURS, text))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def swaks(port: int, *args: str) -> str:
    done = subprocess.run(
        ["swaks", "-s", f"127.0.0.1:{port}", "-f", "s@back.example", "-h", "client.example", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


def send(port: int, recipients: list[str], mail: list[str] | None = None, rcpt: list[str] | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", port, "client.example") as client:
        client.sendmail("s@back.example", recipients, MESSAGE, mail or [], rcpt or [])


@pytest.mark.parametrize("option", ["acl_smtp_data_prdr", "acl_data_smtp_prdr"])
def test_prdr_to_us(near: Near, option: str) -> None:
    server = near(main=f"{option} = prdr", acl="prdr:\n  deny local_parts = choosy\n  accept\n")
    said = swaks(server.port, "-t", "joe@far.example,choosy@far.example", "--prdr")
    assert "250 PRDR R=<joe@far.example> acceptance" in said
    assert "550 PRDR R=<choosy@far.example> refusal" in said
    assert "message accepted for some recipients" in said


def test_prdr_from_us(near: Near, far: Server) -> None:
    server = near()
    send(server.port, ["joe@far.example", "choosy@far.example"])
    until(lambda: "Completed" in server.log())
    assert re.search(r"=> joe@far\.example .* PRDR .*acceptance", server.log())
    assert re.search(r"\*\* choosy@far\.example .*PRDR error after DATA: 550 5\.7\.1 not to my taste", server.log())
    assert " PRDR " in far.log()
    report = until(lambda: server.box("back"))
    assert isinstance(report, str)
    assert "choosy@far.example" in report


def test_dsn_travels_on_and_ends_here(near: Near, far: Server) -> None:
    server = near()
    send(server.port, ["joe@far.example"], ["RET=HDRS", "ENVID=e+2B1"], ["NOTIFY=SUCCESS", "ORCPT=rfc822;j@o.example"])
    until(lambda: "Completed" in server.log())
    header = until(lambda: "".join(path.read_text("latin-1") for path in (far.folder / "spool").rglob("*-H")))
    assert isinstance(header, str)
    assert "-dsn_envid e+2B1" in header
    assert "rfc822;j@o.example" in header
    assert not server.box("back")


def test_dsn_last_hop(near: Near) -> None:
    server = near(router="dsn_lasthop")
    send(server.port, ["joe@far.example"], [], ["NOTIFY=SUCCESS"])
    report = until(lambda: server.box("back"))
    assert isinstance(report, str)
    assert "Action: delivered\nFinal-Recipient: rfc822;joe@far.example" in report


def test_bounces_say_more(near: Near, far: Server) -> None:
    server = near()
    send(server.port, ["nobody@far.example"])
    report = until(lambda: server.box("back"))
    assert isinstance(report, str)
    assert f"\nRemote-MTA: X-ip; [127.0.0.1]:{far.port}\n" in report
    assert re.search(r"\nX-Remote-MTA-smtp-greeting: X-str; 220 far\.example ESMTP Exim .*\n", report)
    assert re.search(r"\nX-Remote-MTA-helo-response: X-str; 250-far\.example Hello near\.example .*\n", report)
    assert re.search(r"\nX-Exim-Diagnostic: X-str; SMTP error from remote mail server after .*550 5\.1\.1", report)


EVENT = '${{run{{/bin/sh -c "echo $%s >>@D/box/events"}}}}'
NEW = "event_name $event_defer_errno $local_part@$domain $host_address $transport_name"
OLD = "tpda_event $tpda_defer_errno $local_part@$domain $host_address $transport_name"


@pytest.mark.parametrize(
    ("main", "transport", "names"),
    [("event_action", "event_action", NEW), ("delivery_event_action", "tpda_event_action", OLD)],
    ids=["today", "old names"],
)
def test_events(near: Near, main: str, transport: str, names: str) -> None:
    action = EVENT.replace("{{", "{").replace("}}", "}") % names
    server = near(main=f"{main} = {action}", transport=f"{transport} = {action}")
    send(server.port, ["joe@far.example"])
    until(lambda: "msg:complete" in server.box("events"))
    lines = server.box("events").splitlines()
    assert [line.split()[0] for line in lines if line[:3].isalpha()] == [
        "tcp:connect",
        "smtp:connect",
        "smtp:ehlo",
        "tcp:close",
        "msg:delivery",
        "msg:complete",
    ]
    assert next(line for line in lines if line.startswith("msg:delivery")).endswith(" 0 joe@far.example 127.0.0.1 far")


def test_oldest_events(near: Near) -> None:
    shown = (
        "$tpda_delivery_ip $tpda_delivery_fqdn $tpda_delivery_local_part $tpda_delivery_domain "
        "$tpda_delivery_confirmation"
    )
    server = near(
        transport=f'tpda_delivery_action = ${{run{{/bin/sh -c "echo {shown} >>@D/box/events"}}}}\n  hosts_try_chunking ='
    )
    send(server.port, ["joe@far.example"])
    told = until(lambda: server.box("events"))
    assert isinstance(told, str)
    assert told.startswith("127.0.0.1 127.0.0.1 joe far.example 250 OK id=")


PROXY_ACL = """conn:
  warn condition = ${if bool{$proxy_session}}
       logwrite = PROXY $sender_host_address:$sender_host_port via $proxy_local_address for $proxy_external_address
       logwrite = OLD $proxy_host_address $proxy_target_address:$proxy_target_port
  accept
"""


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")
@pytest.mark.parametrize(
    ("option", "version"),
    [("hosts_proxy", "send-proxy"), ("hosts_proxy", "send-proxy-v2"), ("proxy_required_hosts", "send-proxy")],
)
def test_behind_haproxy(near: Near, folder: Path, option: str, version: str) -> None:
    server = near(main=f"{option} = <, 127.0.0.0/8\nacl_smtp_connect = conn", acl=PROXY_ACL)
    port = free_port()
    (folder / "haproxy.cfg").write_text(
        f"defaults\n mode tcp\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n"
        f"frontend f\n bind 127.0.0.1:{port}\n default_backend b\n"
        f"backend b\n source 127.0.0.2\n server s 127.0.0.1:{server.port} {version}\n"
    )
    proxy = subprocess.Popen(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], stderr=subprocess.DEVNULL)
    try:
        until(lambda: listens(port))
        said = swaks(port, "-t", "joe@far.example", "-li", "127.0.0.9")
        assert "250 OK id=" in said
        until(lambda: " <= " in server.log())
        log = server.log()
        assert re.search(r"PROXY 127\.0\.0\.9:\d+ via 127\.0\.0\.2 for 127\.0\.0\.1\n", log)
        assert f"OLD 127.0.0.2 127.0.0.1:{port}" in log
        assert re.search(r"<= s@back\.example .*H=\(client\.example\) \[127\.0\.0\.9\].* PRX=127\.0\.0\.2", log)
    finally:
        proxy.terminate()
        proxy.wait()


def test_proxy_header_missing(near: Near) -> None:
    server = near(main="hosts_proxy = *\nproxy_protocol_timeout = 1s")
    said = swaks(server.port, "-t", "joe@far.example")
    assert "503 Command refused, required Proxy negotiation failed" in said
    assert "221 " in said


def test_xclient(near: Near) -> None:
    server = near(main="hosts_xclient = 127.0.0.1\nacl_smtp_connect = conn", acl=PROXY_ACL)
    facts = "ADDR=203.0.113.9 PORT=77 NAME=c.example"
    said = swaks(server.port, "-t", "joe@far.example", "--xclient", facts)
    assert "250 OK id=" in said, said
    until(lambda: " <= " in server.log())
    assert re.search(
        r"<= s@back\.example .*H=c\.example \(client\.example\) \[203\.0\.113\.9\]:77 .*PRX=", server.log()
    )


@pytest.mark.skipif(shutil.which("microsocks") is None, reason="microsocks is not installed")
def test_through_a_socks_proxy(near: Near, far: Server) -> None:
    port = free_port()
    socks = subprocess.Popen(
        ["microsocks", "-i", "127.0.0.1", "-p", str(port), "-u", "me", "-P", "secret"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: listens(port))
        server = near(transport=f"socks_proxy = 127.0.0.1 port={port} auth=name name=me pass=secret")
        send(server.port, ["joe@far.example"])
        until(lambda: "Completed" in server.log())
        assert re.search(rf"=> joe@far\.example .* PRX=\[127\.0\.0\.1\]:{port} ", server.log())
        until(lambda: "<= s@back.example" in far.log())
    finally:
        socks.terminate()
        socks.wait()


def test_cutthrough(near: Near, far: Server) -> None:
    server = near(main="chunking_advertise_hosts =", acl="dummy:\n  accept\n")
    text = server.conf.read_text()
    server.conf.write_text(text.replace("rcpt:\n  accept\n", "rcpt:\n  accept control = cutthrough_delivery\n"))
    server.stop()
    again = subprocess.Popen(
        [*OURS, "-C", str(server.conf), "-bdf"],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: listens(server.port))
        body = "".join(f".line {number} {'x' * 60}\n" for number in range(30_000))
        with smtplib.SMTP("127.0.0.1", server.port, "client.example") as client:
            client.sendmail("s@back.example", ["joe@far.example", "ann@far.example"], f"{MESSAGE}{body}")
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail("s@back.example", ["nobody@far.example"], MESSAGE)
        log = server.log()
        assert re.search(r">> ann@far\.example .*\n.*>> joe@far\.example .*\n.*<= s@back\.example", log), log
        stored = next(iter((far.folder / "spool").rglob("*-D"))).read_bytes()
        assert stored.partition(b"\n")[2].endswith(f"Hello\n{body}".encode())
    finally:
        again.terminate()
        again.wait()


def test_queuefile(near: Near, far: Server) -> None:
    server = near()
    send(server.port, ["joe@copy.example"])
    until(lambda: "Completed" in server.log())
    files = sorted(path.name for path in (server.folder / "box").iterdir())
    assert len(files) == 2
    assert [name[-2:] for name in files] == ["-D", "-H"]
    message_id = files[0][:-2]
    for name in files:
        shutil.move(server.folder / "box" / name, server.folder / "spool" / "input" / name)
    assert message_id in server.call("-bp")
    shown = server.call("-Mvb", message_id)
    assert "Hello" in shown
    server.call("-M", message_id)
    assert len(list((server.folder / "box").iterdir())) == 2
