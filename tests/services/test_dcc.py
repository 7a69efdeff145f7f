"""DCC through a dccifd of our own, over TCP and a Unix socket: it reads to the end of the request before it answers."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from support_servers import Listening
from support_services import MailServer, mail_server

HEADER = "X-DCC-test-Metrics: mx.test.ex 1234; Body=1 Fuz1=1\n\tFuz2=many"
DATA = """
  deny   condition = ${if eq{$h_X-Mode:}{plain}}
         !dcc = *
         message = refused by DCC ($dcc_result)
  defer  condition = ${if eq{$h_X-Mode:}{ok}}
         !dcc = */defer_ok
         message = put off by DCC
  warn   condition = ${if def:dcc_result}
         logwrite = DCC $dcc_result ${quote:$dcc_header}
"""


class Dccifd:
    """`script` says how to answer: a letter, or the bytes to send before closing, or None: close at once."""

    def __init__(self, listener: socket.socket) -> None:
        self.script: str | bytes | None = "A"
        self.requests: list[list[str]] = []
        self.messages: list[str] = []
        self._listening = Listening(listener, self._answer)
        self.close = self._listening.close

    def _answer(self, connection: socket.socket) -> None:
        if self.script is None:
            return
        data = b""
        while piece := connection.recv(65536):
            data += piece
        head, _, message = data.decode("latin-1").partition("\n\n")
        self.requests.append(head.split("\n"))
        self.messages.append(message)
        if isinstance(self.script, bytes):
            connection.sendall(self.script)
        else:
            letters = self.script * (len(self.requests[-1]) - 4)
            connection.sendall(f"{self.script}\n{letters}\n{HEADER}\n".encode())


@pytest.fixture(params=["tcp", "unix"])
def daemon(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Dccifd, str]]:
    if request.param == "tcp":
        listener = socket.create_server(("127.0.0.1", 0))
        place = f"127.0.0.1 {listener.getsockname()[1]}"
    else:
        listener = socket.socket(socket.AF_UNIX)
        place = f"{tmp_path}/dccifd"
        listener.bind(place)
        os.chmod(place, 0o777)
        listener.listen()
    dccifd = Dccifd(listener)
    yield dccifd, place
    dccifd.close()


def mode(server: MailServer, name: str, **more: object) -> tuple[int, str]:
    return server.send(headers=f"X-Mode: {name}\r\n", **more)  # type: ignore[arg-type]


def test_dcc(tmp_path: Path, daemon: tuple[Dccifd, str]) -> None:
    dccifd, place = daemon
    with mail_server(tmp_path / "mx", main=f"dccifd_address = {place}", data=DATA) as server:
        assert mode(server, "plain", recipients=("a@test.ex", "b@test.ex"))[0] == 250
        assert dccifd.requests == [["header", "127.0.0.1", "HELO client.ex", "s@x.ex", "a@test.ex", "b@test.ex"]]
        assert dccifd.messages[0].endswith("X-Mode: plain\n\nhello\n")
        server.logged(r'DCC A "X-DCC-test-Metrics')
        assert f"\n{HEADER}\n" in server.mail()[0]
        assert mode(server, "plain", sender="")[0] == 250
        assert dccifd.requests[-1][3] == "<>"
        for letter, plain, tolerant in (("S", 250, 250), ("R", 550, 451), ("G", 550, 451), ("T", 451, 250)):
            dccifd.script = letter
            assert mode(server, "plain")[0] == plain, letter
            assert mode(server, "ok")[0] == tolerant, letter
        assert server.log().count("message rejected by dccifd (result R)") == 2
        assert server.log().count("message greylisted by dccifd (result G)") == 2
        assert server.log().count("temporary error reported by dccifd (result T)") == 2
        for broken in (
            None,
            b"",
            b"A",
            b"A\n",
            b"Z\nA\n",
            b"A\nAAAA\n",
            b"A\nA\nX-DCC: cut off",
            b"\xff\0\n\n",
            b"A\nA\nBcc: x\n",
        ):
            dccifd.script = broken
            assert mode(server, "plain")[0] == 451, broken
            assert mode(server, "ok")[0] == 250, broken
        dccifd.script = "A"
        assert mode(server, "plain")[0] == 250


def test_nobody_there(tmp_path: Path) -> None:
    with mail_server(tmp_path, main="dccifd_address = /nowhere", data=DATA) as server:
        assert mode(server, "plain")[0] == 451
        assert mode(server, "ok")[0] == 250
        assert mode(server, "none")[0] == 250
        assert server.log().count("dcc acl condition: unable to connect to UNIX socket (/nowhere)") == 2
