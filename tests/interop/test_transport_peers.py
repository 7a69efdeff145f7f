"""Our transports with real servers: Postfix's smtp-sink, an Exim daemon, Dovecot's LMTP. All on ports of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from eximia.aio.direct import DirectPorts
from eximia.context.delivery import Result
from eximia.transports.smtp.pool import Pool, pool_of
from support_servers import enterable, free_port
from support_transports import HEADERS, World

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="servers are started as their own users")

BODY = b"line\n.\n..dots\nFrom here\n" + bytes(range(128, 256)) + b"\n"


def wait_for(address, seconds=60.0):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket(family) as sock:
            try:
                sock.connect(address)
                return
            except OSError:
                time.sleep(0.05)
    pytest.fail(f"nothing listens on {address}")


def world_with_network(body: bytes = BODY) -> World:
    world = World(body=body)
    direct = DirectPorts()
    world.process.ports.net = direct.net
    world.process.ports.clock = direct.clock
    return world


@pytest.fixture(scope="module")
def smtp_sink(tmp_path_factory):
    folder = tmp_path_factory.mktemp("postfix")
    installed = shutil.which("smtp-sink")
    environment = dict(os.environ)
    if installed is None:
        fetched = subprocess.run(["apt-get", "download", "-q", "postfix"], cwd=folder, capture_output=True, check=False)
        packages = list(folder.glob("postfix_*.deb"))
        if fetched.returncode or not packages:
            pytest.skip("no smtp-sink here")
        subprocess.run(["dpkg", "-x", str(packages[0]), str(folder / "x")], check=True)
        installed = str(folder / "x" / "usr" / "sbin" / "smtp-sink")
        environment["LD_LIBRARY_PATH"] = str(folder / "x" / "usr" / "lib" / "postfix")
    return installed, environment


@pytest.mark.parametrize(
    "flags", [(), ("-e",), ("-p",), ("-8",)], ids=["esmtp", "no-esmtp", "no-pipelining", "no-8bit"]
)
def test_smtp_sink(smtp_sink, flags):
    program, environment = smtp_sink
    port = free_port()
    server = subprocess.Popen([program, "-u", "nobody", *flags, f"127.0.0.1:{port}", "100"], env=environment)
    try:
        wait_for(("127.0.0.1", port))
        world = world_with_network()
        transport = world.transport("smtp", hosts="127.0.0.1", port=str(port), allow_localhost=True)
        for number in range(20):
            world.run(transport, "a@y.example", "b@y.example")
            assert {a.outcome.result for a in world.addresses} == {Result.DELIVERED}
            assert world.addresses[0].outcome.smtp.reused == (number > 0)
        pool: Pool = pool_of(world.context())
        assert len(pool) == 1
        pool.close()
    finally:
        server.terminate()
        server.wait()


@pytest.mark.skipif(shutil.which("exim4") is None, reason="exim4 is not installed")
@pytest.mark.parametrize("chunking", [True, False])
def test_exim_gets_every_byte(tmp_path, chunking):
    enterable(tmp_path)
    owner = pwd.getpwnam("Debian-exim")
    for name in ("spool", "box", "log"):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, owner.pw_uid, owner.pw_gid)
    port = free_port()
    (tmp_path / "conf").write_text(
        f"""spool_directory = {tmp_path}/spool
log_file_path = {tmp_path}/log/%slog
primary_hostname = peer.example
domainlist local_domains = *
acl_smtp_rcpt = accept
acl_smtp_data = accept
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
received_header_text =
chunking_advertise_hosts = {"*" if chunking else ""}
begin routers
r:
 driver = accept
 transport = t
begin transports
t:
 driver = appendfile
 directory = {tmp_path}/box
"""
    )
    server = subprocess.Popen(["exim4", "-C", str(tmp_path / "conf"), "-bdf", "-odi"])
    try:
        wait_for(("127.0.0.1", port))
        body = BODY + b".\n" + b"x" * 70 + b"\n" + b"large\n" * 200_000
        world = world_with_network(body)
        transport = world.transport("smtp", hosts="127.0.0.1", port=str(port), allow_localhost=True)
        world.run(transport, "a@y.example")
        outcome = world.addresses[0].outcome
        assert outcome.result is Result.DELIVERED, outcome
        assert outcome.smtp.chunking == chunking
        end = time.monotonic() + 60
        while not (found := list((tmp_path / "box").glob("q*"))) and time.monotonic() < end:
            time.sleep(0.1)
        assert found[0].read_bytes() == "".join(HEADERS).encode() + b"\n" + body
        pool_of(world.context()).close()
    finally:
        server.terminate()
        server.wait()


@pytest.mark.skipif(not Path("/usr/lib/dovecot/lmtp").exists(), reason="dovecot-lmtpd is not installed")
def test_dovecot_lmtp(tmp_path):
    enterable(tmp_path)
    mail = pwd.getpwnam("mail")
    (tmp_path / "mail").mkdir()
    os.chown(tmp_path / "mail", mail.pw_uid, mail.pw_gid)
    (tmp_path / "users").write_text("joe:::::\n")
    (tmp_path / "conf").write_text(
        f"""base_dir = {tmp_path}/run
state_dir = {tmp_path}/state
log_path = {tmp_path}/log
protocols = lmtp
ssl = no
mail_location = maildir:{tmp_path}/mail/%n
first_valid_uid = {mail.pw_uid}
first_valid_gid = {mail.pw_gid}
auth_username_format = %Ln
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = passwd-file
  args = {tmp_path}/users
  override_fields = uid={mail.pw_uid} gid={mail.pw_gid} home={tmp_path}/mail
}}
service lmtp {{
  unix_listener {tmp_path}/lmtp {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""
    )
    server = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(tmp_path / "conf")])
    try:
        wait_for(f"{tmp_path}/lmtp")
        world = world_with_network()
        transport = world.transport("lmtp", socket=f"{tmp_path}/lmtp", batch_max=5)
        world.run(transport, "joe@y.example", "nobody@y.example")
        known, unknown = (address.outcome for address in world.addresses)
        assert known.result is Result.DELIVERED, (known, (tmp_path / "log").read_text())
        assert unknown.result is Result.FAILED
        assert unknown.message.startswith("LMTP error after RCPT TO:<nobody@y.example>: 550")
        (stored,) = (tmp_path / "mail" / "joe" / "new").iterdir()
        assert stored.read_bytes().replace(b"\r\n", b"\n").endswith(BODY)
    finally:
        server.terminate()
        server.wait()
