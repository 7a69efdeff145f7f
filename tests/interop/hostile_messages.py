"""Messages with the shapes that canonicalisation goes wrong with; the same ones in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator

_NAMES = ("Subject", "X-Long", "Comments", "Received", "List-Id", "MIME-Version", "X-Empty", "References", "x-lower")
_WORDS = (
    b"a",
    b"word",
    b"=?utf-8?q?=C3=BC?=",
    b"caf\xc3\xa9",
    b"\xff\xfe",
    b"x" * 60,
    b"(comment)",
    b"a;b=c",
    b"<x@y>",
    b".",
)
_SPACES = (b" ", b"  ", b"\t", b" \t ", b"\r\n ", b"\r\n\t", b"  \r\n  ")
_LINES = (
    b"",
    b" ",
    b"\t",
    b"text",
    b"text ",
    b"text \t ",
    b" text",
    b"two  words",
    b".",
    b"..",
    b"-- ",
    b"\xe4\xf6\xfc \x80",
    b"y" * 990,
    b"From x",
)


def messages(count: int, seed: int = 6376) -> Iterator[bytes]:
    """`count` messages with CRLF line ends."""
    chance = random.Random(seed)
    for number in range(count):
        fields = [b"From: Joe <joe@b.example>\r\n", b"To: a@c.example,\r\n\tb@c.example\r\n"]
        fields += [_field(chance) for _ in range(chance.randrange(8))]
        if number % 37 == 5:
            fields.append(b"X-Huge: " + b"\r\n ".join([b"h" * 70] * 700) + b"\r\n")
        if number % 11 == 3:
            fields += [b"Subject: again\r\n"] * 3
        chance.shuffle(fields)
        yield b"".join(fields) + b"\r\n" + _body(chance, number)


def _field(chance: random.Random) -> bytes:
    name = chance.choice(_NAMES).encode()
    value = b""
    for _ in range(chance.randrange(6)):
        value += chance.choice(_SPACES) + chance.choice(_WORDS)
    return name + b":" + value + chance.choice((b"", b"", b" ", b"\t")) + b"\r\n"


def _body(chance: random.Random, number: int) -> bytes:
    if number % 10 == 0:
        return b""
    lines = [chance.choice(_LINES) for _ in range(chance.randrange(1, 12))]
    body = b"\r\n".join(lines) + b"\r\n" * chance.randrange(5)
    if number % 29 == 1:
        body = body * 400
    return body
