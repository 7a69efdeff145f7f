"""Other implementations of DKIM, DomainKeys and ARC, each behind the same few calls.

OpenDKIM's library and Mail::DKIM run as processes that take commands: a line `OPERATION HEADER BODY REPEAT SIZE`, then
the message; they answer `RESULT SECONDS SIZE` and what they made. dkimpy is called directly.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

_HERE = Path(__file__).with_name("peers")


class Peer:
    """A process."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def ask(self, op: str, message: bytes, header: str = "-", body: str = "-", repeat: int = 1) -> tuple[str, bytes]:
        """(result, what was made)."""
        return self._ask(op, message, header, body, repeat)[::2]

    def seconds(self, op: str, message: bytes, header: str = "-", body: str = "-", repeat: int = 1) -> float:
        """How long one operation takes."""
        return self._ask(op, message, header, body, repeat)[1] / repeat

    def _ask(self, op: str, message: bytes, header: str, body: str, repeat: int) -> tuple[str, float, bytes]:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{op} {header} {body} {repeat} {len(message)}\n".encode() + message)
        process.stdin.flush()
        result, seconds, size = process.stdout.readline().split()
        return result.decode(), float(seconds), process.stdout.read(int(size))

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate()


def opendkim(folder: Path, keys: Mapping[str, bytes], pem: bytes, domain: str, selector: str) -> Peer | None:
    """OpenDKIM's library, None where it or a C compiler is missing."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not Path("/usr/include/opendkim/dkim.h").exists():
        return None
    program = folder / "opendkim_peer"
    if not program.exists():
        source = str(_HERE / "opendkim_peer.c")
        built = subprocess.run([compiler, "-O2", "-o", str(program), source, "-lopendkim"], capture_output=True)
        if built.returncode:
            return None
    return Peer([str(program), *_files(folder, keys, pem), domain, selector])


def mail_dkim(folder: Path, keys: Mapping[str, bytes], pem: bytes, domain: str, selector: str) -> Peer | None:
    """Mail::DKIM, None where it is missing."""
    perl = shutil.which("perl")
    if perl is None or subprocess.run([perl, "-MMail::DKIM", "-e", "1"], capture_output=True).returncode:
        return None
    return Peer([perl, str(_HERE / "mail_dkim_peer.pl"), *_files(folder, keys, pem), domain, selector])


def _files(folder: Path, keys: Mapping[str, bytes], pem: bytes) -> list[str]:
    (folder / "keys").write_bytes(b"".join(name.encode() + b" " + text + b"\n" for name, text in keys.items()))
    (folder / "private").write_bytes(pem)
    return [str(folder / "keys"), str(folder / "private")]


class Dkimpy:
    """dkimpy, with the same calls."""

    def __init__(self, keys: Mapping[str, bytes], pem: bytes, domain: str, selector: str) -> None:
        import dkim

        self._dkim = dkim
        self._keys = keys
        self._pem = pem
        self._domain = domain.encode()
        self._selector = selector.encode()

    def _find(self, name: bytes | str, timeout: int = 5) -> bytes | None:
        text = name.decode() if isinstance(name, bytes) else name
        return self._keys.get(text.rstrip("."))

    def ask(self, op: str, message: bytes, header: str = "-", body: str = "-", repeat: int = 1) -> tuple[str, bytes]:
        return self._operation(op, message, header, body)()

    def seconds(self, op: str, message: bytes, header: str = "-", body: str = "-", repeat: int = 1) -> float:
        operation = self._operation(op, message, header, body)
        start = time.perf_counter()
        for _ in range(repeat):
            operation()
        return (time.perf_counter() - start) / repeat

    def _operation(self, op: str, message: bytes, header: str, body: str) -> Callable[[], tuple[str, bytes]]:
        dkim = self._dkim
        if op == "verify":
            return lambda: ("pass" if dkim.verify(message, dnsfunc=self._find) else "fail", b"")
        if op == "arcverify":
            return lambda: (dkim.arc_verify(message, dnsfunc=self._find)[0].decode(), b"")
        if op == "arcsign":
            return lambda: ("pass", self._arc_sign(message))
        canon = (header.encode(), body.encode())
        return lambda: ("pass", dkim.sign(message, self._selector, self._domain, self._pem, canonicalize=canon))

    def _arc_sign(self, message: bytes) -> bytes:
        return b"".join(self._dkim.ARC(message).sign(self._selector, self._domain, self._pem, self._domain))

    def close(self) -> None:
        pass
