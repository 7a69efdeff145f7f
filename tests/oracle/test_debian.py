"""Debian's generated configuration, all types of `dc_eximconfig_configtype`: the program takes exim4's place.

The same questions go to the installed exim4 and to ours; then mail goes through our daemon, to a local user's Maildir
and to a peer.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.world import SOURCE, Peer
from support_servers import free_port

TYPES = ("internet", "smarthost", "satellite", "local", "none")
EXIM = "/usr/sbin/exim4"
USER = "daemon"
DOMAIN = "local.debian.example"
REMOTE = "remote.debian.example"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.path.exists(EXIM), reason="needs root and Debian's exim4 to make the configurations"
)


class Machine:
    """One configuration in a folder of its own, with a peer for remote mail."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.folder = Path(tempfile.mkdtemp(prefix=f"eximia-debian-{kind}-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.peer = Peer("127.0.0.2")
        conf = self.folder / "conf"
        shutil.copytree("/etc/exim4", conf)
        settings = {
            "dc_eximconfig_configtype": kind,
            "dc_other_hostnames": DOMAIN,
            "dc_local_interfaces": f"127.0.0.1.{self.port}",
            "dc_readhost": "head.debian.example" if kind == "satellite" else "",
            "dc_relay_domains": "",
            "dc_minimaldns": "false",
            "dc_relay_nets": "",
            "dc_smarthost": f"127.0.0.2::{self.peer.port}",
            "CFILEMODE": "644",
            "dc_use_split_config": "false",
            "dc_hide_mailname": "false",
            "dc_mailname_in_oh": "true",
            "dc_localdelivery": "maildir_home",
        }
        (conf / "update-exim4.conf.conf").write_text("".join(f"{k}='{v}'\n" for k, v in settings.items()))
        self.configuration = self.folder / "exim.conf"
        subprocess.run(
            ["update-exim4.conf", "-d", str(conf), "-o", str(self.configuration)],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )
        (conf / "hubbed_hosts").write_text(f"{REMOTE}: 127.0.0.2::{self.peer.port}\n")
        home = self.folder / "home"
        for name in ("spool", "log", "home"):
            (self.folder / name).mkdir()
            shutil.chown(self.folder / name, USER if name == "home" else "Debian-exim")
        self.maildir = home / "Maildir"
        ours = {
            "CONFDIR": conf,
            "SPOOLDIR": self.folder / "spool",
            "MAILDIR_HOME_MAILDIR_LOCATION": self.maildir,
        }
        lines = self.configuration.read_text().splitlines()
        kept = [line for line in lines if not line.startswith((*ours, "spool_directory"))]
        extra = [f"{name} = {value}" for name, value in ours.items()]
        extra += [
            "primary_hostname = host.debian.example",
            f"spool_directory = {self.folder}/spool",
            f"log_file_path = {self.folder}/log/%slog",
            f"pid_file_path = {self.folder}/pid",
        ]
        self.configuration.write_text("\n".join(extra + kept) + "\n")
        site = self.folder / "site.toml"
        site.write_text('user = "Debian-exim"\ngroup = "Debian-exim"\n')
        self.environment = {**os.environ, "PYTHONPATH": str(SOURCE), "EXIMIA_SITE": str(site)}
        self.daemon: subprocess.Popen[bytes] | None = None

    def ours(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        run = [sys.executable, "-m", "eximia.cli.launched", "exim", "-C", str(self.configuration), *words]
        return subprocess.run(run, input=stdin, capture_output=True, check=False, env=self.environment, timeout=60)

    def theirs(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        run = [EXIM, "-C", str(self.configuration), *words]
        return subprocess.run(run, input=stdin, capture_output=True, check=False, timeout=60)

    def start(self) -> None:
        run = [
            sys.executable,
            "-m",
            "eximia.cli.launched",
            "exim",
            "-C",
            str(self.configuration),
            "-bdf",
            "-oX",
            f"127.0.0.1.{self.port}",
        ]
        with open(self.folder / "output", "wb") as output:
            self.daemon = subprocess.Popen(run, env=self.environment, stdout=output, stderr=output)
        end = time.monotonic() + 60
        while True:
            try:
                with smtplib.SMTP("127.0.0.1", self.port, timeout=30):
                    return
            except OSError:
                if time.monotonic() > end:
                    raise TimeoutError((self.folder / "output").read_text(errors="replace")) from None
                time.sleep(0.05)

    def close(self) -> None:
        if self.daemon is not None:
            self.daemon.send_signal(signal.SIGTERM)
            self.daemon.wait(30)
        self.peer.shutdown()
        self.peer.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        path = self.folder / "log" / "mainlog"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_log(self, text: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while text not in self.log():
            assert time.monotonic() < end, f"{text!r} is not in the log:\n{self.log()}"
            time.sleep(0.05)


@pytest.fixture(scope="module", params=TYPES)
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    made = Machine(request.param)
    yield made
    made.close()


def both(machine: Machine, *words: str, stdin: bytes = b"") -> tuple[list[str], list[str]]:
    ours, theirs = machine.ours(*words, stdin=stdin), machine.theirs(*words, stdin=stdin)
    assert b"configuration error" not in theirs.stderr, theirs.stderr
    assert ours.returncode == theirs.returncode, (ours.stderr, theirs.stderr)
    return ours.stdout.decode("latin-1").splitlines(), theirs.stdout.decode("latin-1").splitlines()


def test_options(machine: Machine) -> None:
    """-bP of the drivers: those of features newer than 4.96 are ours alone."""
    for words in (
        ("-bP", "routers"),
        ("-bP", "transports"),
        ("-bP", "+local_domains"),
        ("-bP", "router_list"),
        ("-bP", "qualify_domain", "local_interfaces", "acl_smtp_rcpt", "spool_directory"),
    ):
        ours, theirs = both(machine, *words)
        # Names with a star are how 4.96 keeps the expanded form of an option; they cannot be set.
        missing = [line for line in theirs if line not in ours and not line.startswith("*")]
        assert missing == [], words


@pytest.mark.parametrize("option", ["-bt", "-bv"])
def test_addresses(machine: Machine, option: str) -> None:
    for address in (
        f"{USER}@{DOMAIN}",
        f"nobody-of-that-name@{DOMAIN}",
        f"x@{REMOTE}",
        "postmaster",
        "root",
        f"root@{DOMAIN}",
        "a@[127.0.0.1]",
        f"@{DOMAIN}",
    ):
        ours, theirs = both(machine, option, address)
        assert ours == theirs, address


def test_expansions(machine: Machine) -> None:
    lines = b"""$primary_hostname $qualify_domain $spool_directory
${if match_domain{%s}{+local_domains}{yes}{no}} ${if match_ip{127.0.0.1}{+relay_from_hosts}{yes}{no}}
${lookup{root}lsearch{/etc/passwd}{${extract{5}{:}{$value}}}}
${if exists{/etc/passwd}{${lc:ABC}}{no}}
""" % DOMAIN.encode()
    ours, theirs = both(machine, "-be", stdin=lines)
    assert ours == theirs


def test_mail(machine: Machine) -> None:
    """A local and a remote message through the daemon."""
    machine.start()
    with smtplib.SMTP("127.0.0.1", machine.port, timeout=60) as client:
        client.ehlo("client.example")
        if machine.kind in ("internet", "smarthost", "local"):
            client.sendmail(f"a@{DOMAIN}", [f"{USER}@{DOMAIN}"], "Subject: to a user\r\n\r\nlocal\r\n")
            machine.wait_log(f"=> {USER} <{USER}@{DOMAIN}> R=local_user T=maildir_home")
            (message,) = (machine.maildir / "new").iterdir()
            assert b"Subject: to a user" in message.read_bytes()
            assert message.stat().st_uid == pwd.getpwnam(USER).pw_uid
        if machine.kind in ("internet", "smarthost", "satellite"):
            client.sendmail(f"a@{DOMAIN}", [f"x@{REMOTE}"], "Subject: away\r\n\r\nremote\r\n")
            machine.wait_log(f"=> x@{REMOTE} R=")
            assert any(b"Subject: away" in each for each in machine.peer.messages)
    assert not (machine.folder / "log" / "paniclog").exists(), (machine.folder / "log" / "paniclog").read_text()
