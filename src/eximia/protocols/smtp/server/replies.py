"""Replies as bytes (RFC 5321 section 4.2). Not their wording."""

from __future__ import annotations


def reply(code: str, text: str) -> bytes:
    """`code` before every line of `text`, with a hyphen on all but the last: `250-a\\r\\n250 b\\r\\n`.

    `code` may carry an enhanced status code (`550 5.7.1`), which then stands in every line. Carriage returns in the
    text are dropped, so that no text can forge a reply.
    """
    if "\n" not in text and "\r" not in text:
        return f"{code} {text}\r\n".encode("latin-1", "replace")
    lines = text.replace("\r", "").rstrip("\n").split("\n")
    number, _, extended = code.partition(" ")
    if extended:
        extended += " "
    out = [f"{number}-{extended}{line}\r\n" for line in lines[:-1]]
    out.append(f"{number} {extended}{lines[-1]}\r\n")
    return "".join(out).encode("latin-1", "replace")


def keyword_lines(code: str, first: str, keywords: list[str]) -> bytes:
    """The answer to EHLO: the greeting and one line per keyword. An enhanced status code in `code` belongs to the
    greeting: a keyword stands alone."""
    number, _, extended = code.partition(" ")
    return reply(number, "\n".join([f"{extended} {first}" if extended else first, *keywords]))
