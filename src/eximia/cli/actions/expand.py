"""-be, -bem, -be -Mset: expand strings (manual 5.3)."""

from __future__ import annotations

import os
import pwd
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.base.errors import ConfigError
from eximia.base.span import Span
from eximia.cli.opening import need_admin, open_process, refuse

if TYPE_CHECKING:
    from eximia.context import Context, Process
    from eximia.daemon.invocation import Invocation
    from eximia.reception.caller import Caller


def run(call: Invocation) -> int:
    from eximia.cli.expand_test import run_arguments, run_lines
    from eximia.config.macros import BuiltinMacros, Macros

    process = open_process(call)
    drop_root()
    ctx = context(process, call)
    # those of the configuration may be secret; everybody may define some
    macros = process.config.macros if process.is_admin else Macros(BuiltinMacros({}))

    def write(text: str) -> None:
        sys.stdout.buffer.write(text.encode("latin-1", "replace"))
        sys.stdout.buffer.flush()

    def complain(error: ConfigError) -> None:
        from eximia.config.messages import fatal_text

        if error.span.line < 0:
            error = ConfigError(error.message, _end(process))
        sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {fatal_text(error)}\n")

    if call.arguments:
        return run_arguments(ctx, call.arguments, macros, write, complain)
    return run_lines(ctx, _lines(), macros, write, complain)


def _end(process: Process) -> Span:
    """The last line of the configuration file."""
    path = process.config.path
    try:
        with open(path, "rb") as file:
            return Span(path, sum(1 for _ in file))
    except OSError:
        return Span(path, 0)


def _lines() -> Iterator[str]:
    if sys.stdin.isatty():
        import readline  # noqa: F401 - gives input() its line editing
    for line in sys.stdin.buffer:
        yield line.decode("latin-1")


def drop_root() -> None:
    """Act as the caller: the test must not read what he may not."""
    uid, gid = os.getuid(), os.getgid()
    if os.geteuid() != uid:
        os.setegid(gid)
        os.setresuid(uid, uid, uid)


def context(process: Process, call: Invocation) -> Context:
    """A context without message, or with that of -bem or -Mset."""
    from eximia.base.text import Untainted
    from eximia.context import Context

    ctx = Context(process)
    _envelope(ctx, call)
    if call.message_file is not None:
        from eximia.cli.actions.smtp import caller_of

        _read_message(ctx, call.message_file, caller_of(process, call), extract=call.extract_recipients)
    elif call.message_id is not None:
        need_admin(process)
        ctx = _from_spool(process, call.message_id) or Context(process)
    ctx.session.active_hostname = Untainted(process.primary_hostname)
    ctx.message.first_delivery = False
    return ctx


def _envelope(ctx: Context, call: Invocation) -> None:
    """The sender, and what the -oM options say of the message's origin."""
    from eximia.base.text import Untainted
    from eximia.reception.ip import split_port

    process, session, message = ctx.process, ctx.session, ctx.message
    try:
        login = Untainted(pwd.getpwuid(process.caller_uid).pw_name)
    except KeyError:
        login = Untainted(f"uid={process.caller_uid}")
    domain = getattr(process.main, "qualify_domain", None) or process.primary_hostname
    address = Untainted(f"{login}@{domain}")
    message.originator_login = login
    message.originator_uid, message.originator_gid = process.caller_uid, process.caller_gid
    message.sender_address = address if call.sender is None else call.sender
    session.sender_ident = call.ident if call.ident is not None else login
    session.authenticated_id = call.authenticated_id if call.authenticated_id is not None else login
    session.authenticated_sender = call.authenticated_sender or address
    session.sender_host_authenticated = call.host_authenticated or ""
    session.sender_host_name = call.host_name or ""
    message.received_protocol = call.protocol or ""
    if call.host_address:
        session.sender_host_address, session.sender_host_port = split_port(call.host_address)
    if call.interface_address:
        session.interface_address, session.interface_port = split_port(call.interface_address)


def _read_message(ctx: Context, path: str, caller: Caller, *, extract: bool) -> None:
    """The file of -bem as the message."""
    from eximia.base.text import from_bytes, to_bytes
    from eximia.cli.message_file import fill

    try:
        with open(to_bytes(path), "rb") as file:
            data = file.read()
    except OSError as error:
        refuse(f"exim: failed to open {path}: {os.strerror(error.errno or 0)}")
    fill(ctx, from_bytes(data), extract=extract, caller=caller)


def _from_spool(process: Process, message_id: str) -> Context | None:
    """The message of -Mset; None, and a word about it, when it cannot be read."""
    from eximia.base.errors import SpoolError
    from eximia.context import Context
    from eximia.spool.snapshot import restore
    from eximia.spool.store import MessageNotFoundError

    try:
        locked = process.spool.lock(message_id)
    except (SpoolError, OSError) as error:
        if isinstance(error, MessageNotFoundError):
            print(time.strftime("%Y-%m-%d %H:%M:%S"), error, file=sys.stderr, flush=True)
        print(f"Failed to load message datafile {message_id}\nFailed to load message {message_id}", flush=True)
        return None
    try:
        message, session = restore(locked.read(), locked)
    except (SpoolError, OSError):
        print(f"Failed to load message {message_id}", flush=True)
        return None
    return Context(process, session, message)
