"""The protocol of dccifd (features row 6)."""

from __future__ import annotations

import pytest

from eximia.base.errors import RemoteProtocolError
from eximia.protocols.dccifd import Verdict, read_answer, request


def test_request() -> None:
    head, message = request("header", "192.0.2.1", "cl.ex", "", ["a@x", "b@x"], b"S: x\n\nb\n")
    assert head == b"header\n192.0.2.1\nHELO cl.ex\n<>\na@x\nb@x\n\n"
    assert message == b"S: x\n\nb\n"
    head, _ = request("header", "192.0.2.1", "a\nb", "s@x", ["c@x"], b"")
    assert head == b"header\n192.0.2.1\nHELO ab\ns@x\nc@x\n\n"


@pytest.mark.parametrize("letter", list("ARGST"))
def test_answer(letter: str) -> None:
    answer = f"{letter}\nAR\nX-DCC-x-Metrics: h 1; Body=1\n\tFuz1=2\n".encode()
    assert read_answer(answer, 2) == Verdict(letter, "AR", "X-DCC-x-Metrics: h 1; Body=1\n\tFuz1=2")
    assert read_answer(f"{letter}\r\nAR\r\n".encode(), 2) == Verdict(letter, "AR", "")


@pytest.mark.parametrize(
    "answer",
    [b"", b"A", b"A\n", b"A\nA", b"Z\nA\n", b"AA\nA\n", b"\nA\n", b"a\nA\n", b"A\nAA\n", b"A\nX\n", b"A\n\n",
     b"A\nA\nX-DCC: cut", b"A\nA\nReceived: x\n", b"A\nA\nno header\n", b"HTTP/1.0 200 OK\r\n\r\n", b"\0\xff\n\n"],
)  # fmt: skip
def test_malformed(answer: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read_answer(answer, 1)
