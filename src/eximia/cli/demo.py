"""`eximia demo`: start the server on its embedded configuration, send it a few messages, show what becomes of them, and
leave it running."""

from __future__ import annotations

import os
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass, field
from eximia.base.interpreter import command as interpreter
from eximia.config.embedded import prepare, state_folder

if TYPE_CHECKING:
    from rich.table import Table

HOST = "127.0.0.1"
SERVER_PORT = 2525
SUBMISSION_PORT = 2587
#: how long the demonstration waits for its messages
PATIENCE = 20.0
ARROWS = {"<=": "received", "=>": "delivered to", "->": "delivered to", "**": "undeliverable:", "==": "waits:"}


@dataclass
class Sent:
    """One message of the demonstration, and what the log has said of it so far."""

    what: str
    port: int
    sender: str
    recipients: list[str]
    content: EmailMessage
    signed: bool = False
    id: str = ""
    reply: str = ""
    events: list[str] = field(default_factory=list)
    done: bool = False


def command(words: Sequence[str]) -> int:
    if words and list(words) != ["--quiet"]:
        print("usage: eximia demo", file=sys.stderr)
        return 2
    state = state_folder()
    path = prepare(state, *owner())
    started = ensure_running(state)
    if started is None:
        settings = " ".join(f"{name}={value}" for name, value in surroundings(state).items())
        print(f"The server did not start. Try: {settings} {sys.argv[0]} -bdf -C {path}", file=sys.stderr)
        return 1
    print(
        f"Eximia {'is now running' if started else 'was already running'} on {HOST}:{SERVER_PORT} (server) and ", end=""
    )
    print(f"{HOST}:{SUBMISSION_PORT} (submission).\nIts configuration is {path}; everything it keeps is in {state}.\n")
    log = Log(os.path.join(state, "log", "mainlog"))
    messages = compose()
    for each in messages:
        inject(each)
    follow(messages, log)
    refusal = try_relaying()
    show_mailbox(os.path.join(state, "mail", "alice", "Maildir", "new"))
    print("\nThe main log of these messages:")
    for line in log.lines:
        if any(each.id and each.id in line for each in messages) or "<= <>" in line or " => " in line:
            print(f"  {line}")
    print(f"\nRelaying for a stranger is refused: {refusal}")
    print(f"\nThe server keeps running. Send it something:\n  swaks --server {HOST}:{SERVER_PORT} --to bob@localhost")
    print(f"Stop it:\n  kill $(cat {os.path.join(state, 'eximia.pid')})")
    return 0 if all(each.done for each in messages) else 1


def owner() -> tuple[int, int]:
    """Whose the state is: the mail user's when root starts the server, else ours."""
    if os.geteuid() != 0:
        return -1, -1
    from eximia.config.site import load

    site = load()
    return site.uid, site.gid


def is_serving() -> bool:
    try:
        with socket.create_connection((HOST, SERVER_PORT), 2) as sock:
            return sock.recv(4).startswith(b"220")
    except OSError:
        return False


def surroundings(state: str) -> dict[str, str]:
    """What the server's environment must say. An ordinary user's server has a site file of its own: the machine's may
    name a mail user, whom only root can become."""
    if os.geteuid() == 0:
        return {"EXIMIA_STATE": state}
    site = os.path.join(state, "site.toml")
    with open(site, "a"):
        pass
    os.chmod(site, 0o600)
    return {"EXIMIA_STATE": state, "EXIMIA_SITE": site}


def ensure_running(state: str) -> bool | None:
    """Start the server unless it serves already: True when we started it, None when it does not come up."""
    if is_serving():
        return False
    configuration = os.path.join(state, "eximia.conf")
    program = interpreter("eximia.cli.launched", "exim", "-C", configuration, "-bd", "-q30m")
    subprocess.run(program, check=False, env={**os.environ, **surroundings(state)}, stdin=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if is_serving():
            return True
        time.sleep(0.1)
    return None


def compose() -> list[Sent]:
    """A plain message, one with an attachment for two, and one that cannot be delivered."""
    plain = EmailMessage()
    plain["From"] = "Bob <bob@localhost>"
    plain["To"] = "Alice <alice@localhost>"
    plain["Subject"] = "A plain message"
    plain.set_content("Hello Alice,\n\nthis came by SMTP and went to your Maildir.\n")

    attached = EmailMessage()
    attached["From"] = "Carol <carol@example.com>"
    attached["To"] = "alice@localhost, bob@localhost"
    attached["Subject"] = "A message with an attachment"
    attached.set_content("Two recipients, one attachment.\n")
    attached.add_attachment(b"column,value\nmessages,3\n", maintype="text", subtype="csv", filename="numbers.csv")

    lost = EmailMessage()
    lost["From"] = "Alice <alice@localhost>"
    lost["To"] = "nobody-of-that-name@localhost"
    lost["Subject"] = "A message that cannot be delivered"
    lost.set_content("Nobody has this mailbox: a bounce comes back.\n")
    return [
        Sent("plain", SERVER_PORT, "bob@localhost", ["alice@localhost"], plain),
        Sent(
            "attachment", SERVER_PORT, "carol@example.com", ["alice@localhost", "bob@localhost"], attached, signed=True
        ),
        Sent("undeliverable", SUBMISSION_PORT, "alice@localhost", ["nobody-of-that-name@localhost"], lost),
    ]


def inject(message: Sent) -> None:
    with smtplib.SMTP(HOST, message.port, timeout=PATIENCE) as client:
        client.ehlo("demo.localhost")
        client.mail(message.sender)
        for recipient in message.recipients:
            client.rcpt(recipient)
        content = message.content.as_bytes(policy=SMTP)
        code, reply = client.data((signature(content) if message.signed else b"") + content)
    message.reply = f"{code} {reply.decode('latin-1')}"
    _, mark, rest = message.reply.partition("id=")
    message.id = rest.split()[0] if mark else ""


def signature(content: bytes) -> bytes:
    """A DKIM signature with a key that nobody has published, so that the results have something to say of it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from eximia.mailauth.dkim.sign import Signer, sign
    from eximia.mailauth.keys import load_private_key

    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return sign(content, Signer("example.com", "demo", load_private_key(key)))


class Log:
    """The end of the main log, from the moment this is made."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._at = os.path.getsize(path) if os.path.exists(path) else 0
        self.lines: list[str] = []

    def more(self) -> list[str]:
        try:
            with open(self._path, encoding="latin-1") as file:
                file.seek(self._at)
                text = file.read()
        except OSError:
            return []
        whole = text[: text.rfind("\n") + 1]
        self._at += len(whole.encode("latin-1"))
        lines = whole.splitlines()
        self.lines += lines
        return lines


def follow(messages: list[Sent], log: Log) -> None:
    """Show each message's state as the log tells it, until all are done."""
    from rich.console import Console
    from rich.live import Live

    console = Console()
    end = time.monotonic() + PATIENCE
    with Live(view(messages), console=console, refresh_per_second=10) as live:
        while True:
            for line in log.more():
                for message in messages:
                    if message.id and message.id in line:
                        note(message, line)
            live.update(view(messages))
            if all(each.done for each in messages) or time.monotonic() > end:
                break
            time.sleep(0.05)
    bounce_end = time.monotonic() + 5
    while time.monotonic() < bounce_end and not any("<alice@localhost>" in each and "=>" in each for each in log.lines):
        log.more()
        if any("<= <>" in each for each in log.lines):
            time.sleep(0.3)
            log.more()
            break
        time.sleep(0.05)


def note(message: Sent, line: str) -> None:
    """What one log line says of its message."""
    _, _, rest = line.partition(message.id + " ")
    words = rest.split()
    if not words:
        return
    if words[0] in ARROWS:
        message.events.append(f"{ARROWS[words[0]]} {words[1] if len(words) > 1 else ''}".strip())
    elif words[0] == "Completed":
        message.events.append("completed")
        message.done = True


def view(messages: list[Sent]) -> Table:
    from rich.table import Table

    table = Table(show_edge=False)
    for name in ("message", "id", "answer", "what became of it"):
        table.add_column(name, overflow="fold")
    for each in messages:
        table.add_row(each.what, each.id, each.reply.split(" id=")[0], "; ".join(each.events))
    return table


def show_mailbox(folder: str) -> None:
    """Alice's new mail: senders, subjects, and the authentication results of the newest."""
    names = sorted(os.listdir(folder), key=lambda name: os.path.getmtime(os.path.join(folder, name)))
    print(f"\nAlice's mailbox ({folder}) has {len(names)} messages:")
    results = ""
    for name in names[-5:]:
        with open(os.path.join(folder, name), "rb") as file:
            message = message_from_bytes(file.read(), policy=default)
        print(f"  {message.get('From', '')!s:45} {message.get('Subject', '')!s}")
        found = message.get("Authentication-Results")
        results = str(found) if found else results
        if "report" in message.get_content_type():
            print("    (this is the bounce)")
    if results:
        print(f"  Authentication-Results: {results}")


def try_relaying() -> str:
    """What the server says to a stranger's mail for another domain."""
    with smtplib.SMTP(HOST, SERVER_PORT, timeout=PATIENCE) as client:
        client.ehlo("demo.localhost")
        client.mail("stranger@example.com")
        code, reply = client.rcpt("somebody@example.org")
    return f"{code} {reply.decode('latin-1')}"
