"""A server of ours that plays many parts, one a port, and other programs as its clients.

What the server saw is logged by an ACL at EHLO: `CELL <helo name> ver=... cv=... dn=... sni=... ocsp=... res=...`.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from bench.contenders import unpack_postfix

from support_servers import end_program, enterable, free_ports
from support_tls import Pki

SOURCE = Path(__file__).resolve().parents[2] / "src"
PARTS = ("rsa", "ec", "dual", "self", "sni", "require", "try", "staple", "revoked", "resume", "broken")

_CONFIGURATION = """
primary_hostname = server.example
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {ports}
daemon_workers = 2
tls_on_connect_ports = {on_connect}
smtp_enforce_sync = false
log_selector = +pid +smtp_connection +tls_sni +tls_peerdn +tls_resumption
tls_certificate = ${{extract{{p$received_port}}{{{certificates}}}{{$value}}fail}}
tls_privatekey = ${{extract{{p$received_port}}{{{keys}}}{{$value}}fail}}
tls_ocsp_file = ${{extract{{p$received_port}}{{{staples}}}{{$value}}fail}}
tls_verify_certificates = {pki}/root.crt
tls_verify_hosts = ${{if eq{{$received_port}}{{{require}}}{{*}}}}
tls_try_verify_hosts = ${{if eq{{$received_port}}{{{try_}}}{{*}}}}
tls_early_banner_hosts = ${{if eq{{$received_port}}{{{soon}}}{{*}}}}
tls_resumption_hosts = ${{if eq{{$received_port}}{{{resume}}}{{*}}}}
acl_smtp_helo = look
acl_smtp_rcpt = accept
begin acl
look:
  accept condition = ${{if def:tls_in_cipher}}
    logwrite = CELL $sender_helo_name ver=$tls_in_ver cv=$tls_in_certificate_verified dn=$tls_in_peerdn \\
      sni=$tls_in_sni ocsp=$tls_in_ocsp res=$tls_in_resumption ours=${{certextract{{subject}}{{$tls_in_ourcert}}}} \\
      key=${{certextract{{sig_algorithm}}{{$tls_in_ourcert}}}} cipher=$tls_in_cipher end
  accept
begin routers
all:
  driver = accept
  transport = gone
begin transports
gone:
  driver = appendfile
  file = /dev/null
  user = nobody
"""


def wait_for(port: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"nothing listens on port {port}")


class Ours:
    """The server. `ports` by part for STARTTLS, `early` by part for TLS on connect."""

    def __init__(self, folder: Path, pki: Pki) -> None:
        self.folder = folder
        ports = free_ports(2 * len(PARTS))
        self.ports = dict(zip(PARTS, ports, strict=False))
        self.early = dict(zip(PARTS, ports[len(PARTS) :], strict=False))
        for name in ("spool", "log"):
            (folder / name).mkdir()
        staple, revoked = pki.staple("good.ocsp"), _revoked(pki)
        # the file by the client's name for us, with a default for none
        sni = f"{pki.folder}/${{if eq{{$tls_in_sni}}{{alt.example.net}}{{alt}}{{ec}}}}"
        chains = {
            "self": "",
            "rsa": f"{pki.folder}/rsa.chain",
            "dual": f"{pki.folder}/rsa.chain:{pki.folder}/ec.chain",
            "sni": f"{sni}.chain",
            "broken": f"{pki.folder}/nothere.chain",
        }
        keys = {
            "self": "",
            "rsa": f"{pki.folder}/rsa.key",
            "dual": f"{pki.folder}/rsa.key:{pki.folder}/ec.key",
            "sni": f"{sni}.key",
        }
        staples = {"staple": staple, "revoked": revoked}

        def by_port(values: dict[str, str], default: str = "") -> str:
            found = [
                (port, values.get(part, default)) for each in (self.ports, self.early) for part, port in each.items()
            ]
            return " ".join(f"p{port}={value}" for port, value in found if value)

        configuration = folder / "exim.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                pki=pki.folder,
                ports=":".join(map(str, ports)),
                on_connect=":".join(map(str, self.early.values())),
                certificates=by_port(chains, f"{pki.folder}/ec.chain"),
                keys=by_port(keys, f"{pki.folder}/ec.key"),
                staples=by_port(staples),
                soon=self.early["rsa"],
                require=self.ports["require"],
                try_=self.ports["try"],
                resume=self.ports["resume"],
            )
        )
        (folder / "site.toml").write_text("")
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "EXIMIA_SITE": str(folder / "site.toml")}
        identity: dict[str, object] = {}
        if os.geteuid() == 0:
            enterable(folder)
            enterable(pki.folder)
            for top in (folder, pki.folder):
                for each in [top, *top.rglob("*")]:
                    os.chown(each, 65534, 65534)
            identity = {"user": 65534, "group": 65534, "extra_groups": []}
        self.output = open(folder / "output", "ab")  # noqa: SIM115  (closed with the server)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "eximia.cli.launched", "exim", "-C", str(configuration), "-bdf"],
            env=environment,
            cwd="/",
            stdout=self.output,
            stderr=subprocess.STDOUT,
            **identity,  # type: ignore[call-overload]
        )
        wait_for(ports[0])

    def log(self) -> str:
        path = self.folder / "log" / "mainlog"
        return path.read_text(errors="replace") if path.exists() else ""

    def cell(self, name: str) -> dict[str, str]:
        """What the server saw of a client that said EHLO with this name."""
        end = time.monotonic() + 40
        while time.monotonic() < end:
            match = re.search(rf"CELL {re.escape(name)} (.*) end$", self.log(), re.MULTILINE)
            if match is not None:
                return dict(re.findall(r"(\w+)=(.*?)(?= \w+=|$)", match[1]))
            time.sleep(0.05)
        raise AssertionError(f"{name} was not seen:\n" + "\n".join(self.log().splitlines()[-8:]))

    def worker(self, name: str) -> str:
        """The process that served this client."""
        return re.findall(rf"\[(\d+)\] CELL {re.escape(name)} ", self.log())[-1]

    def close(self) -> None:
        end_program(self.process)
        self.output.close()


def _revoked(pki: Pki) -> str:
    from cryptography.x509 import ocsp

    return pki.staple("revoked.ocsp", status=ocsp.OCSPCertStatus.REVOKED)


def run(command: list[str], text: str = "", *, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, input=text.encode(), capture_output=True, timeout=60, check=False, env=environment or os.environ
    )
    return (done.stdout + done.stderr).decode("utf-8", "replace")


@dataclass(frozen=True)
class Call:
    """How a client of another program is to talk to us. `more`: options in its own words."""

    port: int
    cell: str
    version: str
    early: bool
    certificate: str
    more: tuple[str, ...]


class Peer:
    """Another program as a client. `good` stands in what it says about a certificate that verifies; the only group of
    `shown` is the protocol's version."""

    good = ""
    shown = re.compile("")

    def __init__(self, pki: Pki) -> None:
        self.pki = pki

    def talk(
        self,
        port: int,
        cell: str,
        version: str,
        *,
        early: bool = False,
        certificate: str = "",
        more: tuple[str, ...] = (),
    ) -> str:
        """What it says of a session with EHLO `cell` and QUIT."""
        return self.call(Call(port, cell, version, early, certificate, more))

    def call(self, call: Call) -> str:
        raise NotImplementedError

    def has_chain(self, certificate: str) -> bool:
        return (self.pki.folder / f"{certificate}.chain").exists()

    def verified(self, output: str) -> bool:
        return self.good in output

    def version(self, output: str) -> str:
        match = self.shown.search(output)
        return match[1].replace("v", "") if match else ""


class Openssl(Peer):
    """`openssl s_client`."""

    good = "Verify return code: 0 (ok)"
    shown = re.compile(r"^(?:New|Reused), (TLSv1\.[23])", re.MULTILINE)

    def call(self, call: Call) -> str:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{call.port}", "-ign_eof"]
        command += ["-CAfile", self.pki.path("root.crt"), "-tls1_2" if call.version == "TLS1.2" else "-tls1_3"]
        command += call.more
        if not call.early:
            command += ["-starttls", "smtp"]
        if call.certificate:
            command += ["-cert", self.pki.path(f"{call.certificate}.crt")]
            command += ["-key", self.pki.path(f"{call.certificate}.key")]
            if self.has_chain(call.certificate):
                command += ["-cert_chain", self.pki.path("inter.crt")]
        return run(command, f"EHLO {call.cell}\r\nQUIT\r\n")


class Gnutls(Peer):
    """`gnutls-cli`."""

    good = "Status: The certificate is trusted"
    shown = re.compile(r"Description: \((TLS1\.[23])")

    def call(self, call: Call) -> str:
        command = ["gnutls-cli", "-p", str(call.port), "127.0.0.1", "--x509cafile", self.pki.path("root.crt")]
        command += ["--verify-hostname=mx.example.org"]
        command += ["--no-ca-verification" if "--trust-nobody" in call.more else "--crlf"]
        command += [f"--priority=NORMAL:-VERS-ALL:+VERS-{call.version}"]
        command += [each for each in call.more if each != "--trust-nobody"]
        if not call.early:
            command += ["--starttls-proto=smtp"]
        if call.certificate:
            name = "chain" if self.has_chain(call.certificate) else "crt"
            command += ["--x509certfile", self.pki.path(f"{call.certificate}.{name}")]
            command += ["--x509keyfile", self.pki.path(f"{call.certificate}.key")]
        return run(command, f"EHLO {call.cell}\nQUIT\n")


class Finger(Peer):
    """Postfix's `posttls-finger`, from an unpacked package where it is not installed."""

    good = "Verified TLS connection established"
    shown = re.compile(r"TLS connection \w+ to .*: (TLSv1\.[23]) with")

    def __init__(self, pki: Pki, folder: Path) -> None:
        super().__init__(pki)
        self.program = shutil.which("posttls-finger") or ""
        self.environment = dict(os.environ)
        if not self.program:
            tree = unpacked_postfix()
            self.program = str(tree / "usr" / "sbin" / "posttls-finger")
            self.environment["LD_LIBRARY_PATH"] = str(tree / "usr" / "lib" / "postfix")
        (folder / "main.cf").write_text("compatibility_level = 3.6\n")
        self.environment["MAIL_CONFIG"] = str(folder)

    def call(self, call: Call) -> str:
        command = [self.program, "-c", "-o", f"myhostname={call.cell}", "-F", self.pki.path("root.crt"), "-l", "verify"]
        command += ["-p", "<=TLSv1.2" if call.version == "TLS1.2" else ">=TLSv1.3"]
        command += ["-m", "0", "-t", "10", "-L", "summary,certmatch", *(["-w"] if call.early else []), *call.more]
        if call.certificate:
            command += ["-k", self.pki.path(f"{call.certificate}.key")]
            command += ["-K", self.pki.path(f"{call.certificate}.chain")]
        return run([*command, f"[127.0.0.1]:{call.port}", "mx.example.org"], environment=self.environment)


def unpacked_postfix() -> Path:
    """Debian's package of Postfix, unpacked; skips the test where there is none."""
    try:
        return unpack_postfix(Path(tempfile.gettempdir()) / "eximia-bench-cache")
    except (subprocess.CalledProcessError, StopIteration):
        pytest.skip("no package of Postfix")


class Exim(Peer):
    """An installed Exim (Debian's has GnuTLS) that delivers one message."""

    good = "CV=yes"
    shown = re.compile(r"X=(TLS1\.[23])")

    def __init__(self, pki: Pki, folder: Path) -> None:
        super().__init__(pki)
        self.folder = folder
        exim_folders(folder, pki)

    def call(self, call: Call) -> str:
        own = ""
        if call.certificate:
            path = self.pki.path(call.certificate)
            own = f"tls_certificate = {path}.chain\n  tls_privatekey = {path}.key"
        configuration = self.folder / f"{call.cell}.conf"
        configuration.write_text(
            f"""spool_directory = {self.folder}/spool
log_file_path = {self.folder}/log/%slog
keep_environment =
log_selector = +tls_peerdn
primary_hostname = client.example
begin routers
r:
  driver = manualroute
  route_data = 127.0.0.1
  self = send
  transport = t
begin transports
t:
  driver = smtp
  port = {call.port}
  helo_data = {call.cell}
  hosts_try_fastopen =
  hosts_require_tls = *
  protocol = {"smtps" if call.early else "smtp"}
  tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-{call.version}
  tls_verify_certificates = {self.pki.path("root.crt")}
  tls_verify_cert_hostnames =
  {own}
  {" ".join(call.more)}
begin retry
* * F,1h,5m
"""
        )
        shutil.rmtree(self.folder / "spool" / "db", ignore_errors=True)
        log = self.folder / "log" / "mainlog"
        before = log.stat().st_size if log.exists() else 0
        run(["exim4", "-C", str(configuration), "-odi", "-oi", "-f", "a@b.example", "c@d.example"], "Subject: x\n\nx\n")
        return log.read_text(errors="replace")[before:]


def exim_folders(folder: Path, pki: Pki) -> None:
    """Spool and log folders for an installed Exim; skips the test where there is none that we may run."""
    if shutil.which("exim4") is None or os.geteuid() != 0:
        pytest.skip("no exim4 that we may run")
    enterable(folder)
    enterable(pki.folder)
    owner = pwd.getpwnam("Debian-exim")
    for name in ("spool", "log"):
        (folder / name).mkdir()
        os.chown(folder / name, owner.pw_uid, owner.pw_gid)
