"""The parts of broken messages, and their contents (manual 45.4)."""

import pytest

from eximia.message.mime import MimePart, TooManyParts, decode, walk

TOP = b"Content-Type: multipart/mixed; boundary=v\n\n"


def parts(data: bytes) -> list[tuple[str, bytes]]:
    return [(part.content_type, data[part.body_start : part.end]) for part in walk(data)[1:]]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"pre\n--v\nContent-Type: a\n\nx\n--v--\n--v\n\ny\n", [("a", b"x\n")]),
        (b"--v\nContent-Type: a\n--v\nContent-Type: b\n\nx\n", [("a", b""), ("b", b"x\n")]),
        (b"--v\n--v\n\nx\n--v", [("", b""), ("", b"x\n"), ("", b"")]),
        (b"--vx\nContent-Type: a\n\nx\n--v y\n\nz\n", [("a", b"x\n"), ("", b"z\n")]),
        (b"--v\n\nx\n--v--y\n--v\n\nz\n--v--\n", [("", b"x\n"), ("", b"z\n")]),
        (b" --v\n\nx\n", []),
        (b"--v\nContent-Type: multipart; boundary=v\n\n--v\n\nx\n--v--\n--v\n\ny\n--v--\n",
         [("multipart", b"--v\n\nx\n--v--\n"), ("", b"x\n"), ("", b"y\n")]),
        (b"--v\nContent-Type: multipart/x; boundary=vv\n\n--vv\n\nx\n--vv--\n--v\n\ny\n",
         [("multipart/x", b"--vv\n\nx\n--vv--\n"), ("", b"x\n"), ("", b"y\n")]),
        (b"--v\nContent-Type: multipart/x; boundary=w\n\n--w\n\nx\n--v\n\ny\n--v--\n",
         [("multipart/x", b"--w\n\nx\n"), ("", b"x\n"), ("", b"y\n")]),
    ],
)  # fmt: skip
def test_parts(body: bytes, found: list[tuple[str, bytes]]) -> None:
    assert parts(TOP + body) == found


def test_cover_letter() -> None:
    inner = b"--v\nContent-Type: multipart/alternative; boundary=w\n\n--w\n\nx\n--w\n\ny\n--w--\n--v\n\nz\n"
    assert [part.is_coverletter for part in walk(TOP + inner)] == [True, True, True, True, False]


def test_very_many_delimiters_and_containers() -> None:
    part = b"--v\nContent-Type: multipart/x; boundary=other%d\n\n"
    assert len(walk(TOP + b"".join(part % number for number in range(9999)))) == 10000
    with pytest.raises(TooManyParts):
        walk(TOP + b"--v\n" * 10**6)


CONTENTS = [
    ("base64", b"aGVsbA==\nbG8g\n", b"helllo ", ""),
    ("base64", b"aGVsbG8gd29yb\n", b"hello worl", ""),
    ("base64", b"aGVs!bG8g\n", b"hello ", "Broken BASE64 encoding detected"),
    ("base64", b"aGVs bG8g\n", b"hello ", "Broken BASE64 encoding detected"),
    ("quoted-printable", b"a= \t\nb=3d=3D\n", b"ab==\n", ""),
    ("quoted-printable", b"===3D\n=", b"===\n", "Broken Quoted-Printable encoding detected"),
    ("quoted-printable", b"a=zz= b\n", b"a=zz= b\n", "Broken Quoted-Printable encoding detected"),
    ("7bit", b"a=3D\n", b"a=3D\n", ""),
]


@pytest.mark.parametrize(("encoding", "text", "content", "anomaly"), CONTENTS)
def test_contents(encoding: str, text: bytes, content: bytes, anomaly: str) -> None:
    part = MimePart(0, 0, len(text))
    part.content_transfer_encoding = encoding
    assert (decode(part, text), part.anomaly_text) == (content, anomaly)
