"""exinext: when is delivery to a host, domain or address tried next? (manual 54.10)"""

from __future__ import annotations

import getopt
import os
import re
import subprocess
import time
from collections.abc import Iterable, Sequence

from eximia.base import interpreter
from eximia.hints.records import RetryRecord
from eximia.message.ids import is_message_id

from .common import fail, open_configured, write

#: name and address of a host in what address testing writes
HOST = re.compile(r"^\s+host (\S+)\s+\[([^\]]*)\]", re.MULTILINE)


def command(words: Sequence[str]) -> int:
    """Run with the words of the command line; the exit status."""
    try:
        pairs, rest = getopt.gnu_getopt(list(words), "C:D:")
    except getopt.GetoptError:
        rest = []
        pairs = []
    if len(rest) != 1:
        fail("Usage: exinext <address>|<domain>|<local-part>")
    options = [word for name, value in pairs for word in ((name, value) if name == "-C" else (name + value,))]
    process = open_configured(options)
    subject = rest[0]
    records = list(process.hints.retry.scan())
    if is_message_id(subject):
        found = [(key, record) for key, record, _ in records if key.endswith(f":{subject}")]
    else:
        if "@" not in subject and "." not in subject:
            subject = f"{subject}@{process.main.qualify_recipient or process.main.qualify_domain}"
        hosts = _hosts(subject, options)
        found = [(key, record) for key, record, _ in records if concerns(key, subject, hosts)]
    if not found:
        write(f"No retry data found for {rest[0]}\n")
        return 0
    for key, record in found:
        write(show(key, record))
    return 0


def _hosts(subject: str, options: Iterable[str]) -> list[tuple[str, str]]:
    """(name, address) of the hosts that a delivery would use, as address testing tells."""
    address = subject if "@" in subject else f"user@{subject}"
    done = subprocess.run(
        interpreter.command("eximia.cli.launched", "exim", *options, "-bt", address),
        capture_output=True,
        check=False,
        text=True,
    )
    return HOST.findall(done.stdout)


def concerns(key: str, subject: str, hosts: Iterable[tuple[str, str]]) -> bool:
    """Does a retry record say something about the address or domain `subject`, or about one of its hosts?"""
    kind, _, name = key.partition(":")
    domain = subject.rpartition("@")[2].lower()
    if kind == "R":
        return (
            name in {domain, subject}
            or name.startswith(f"{subject}:<")
            or ("@" not in subject and name.partition(":")[0].endswith(f"@{domain}"))
        )
    if name in {subject, domain}:
        return True
    return any(name.startswith(f"{host}:{address}") or name == host for host, address in hosts)


def show(key: str, record: RetryRecord) -> str:
    """The lines for one record."""
    kind, _, name = key.partition(":")
    head = name if kind == "T" else f"Deliver: {name}"
    error = f" error {record.errno}" if record.errno > 0 else ""
    text = record.text or (os.strerror(record.errno) if record.errno > 0 else "unknown error")
    lines = [
        f"{head}{error}: {text}",
        f"  first failed: {_stamp(record.first_failed)}",
        f"  last tried:   {_stamp(record.last_try)}",
        f"  next try at:  {_stamp(record.next_try)}",
    ]
    if record.expired:
        lines.append("  past final cutoff time")
    return "".join(f"{line}\n" for line in lines)


def _stamp(seconds: float) -> str:
    return time.strftime("%d-%b-%Y %H:%M:%S", time.localtime(seconds))
