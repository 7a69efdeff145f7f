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
from eximia.reception.ip import is_ip_address

from .common import fail, open_configured, write

#: name and address of a host in what address testing writes
HOST = re.compile(r"^\s+host (\S+)\s+\[([^\]]*)\]", re.MULTILINE)
_DEFERRED = re.compile(r".* cannot be resolved at this time.*", re.MULTILINE)
_MESSAGE_ID = re.compile(r"(.+):(\w{6}-\w{6,11}-\w{2,4})")


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
    hosts: list[tuple[str, str]] = []
    if "@" in subject or "." in subject:
        hosts = _hosts(subject, options)
    elif not is_message_id(subject):
        subject = f"{subject}@{process.main.qualify_recipient or process.main.qualify_domain}"
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
    for line in _DEFERRED.findall(done.stdout):
        write(f"{line}\n")
    hosts = HOST.findall(done.stdout)
    if not hosts:
        write(f"No remote hosts found for {subject}\n")
    return hosts


def concerns(key: str, subject: str, hosts: Iterable[tuple[str, str]]) -> bool:
    """Does a retry record say something about the address, domain or message `subject`, or about one of its hosts?"""
    kind, _, name = key.partition(":")
    if re.search(rf"(?:^|[@:<]){re.escape(subject)}(?![\w.-])", name, re.IGNORECASE):
        return True
    if kind == "R":
        return name.lower() == subject.rpartition("@")[2].lower()
    return any(name.startswith(f"{host}:{address}") or name == host for host, address in hosts)


def show(key: str, record: RetryRecord) -> str:
    """The lines for one record."""
    kind, _, name = key.partition(":")
    if kind == "T":
        name = _host(name)
    text = record.text or (os.strerror(record.errno) if record.errno > 0 else "unknown error")
    lines = [
        f"{'Transport' if kind == 'T' else 'Route'}: {name} error {record.errno}: {text}",
        f"  first failed: {_stamp(record.first_failed)}",
        f"  last tried:   {_stamp(record.last_try)}",
        f"  next try at:  {_stamp(record.next_try)}",
    ]
    if record.expired:
        lines.append("  past final cutoff time")
    return "".join(f"{line}\n" for line in lines)


def _host(name: str) -> str:
    """`mx.example [10.1.2.3]:26 MESSAGE-ID` for `mx.example:10.1.2.3:26:MESSAGE-ID`; an address as it is."""
    found = _MESSAGE_ID.fullmatch(name)
    rest, after = (found[1], f" {found[2]}") if found is not None else (name, "")
    host, _, rest = rest.partition(":")
    address, _, port = rest.rpartition(":")
    if is_ip_address(rest):
        return f"{host} [{rest}]{after}"
    if is_ip_address(address):
        return f"{host} [{address}]:{port}{after}"
    return name


def _stamp(seconds: float) -> str:
    return time.strftime("%d-%b-%Y %H:%M:%S", time.localtime(seconds))
