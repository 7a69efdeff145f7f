"""`${readsocket}` with `tls=yes`, against `openssl s_server`."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from oracle.be import ours
from support_servers import free_port

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs openssl")


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    assert OPENSSL is not None
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            OPENSSL,
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            key,
            "-out",
            certificate,
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ],
        capture_output=True,
        check=True,
    )
    number = free_port()
    server = subprocess.Popen(
        [OPENSSL, "s_server", "-accept", f"127.0.0.1:{number}", "-key", key, "-cert", certificate, "-www", "-quiet"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(1200):
            try:
                socket.create_connection(("127.0.0.1", number), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield number
    finally:
        server.kill()
        server.wait()


def test_an_answer_over_tls(tmp_path: Path, port: int) -> None:
    configuration = tmp_path / "conf"
    configuration.write_text(f"spool_directory = {tmp_path}\nlog_file_path = {tmp_path}/%s\nkeep_environment =\n")
    request = f"{{inet:127.0.0.1:{port}}}{{GET / HTTP/1.0\\r\\n\\r\\n}}"
    answers = ours(
        ["-C", str(configuration), "-be"],
        [
            f"${{length_15:${{readsocket{request}{{5s:tls=yes}}}}}}",
            f"${{length_15:${{readsocket{request}{{5s:tls=yes:sni=mail.example}}{{|}}{{failed}}}}}}",
            f"${{readsocket{request}{{5s:tls=no}}{{|}}{{failed}}}}",
        ],
    )
    assert answers[:2] == ["HTTP/1.0 200 ok", "HTTP/1.0 200 ok"]
    assert "200" not in answers[2]
