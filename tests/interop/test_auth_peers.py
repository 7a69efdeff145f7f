"""Authenticators with real peers: an Exim daemon and swaks on either side, GNU SASL's client, Dovecot's auth service."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support_authenticators import CRAM, PLAIN
from support_rows import OURS, Server, listens, open_folder, swaks, until

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(shutil.which(each) for each in ("exim4", "swaks")),
    reason="needs root, exim4 and swaks",
)

COMMON = """primary_hostname = {name}.example
acl_smtp_rcpt = rcpt
queue_only
begin acl
rcpt:
  deny !authenticated = *
       message = log in
  accept
begin routers
{router}
begin transports
{transport}
begin retry
* * F,1h,1s
begin authenticators
"""
SERVER = (
    f"\n{PLAIN}{CRAM}"
    """login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{me}}{eq{$auth2}{secret}}}}
  server_set_id = $auth1
spa:
  driver = spa
  public_name = NTLM
  server_password = ${if eq{$auth1}{me}{secret}fail}
  server_set_id = $auth1
"""
)
SCRAM = """
sha1:
  driver = gsasl
  public_name = SCRAM-SHA-1
  server_password = ${if eq{$auth1}{me}{secret}fail}
  server_set_id = $auth1
digest:
  driver = gsasl
  public_name = DIGEST-MD5
  server_realm = near.example
  server_password = ${if eq{$auth1/$auth3}{me/near.example}{secret}fail}
  server_set_id = $auth1
sha256:
  driver = gsasl
  public_name = SCRAM-SHA-256
  server_password = ${if eq{$auth1}{me}{secret}fail}
  server_set_id = $auth1
"""
CLIENT = {
    "plain": "  driver = plaintext\n  public_name = PLAIN\n  client_send = ^me^{0}\n",
    "login": "  driver = plaintext\n  public_name = LOGIN\n  client_send = : me : {0}\n",
    "cram": "  driver = cram_md5\n  public_name = CRAM-MD5\n  client_name = me\n  client_secret = {0}\n",
    "spa": "  driver = spa\n  public_name = NTLM\n  client_username = me\n  client_password = {0}\n",
}
ROUTER = """far:
  driver = manualroute
  route_list = * 127.0.0.1::{port}
  self = send
  transport = far
"""
TRANSPORT = """far:
  driver = smtp
  allow_localhost
  hosts_require_auth = *
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as path:
        yield path


def server(folder: Path, program: list[str], authenticators: str, name: str = "near") -> Server:
    return Server(folder / name, program, COMMON.format(name=name, router="", transport="") + authenticators)


@pytest.fixture
def ours(folder: Path) -> Iterator[Server]:
    one = server(folder, OURS, SERVER + SCRAM)
    yield one
    one.stop()


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_swaks(ours: Server, mechanism: str, password: str) -> None:
    said = swaks(ours.port, "-t", "joe@y.example", "-a", mechanism, "-au", "me", "-ap", password)
    if password == "secret":
        assert "235 Authentication succeeded" in said
        assert re.search(rf"<= s@back\.example .*A={mechanism.partition('-')[0].lower()}:me", ours.log())
    else:
        assert "535 Incorrect authentication data" in said


@pytest.mark.skipif(shutil.which("gsasl") is None, reason="gsasl is not installed")
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256", "DIGEST-MD5"])
@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_gnu_sasl(ours: Server, mechanism: str, password: str) -> None:
    command = ["gsasl", "--smtp", f"--connect=127.0.0.1:{ours.port}", "--no-starttls", "--quiet"]
    done = subprocess.run(
        [
            *command,
            "-m",
            mechanism,
            "-a",
            "me",
            "-p",
            password,
            "-r",
            "near.example",
            "--quality-of-protection=qop-auth",
        ],
        input="QUIT\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    accepted = "235" in done.stdout + done.stderr or done.returncode == 0
    assert accepted == (password == "secret"), done.stdout + done.stderr
    if password == "wrong":
        until(lambda: "535 Incorrect authentication data" in ours.log())


@contextlib.contextmanager
def sending(folder: Path, way: str, client: str) -> Iterator[tuple[Server, Server]]:
    """Who sends, with an authenticator, and who takes it; `way` says who of them is Exim."""
    exim = ["exim4"]
    far = server(folder, exim if way == "to exim" else OURS, SERVER, "far")
    try:
        text = COMMON.format(name="near", router=ROUTER.format(port=far.port), transport=TRANSPORT)
        sender = Server(folder / "near", OURS if way == "to exim" else exim, f"{text}one:\n{client}")
        try:
            sender.call("-odi", "-f", "s@back.example", "joe@y.example", text="Subject: x\n\nbody\n")
            sender.call("-qf")
            yield sender, far
        finally:
            sender.stop()
    finally:
        far.stop()


@pytest.mark.parametrize("mechanism", list(CLIENT))
@pytest.mark.parametrize("way", ["to exim", "from exim"])
def test_exim(folder: Path, mechanism: str, way: str) -> None:
    with sending(folder, way, CLIENT[mechanism].format("secret")) as (sender, far):
        until(lambda: re.search(r"=> joe@y\.example .*A=one ", sender.log()))
        assert re.search(rf"<= s@back\.example .*A={mechanism}:me ", far.log())


def test_exim_refuses_us(folder: Path) -> None:
    with sending(folder, "to exim", CLIENT["cram"].format("wrong")) as (sender, _):
        until(lambda: " == " in sender.log())
        assert "one authenticator failed H=127.0.0.1 [127.0.0.1] 535 Incorrect authentication data" in sender.log()
        assert "authentication required but authentication attempt(s) failed" in sender.log()


@pytest.mark.skipif(not Path("/usr/lib/dovecot/auth").exists(), reason="dovecot is not installed")
def test_dovecot(folder: Path) -> None:
    (folder / "passwd").write_text("me:{PLAIN}secret\n")
    for name in ("run", "state"):
        (folder / name).mkdir()
    (folder / "dovecot.conf").write_text(
        f"""base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols =
ssl = no
auth_mechanisms = plain login cram-md5
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/passwd
}}
service auth {{
  unix_listener auth-client {{
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
    dovecot = subprocess.Popen(
        ["dovecot", "-F", "-c", str(folder / "dovecot.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    socket = folder / "run" / "auth-client"
    names = {"plain": "PLAIN", "login": "LOGIN", "cram": "CRAM-MD5"}
    authenticators = "".join(
        f"{name}:\n  driver = dovecot\n  public_name = {public}\n  server_socket = {socket}\n  server_set_id = $auth1\n"
        for name, public in names.items()
    )
    one = None
    try:
        until(socket.exists)
        one = server(folder, OURS, authenticators)
        assert listens(one.port)
        for public in names.values():
            said = swaks(one.port, "-t", "joe@y.example", "-a", public, "-au", "me", "-ap", "secret")
            assert "235 Authentication succeeded" in said, said
            said = swaks(one.port, "-t", "joe@y.example", "-a", public, "-au", "me", "-ap", "wrong")
            assert "535 Incorrect authentication data" in said, said
        assert one.log().count(":me ") == 3
    finally:
        if one is not None:
            one.stop()
        dovecot.terminate()
        dovecot.wait()
