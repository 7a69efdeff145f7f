"""Rows of the feature list through our daemon with real peers: PRDR, DSN, the bounces' extra fields, events, the PROXY
protocol and SOCKS, queuefile; and each old name.

In front: swaks and HAProxy. Behind: an Exim daemon, a SOCKS proxy, Dovecot's or our own LMTP are elsewhere.
"""

from __future__ import annotations

import os
import re
import shutil
import smtplib
import subprocess
from pathlib import Path

import pytest

from support_rows import MESSAGE, OURS, SOURCE, Near, Server, listens, send, swaks, until
from support_servers import free_port

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(shutil.which(each) for each in ("exim4", "swaks")),
    reason="needs root, exim4 and swaks",
)


@pytest.mark.parametrize("option", ["acl_smtp_data_prdr", "acl_data_smtp_prdr"])
def test_prdr_to_us(near: Near, option: str) -> None:
    server = near(main=f"prdr_enable\n{option} = prdr", acl="prdr:\n  deny local_parts = choosy\n  accept\n")
    said = swaks(server.port, "-t", "joe@far.example,choosy@far.example", "--prdr")
    assert "250 PRDR R=<joe@far.example> acceptance" in said
    assert "550 PRDR R=<choosy@far.example> refusal" in said
    assert "message accepted for some recipients" in said


def test_prdr_from_us(near: Near, far: Server) -> None:
    server = near()
    send(server.port, ["joe@far.example", "choosy@far.example"])
    until(lambda: "Completed" in server.log())
    assert re.search(r"=> joe@far\.example .* PRDR .*acceptance", server.log())
    assert re.search(
        r"\*\* choosy@far\.example .*PRDR error after BDAT \d+ LAST: 550 5\.7\.1 not to my taste", server.log()
    )
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
