"""exim_checkaccess: would a message from this host be accepted for this address? (manual 54.8)

Runs a faked SMTP session (`-bh`) and shows the answer to RCPT.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from eximia.base import interpreter
from eximia.reception.ip import is_ip_address

from .common import write

_USAGE = "Usage: exim_checkaccess <IP address> <email address> [exim options]\n"


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    if len(words) < 2 or not words[1]:
        write(_USAGE)
        return 1
    host, address, *options = words
    if not is_ip_address(host):
        write(f'** Invalid IP address "{host}"\n{_USAGE}')
        return 1
    sender, options = take_sender(options)
    session = f"HELO [{host}]\r\nMAIL FROM:<{sender}>\r\nRCPT TO:<{address}>\r\nQUIT\r\n"
    done = subprocess.run(
        interpreter.command("eximia.cli.launched", "exim", "-bh", host, *options),
        input=session.encode("latin-1"),
        capture_output=True,
        check=False,
    )
    replies = last_lines(done.stdout.decode("latin-1"))
    # greeting, HELO, MAIL, RCPT
    answer = next((reply for reply in replies[:4] if reply[:1] in "45"), replies[3] if len(replies) > 3 else "")
    if not answer:
        write(f"{done.stderr.decode('latin-1')}")
        return 1
    if answer.startswith("2"):
        write("Accepted\n")
    else:
        write("Rejected:\n" + "".join(f"  {line}\n" for line in answer.split("\n")))
    return 0


def take_sender(options: Sequence[str]) -> tuple[str, list[str]]:
    """The address of `-f` among further options, and the others."""
    rest = list(options)
    if "-f" in rest[:-1]:
        at = rest.index("-f")
        sender = rest[at + 1].strip("<>")
        return sender, rest[:at] + rest[at + 2 :]
    return "", rest


def last_lines(text: str) -> list[str]:
    """The replies of a session, a reply of several lines joined by newlines."""
    replies = []
    pending: list[str] = []
    for line in text.splitlines():
        if len(line) < 4 or not line[:3].isdigit() or line[3] not in " -":
            continue
        pending.append(line)
        if line[3] == " ":
            replies.append("\n".join(pending))
            pending = []
    return replies
