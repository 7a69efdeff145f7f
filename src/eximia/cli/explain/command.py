"""The command itself: what to explain, and in which form.

    eximia explain [--config FILE] [-DNAME=VALUE] [--json] ADDRESS...
    eximia explain ... --ip ADDRESS [--helo NAME] [--from SENDER] [--message FILE] RECIPIENT...
    eximia explain ... MESSAGE-ID

Addresses are routed as -bt does; with --ip they are recipients of an SMTP session as -bh holds it; a message of the
queue is shown with its undelivered recipients and what the retry rules say. Nothing is received, delivered or changed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .story import Story

if TYPE_CHECKING:
    import argparse

    from eximia.context import Context, Process


def command(words: Sequence[str]) -> int:
    """`eximia explain WORDS`: the exit status (0; 1 for a configuration that cannot be read; 2 for wrong words)."""
    given = _parser().parse_args(list(words))
    from eximia.cli.opening import open_process
    from eximia.daemon.invocation import Invocation

    call = Invocation(program="eximia", words=list(words), action="bt")
    call.config_files = given.config
    call.macros = [(name, value) for name, _, value in (one.partition("=") for one in given.macro)]
    process = open_process(call)
    story = Story(process)
    process.trace, process.log = story.trace, story.log
    if given.ip:
        _session(process, story, given)
    else:
        for subject in given.subject:
            if _is_message_id(subject):
                _queued(process, story, subject)
            else:
                from eximia.cli.actions.expand import context

                ctx = context(process, call)
                if given.sender is not None:
                    ctx.message.sender_address = given.sender
                _address(story, ctx, subject)
    if given.json:
        import json

        sys.stdout.write(json.dumps(story.table(), indent=1) + "\n")
    else:
        for line in story.lines():
            sys.stdout.write(line + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(prog="eximia explain", description="Tell which line of the configuration decides.")
    parser.add_argument("subject", nargs="+", metavar="ADDRESS|MESSAGE-ID", help="what to explain")
    parser.add_argument("-C", "--config", metavar="FILE", help="the configuration (default: the site's)")
    parser.add_argument("-D", dest="macro", action="append", default=[], metavar="NAME=VALUE", help="define a macro")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--from", dest="sender", metavar="SENDER", help="the envelope's sender")
    session = parser.add_argument_group("a session", "the addresses are its recipients")
    session.add_argument("--ip", metavar="ADDRESS[.PORT]", help="the client")
    session.add_argument("--helo", default="client.invalid", metavar="NAME", help="what it says in EHLO")
    session.add_argument("--auth-id", metavar="ID", help="as if authenticated under this name")
    session.add_argument("--message", metavar="FILE", help="the message (default: one line)")
    return parser


def _is_message_id(text: str) -> bool:
    from eximia.message.ids import is_message_id

    return is_message_id(text)


def _session(process: Process, story: Story, given: Any) -> None:
    """The SMTP session, and after it the routing of the recipients."""
    from eximia.context import Session
    from eximia.reception.ip import canonical, is_ip_address, split_port
    from eximia.reception.session import SessionSettings, SmtpSession

    from .scripted import ScriptedStream

    address, port = split_port(given.ip)
    if not is_ip_address(address):
        sys.stderr.write(f"eximia explain: {given.ip} is no IP address\n")
        raise SystemExit(2)
    host = canonical(address)
    session = Session(sender_host_address=host, sender_host_port=port, host_checking=True, callouts=True)
    if given.auth_id is not None:
        session.authenticated_id = given.auth_id
        session.sender_host_authenticated = "given"
    stream = ScriptedStream(story, _commands(story, given), (host, port), ("", 0))
    SmtpSession(process, stream, session, settings=SessionSettings(testing=True)).run()


def _commands(story: Story, given: Any) -> Iterator[bytes]:
    """What a client says: the message only when it is asked for."""

    def line(text: str) -> bytes:
        # An argument is one line, whatever it contains.
        return " ".join(text.split("\n")).encode("utf-8", "surrogateescape") + b"\r\n"

    yield line(f"EHLO {given.helo}")
    yield line(f"MAIL FROM:<{given.sender or ''}>")
    for recipient in given.subject:
        yield line(f"RCPT TO:<{recipient}>")
    yield line("DATA")
    if story.answer().startswith("354"):
        yield _message(given.message, given.sender or "", given.subject)
    yield line("QUIT")


def _message(path: str | None, sender: str, recipients: Sequence[str]) -> bytes:
    """The message as it goes over the wire, with its final dot."""
    if path is None:
        text = f"From: <{sender}>\nTo: {', '.join(recipients)}\nSubject: explain\n\nexplain\n".encode()
    else:
        with open(path, "rb") as file:
            text = file.read()
    lines = text.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    return b"".join((b"." if one.startswith(b".") else b"") + one + b"\r\n" for one in lines) + b".\r\n"


def _address(story: Story, ctx: Context, address: str) -> None:
    """Route one address, and tell what becomes of it."""
    from eximia.cli.address_test import AddressTest
    from eximia.routers.result import Mode

    story.add("about", address)

    def tell(text: str) -> None:
        story.add("result", text.rstrip("\n"))

    AddressTest(ctx, Mode.TEST, tell, tell, verbose=True, details=True).test(address)


def _queued(process: Process, story: Story, message_id: str) -> None:
    """A message of the queue: its recipients that are left, their routing, and when the next try is due."""
    from eximia.cli.utilities.exinext import HOST
    from eximia.context import Context

    from .queued import retry_state, summary

    found = summary(process, message_id)
    if found is None:
        sys.stderr.write(f"eximia explain: {message_id} is not in the queue\n")
        raise SystemExit(1)
    story.add("about", found.text)
    for recipient in found.left:
        ctx = Context(process)
        ctx.message.sender_address = found.sender
        ctx.message.id = message_id
        before = len(story.events)
        _address(story, ctx, recipient)
        told = "\n".join(event.text for event in story.events[before:] if event.kind == "result")
        tried = found.last_try(recipient)
        if tried:
            story.add("result", f"last attempt: {tried}")
        for line in retry_state(process, recipient, HOST.findall(told), message_id):
            story.add("result", line)
    if found.frozen:
        story.add("result", "the message is frozen: only -qff, -Mt or -M try it again")
