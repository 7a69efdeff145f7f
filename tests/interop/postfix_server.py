"""Postfix as a TLS server, from Debian's package unpacked, as the benchmark runs it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from bench.contenders import Postfix

from interop.tls_world import unpacked_postfix
from support_servers import enterable, free_ports
from support_tls import Pki


class PostfixServer(Postfix):
    """`port` has STARTTLS, `early` TLS on connect; what arrives is thrown away."""

    def __init__(self, folder: Path, pki: Pki, leaf: str) -> None:
        if os.geteuid() != 0:
            pytest.skip("Postfix is started by root")
        self.tree = unpacked_postfix()
        enterable(folder)
        enterable(pki.folder)
        for attempt in range(3):
            self.folder = folder / f"postfix{attempt}"
            self.folder.mkdir()
            self.folder.chmod(0o755)
            self._start(pki, leaf)
            if self._serves():
                return
        pytest.fail("Postfix does not serve")

    def _start(self, pki: Pki, leaf: str) -> None:
        self.port, self.early, self.sink_port = free_ports(3)
        self.prepare()
        settings = {
            "smtpd_tls_security_level": "may",
            "smtpd_tls_cert_file": pki.path(f"{leaf}.chain"),
            "smtpd_tls_key_file": pki.path(f"{leaf}.key"),
            "smtpd_tls_CAfile": pki.path("root.crt"),
            "smtpd_tls_ask_ccert": "yes",
            "smtpd_tls_loglevel": "1",
            "default_transport": "discard",
            "transport_maps": "",
            "virtual_mailbox_domains": "",
        }
        with open(self.conf / "main.cf", "a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        with open(self.conf / "master.cf", "a") as file:
            file.write(f"127.0.0.1:{self.early} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n")
        self.log = self.folder / "log"
        self.process = subprocess.Popen(
            self.command(queue_only=False),
            env={**os.environ, **self.environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _serves(self) -> bool:
        """Wait until it does; it ends when a port was taken in the meantime."""
        end = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < end:
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.early)) == 0:
                    return True
            time.sleep(0.05)
        return False

    def established(self) -> str:
        """The log line of the last TLS connection."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
            found = [line for line in lines if "TLS connection established from" in line]
            if found:
                return found[-1]
            time.sleep(0.05)
        return ""

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
