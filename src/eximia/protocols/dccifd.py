"""The protocol of dccifd, the daemon of the Distributed Checksum Clearinghouse: one request, one answer (features row
6). Text lines; the request ends when our direction is closed."""

from __future__ import annotations

from collections.abc import Sequence

from eximia.base.errors import RemoteProtocolError
from eximia.base.namedtuple import NamedTuple

LETTERS = frozenset("ARGST")


class Verdict(NamedTuple):
    """`result`: the overall letter; `recipients`: a letter for each; `header`: the X-DCC line, or empty."""

    result: str
    recipients: str
    header: str


def request(
    options: str, client: str, helo: str, sender: str, recipients: Sequence[str], message: bytes
) -> tuple[bytes, bytes]:
    """The lines before the message, and the message with its header. Control characters in names would be lines of
    their own: they are left out."""
    lines = [options, client, f"HELO {helo}", sender or "<>", *recipients, ""]
    return "".join(f"{_one_line(line)}\n" for line in lines).encode("latin-1"), message


def _one_line(text: str) -> str:
    return "".join(char for char in text if char >= " ")


def read_answer(data: bytes, recipients: int) -> Verdict:
    """All that the daemon said until it closed. Raises RemoteProtocolError for what is malformed or cut."""
    text = data.decode("latin-1").replace("\r\n", "\n")
    if not text:
        raise RemoteProtocolError("no answer")
    result, ended, rest = text.partition("\n")
    if not ended:
        raise RemoteProtocolError("the answer ends in its first line")
    if result not in LETTERS:
        raise RemoteProtocolError(f"unknown result '{result[:40]}'")
    letters, ended, rest = rest.partition("\n")
    if not ended:
        raise RemoteProtocolError("the answer ends in the line of the recipients")
    if len(letters) != recipients or not LETTERS.issuperset(letters):
        raise RemoteProtocolError(f"bad results '{letters[:40]}' for {recipients} recipients")
    return Verdict(result, letters, _header(rest))


def _header(text: str) -> str:
    """The header line with its continuations, without the final newline."""
    lines = text.split("\n")
    if lines.pop():
        raise RemoteProtocolError("the answer ends in the X-DCC header")
    header: list[str] = []
    for line in lines:
        if not line or (header and line[0] not in " \t"):
            break
        header.append(line)
    if header and not (header[0].upper().startswith("X-DCC") and ":" in header[0]):
        raise RemoteProtocolError(f"bad header '{header[0][:40]}'")
    return "\n".join(header)
