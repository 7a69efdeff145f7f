"""A signed zone and an unsigned one on a real nsd, and a validating unbound before it; all on free ports."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from eximia.aio.resolver import DirectResolver
from eximia.dns.resolv_conf import ResolverSettings
from support_servers import free_port

SIGNED, UNSIGNED = "in.example.org", "plain.test"
_HEAD = "$ORIGIN {zone}.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"


class Dns:
    """The two servers. `bogus`: owners whose TLSA record is changed after signing; `port`: where unbound serves."""

    def __init__(self, folder: Path, signed: str, unsigned: str, bogus: tuple[str, ...] = (), *, port: int = 0) -> None:
        programs = [shutil.which(name) for name in ("nsd", "unbound", "ldns-keygen", "ldns-signzone")]
        if not all(programs):
            pytest.skip("nsd, unbound and ldnsutils are needed")
        self.folder = folder
        self.port, authority = port or free_port(), free_port()
        (folder / "signed.zone").write_text(_HEAD.format(zone=SIGNED) + signed)
        (folder / "unsigned.zone").write_text(_HEAD.format(zone=UNSIGNED) + unsigned)
        key = self._run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", SIGNED).strip()
        self._run("ldns-signzone", "-n", "signed.zone", key)
        if bogus:
            self._spoil(folder / "signed.zone.signed", bogus)
        (folder / "nsd.conf").write_text(
            f"""server:
  ip-address: 127.0.0.1@{authority}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  logfile: "{folder}/nsd.log"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: {SIGNED}
  zonefile: signed.zone.signed
zone:
  name: {UNSIGNED}
  zonefile: unsigned.zone
"""
        )
        (folder / "unbound.conf").write_text(
            f"""server:
  interface: 127.0.0.1@{self.port}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  logfile: "{folder}/unbound.log"
  use-syslog: no
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor-file: "{folder}/{key}.ds"
  domain-insecure: "{UNSIGNED}"
  local-zone: "test." nodefault
  root-hints: ""
remote-control:
  control-enable: no
stub-zone:
  name: "{SIGNED}"
  stub-addr: 127.0.0.1@{authority}
stub-zone:
  name: "{UNSIGNED}"
  stub-addr: 127.0.0.1@{authority}
"""
        )
        self.processes = [self._server(name, "-d", "-c", str(folder / f"{name}.conf")) for name in ("nsd", "unbound")]
        self.resolver = DirectResolver(ResolverSettings(servers=(f"[127.0.0.1]:{self.port}",), timeout=5, attempts=3))
        end = time.monotonic() + 60
        while not self.fresh().query(f"ns.{SIGNED}", "A").found:
            if time.monotonic() > end:
                self.close()
                logs = [path.read_text() for path in folder.glob("*.log")]
                pytest.fail("the name servers do not answer:\n" + "\n".join(logs))
            time.sleep(0.1)

    def fresh(self) -> DirectResolver:
        """A resolver without a memory."""
        return DirectResolver(ResolverSettings(servers=(f"[127.0.0.1]:{self.port}",), timeout=5, attempts=3))

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, env={**os.environ})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _server(self, *command: str) -> subprocess.Popen[bytes]:
        with open(self.folder / f"{command[0]}-errors.log", "wb") as errors:
            return subprocess.Popen(command, stderr=errors)

    @staticmethod
    def _spoil(zone: Path, owners: tuple[str, ...]) -> None:
        """Change the last digit of the TLSA records of these owners: their signatures no longer fit."""
        lines = zone.read_text().splitlines()
        for at, line in enumerate(lines):
            if re.search(r"\sIN\s+TLSA\s", line) and any(owner in line for owner in owners):
                text = line.rstrip()
                lines[at] = text[:-1] + ("0" if text[-1] != "0" else "1")
        zone.write_text("\n".join(lines) + "\n")

    def close(self) -> None:
        for each in self.processes:
            each.terminate()
        for each in self.processes:
            each.wait()
