"""What a client does when TLS does not go well, and what it logs: an installed Exim and us, with the same servers.

Debian's Exim has GnuTLS: what names the library (ciphers, its errors, the form of distinguished names) is left out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eximia.tls.binding import is_built
from support_rows import open_folder
from support_servers import enterable
from support_tls import Pki

from .tls_servers import MODES, Server

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("exim4") is None or not is_built(),
    reason="root, exim4 and the binding are needed",
)
SOURCE = Path(__file__).resolve().parents[2] / "src"

OPTIONS = {
    "plain": "",
    "required": "hosts_require_tls = *",
    "not in clear": "tls_tempfail_tryclear = false",
    "verified": "tls_verify_hosts = *\n  tls_try_verify_hosts = :\n  tls_verify_certificates = {root}",
    "verified and required": "hosts_require_tls = *\n  tls_verify_hosts = *\n  tls_verify_certificates = {root}",
    "no names": "tls_verify_certificates = {root}\n  tls_verify_cert_hostnames =",
    "smtps": "protocol = smtps",
    "avoided": "hosts_avoid_tls = *",
    "with SNI": "tls_sni = mx.example.org",
    "with a protocol": "tls_alpn = smtp\n  hosts_require_alpn = *",
    "bad certificate": "tls_certificate = /nosuch/file",
    "good certificate": "tls_certificate = {folder}/client.chain\n  tls_privatekey = {folder}/client.key",
    "DANE": "hosts_require_dane = *",
    "key of another": "tls_certificate = {folder}/client.chain\n  tls_privatekey = {folder}/ec.key",
    "no key": "tls_certificate = {folder}/client.chain\n  tls_privatekey = /nosuch/file",
    "no authorities": "tls_verify_certificates = /nosuch/file",
    "no authorities, required": "tls_verify_certificates = /nosuch/file\n  tls_verify_hosts = *",
    "no authorities, TLS required": "tls_verify_certificates = /nosuch/file\n  hosts_require_tls = *",
    "unknown variable": "tls_certificate = $nosuch",
    "failing expansion": "tls_certificate = ${{readfile{{/nosuch/file}}}}",
    "failing expansion, TLS required": "hosts_require_tls = *\n  tls_certificate = ${{readfile{{/nosuch/file}}}}",
    "failing SNI": "tls_sni = ${{readfile{{/nosuch/file}}}}",
    "failing ALPN": "tls_alpn = ${{readfile{{/nosuch/file}}}}",
    "failing ciphers": "tls_require_ciphers = ${{readfile{{/nosuch/file}}}}",
    "failing authorities": "tls_verify_certificates = ${{readfile{{/nosuch/file}}}}",
    "forced to fail": "tls_certificate = ${{if eq{{1}}{{2}}{{x}}fail}}\n  tls_verify_certificates = ${{if eq{{1}}{{2}}{{x}}fail}}",
    "neither list set": "tls_try_verify_hosts =\n  tls_verify_cert_hostnames =\n  tls_verify_certificates = {root}",
    "neither list set, system's authorities": "tls_try_verify_hosts =",
    "neither list set, no authorities": "tls_try_verify_hosts =\n  tls_verify_certificates =",
    "verified by nothing": "tls_verify_hosts = *\n  tls_verify_certificates =\n  hosts_require_tls = *",
    "a protocol required and none offered": "hosts_require_alpn = *",
    "nobody verified": "tls_try_verify_hosts = :\n  tls_verify_hosts = :",
    "both verified": "tls_verify_hosts =\n  tls_try_verify_hosts = *\n  tls_verify_certificates = {root}",
    "not verified by callouts": "hosts_verify_avoid_tls = *",
    "nor though required": "hosts_verify_avoid_tls = *\n  hosts_require_tls = *",
    "avoided and required": "hosts_avoid_tls = *\n  hosts_require_tls = *",
}
CASES = [(mode, option) for mode in MODES for option in ("plain", "required", "not in clear", "verified and required")]
CASES += [("ok", option) for option in OPTIONS if option not in ("plain", "required", "not in clear")]
CASES += [("expired", "neither list set"), ("expired", "neither list set, no authorities")]
CASES += [("expired", "verified"), ("other name", "verified"), ("on connect", "smtps"), ("not offered", "avoided")]
CASES += [("not offered", "avoided and required"), ("454", "avoided and required")]
CASES += [("wants a certificate", "good certificate"), ("not offered", "smtps"), ("expired", "no names")]
CASES = [
    (mode, option)
    for mode, option in dict.fromkeys(CASES)
    # how a server's refusal after the handshake shows depends on who is faster
    if (mode != "on connect" or option == "smtps") and (mode != "wants a certificate" or option == "good certificate")
]

_MESSAGE = b"Subject: x\n\nx\n"
_CONFIGURATION = """
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
keep_environment =
primary_hostname = client.example
message_id_format = short
log_selector = +tls_certificate_verified
acl_smtp_rcpt = check
begin acl
check:
  require verify = recipient/callout=10s,no_cache
  accept
begin routers
r:
  driver = manualroute
  route_data = 127.0.0.1
  self = send
  transport = t
begin transports
t:
  driver = smtp
  port = {port}
  hosts_try_fastopen =
  command_timeout = 30s
  {options}
begin retry
* * F,1h,5m
"""


@pytest.fixture(scope="module")
def pki() -> Iterator[Pki]:
    with open_folder() as folder:
        yield Pki(folder)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Not pytest's: another run of pytest would close the folder above to others."""
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def servers(pki: Pki) -> Iterator[dict[str, Server]]:
    made = {mode: Server(pki, mode) for mode in MODES}
    yield made
    for each in made.values():
        each.shutdown()
        each.server_close()


#: what a callout meets, and with which options
CALLOUTS = [
    *((mode, "plain") for mode in ("ok", "expired", "not offered", "454", "garbage", "closes")),
    *((mode, "required") for mode in ("ok", "not offered", "454", "554", "garbage", "closes in the handshake")),
    *((mode, "verified") for mode in ("ok", "expired", "other name")),
    *((mode, "verified and required") for mode in ("expired", "other name")),
    *(("ok", option) for option in ("not verified by callouts", "nor though required", "failing expansion")),
    ("454", "not in clear"),
    ("on connect", "smtps"),
    ("ok", "smtps"),
]


def story(folder: Path, which: str, pki: Pki, port: int, option: str) -> list[str]:
    """The log lines of one delivery, without what any two runs differ in."""
    done, log = call(folder, which, pki, port, option, ("-odi", "-oi", "-f", "a@b.example", "c@d.example"), _MESSAGE)
    assert log, done
    return log


def call(
    folder: Path, which: str, pki: Pki, port: int, option: str, words: tuple[str, ...], said: bytes
) -> tuple[subprocess.CompletedProcess[bytes], list[str]]:
    """One call of a program, and the lines of its main log."""
    folder.mkdir()
    enterable(folder)
    for name in ("spool", "log"):
        (folder / name).mkdir()
        shutil.chown(folder / name, "Debian-exim", "Debian-exim")
    text = _CONFIGURATION.format(
        folder=folder, port=port, options=OPTIONS[option].format(root=pki.path("root.crt"), folder=pki.folder)
    )
    if which == "exim4":
        text = text.replace("message_id_format = short\n", "")
    (folder / "conf").write_text(text)
    (folder / "site.toml").write_text('user = "Debian-exim"\ngroup = "Debian-exim"\n')
    program = ["exim4"] if which == "exim4" else [sys.executable, "-m", "eximia.cli.launched", "exim"]
    done = subprocess.run(
        [*program, "-C", str(folder / "conf"), *words],
        input=said,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "EXIMIA_SITE": str(folder / "site.toml")},
        capture_output=True,
        timeout=60,
        check=False,
    )
    path = folder / "log" / "mainlog"
    if not path.exists():
        return done, []
    log = path.read_text(errors="replace")
    lines = []
    for line in log.splitlines():
        line = re.sub(r"^\S+ \S+ (1\S+ )?", "", line)
        if re.match(r"<= |exim user lost|Completed|\[127.0.0.1\] SSL verify|H=\S+ \S+ TLS error on connection", line):
            continue
        line = re.sub(r" X=(TLS1\.\d):\S+", r" X=\1", line)
        # after "TLS session:" stands what the library says
        line = re.sub(r"(TLS session: ).*?(: (?:delivering|callout) unencrypted|$)", r"\1...\2", line)
        lines.append(line)
    return done, lines


@pytest.mark.parametrize(("mode", "option"), CASES, ids=lambda value: value)
def test_client(tmp_path: Path, pki: Pki, servers: dict[str, Server], mode: str, option: str) -> None:
    port = servers[mode].port
    ours = story(tmp_path / "ours", "ours", pki, port, option)
    theirs = story(tmp_path / "theirs", "exim4", pki, port, option)
    # Exim gives up a bounce that cannot be delivered either; here only the message counts
    for lines in (ours, theirs):
        del lines[next((at + 1 for at, line in enumerate(lines) if line.startswith(("=>", "==", "**"))), len(lines)) :]
    assert ours == theirs


@pytest.mark.parametrize(("mode", "option"), CALLOUTS, ids=lambda value: value)
def test_callout(tmp_path: Path, pki: Pki, servers: dict[str, Server], mode: str, option: str) -> None:
    session = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nQUIT\r\n"
    words = ("-bs", "-oMa", "192.0.2.7")
    found = []
    for which in ("ours", "exim4"):
        done, log = call(tmp_path / which, which, pki, servers[mode].port, option, words, session)
        replies = [
            line for line in done.stdout.splitlines() if line[:4] in (b"250 ", b"451 ", b"550 ") or line[3:4] == b"-"
        ]
        replies = [
            re.sub(rb"TLS session: .*", b"TLS session: ...", line) for line in replies[1:] if b"Hello" not in line
        ]
        found.append(([line for line in replies if not line.startswith(b"250-")], log))
    assert found[0] == found[1]
