"""-be, -bem, -brw, -brt, -bt, -bv: what the configuration makes of an expression or an address (manual 5.3)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from eximia.cli.opening import open_process, refuse
from eximia.context import Context

if TYPE_CHECKING:
    from eximia.context import Process
    from eximia.daemon.invocation import Invocation


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode("latin-1", "replace"))


def _lines() -> Iterator[str]:
    """Lines of standard input; what was written before goes out first, so that a prompt is seen."""
    while True:
        sys.stdout.buffer.flush()
        line = sys.stdin.buffer.readline()
        if not line:
            return
        yield line.decode("latin-1").rstrip("\n")


def open_trial(call: Invocation) -> Process:
    process = open_process(call)
    if process.main.commandline_checks_require_admin and not process.is_admin:
        refuse("exim: permission denied")
    return process


def expand(call: Invocation) -> int:
    """-be and -bem."""
    from eximia.cli.expand_test import run_arguments, run_lines

    process = open_trial(call)
    ctx = Context(process)
    _session_facts(ctx, call)
    if call.message_file is not None:
        from eximia.cli.message_file import fill

        try:
            with open(os.fsencode(call.message_file.encode("latin-1")), "rb") as file:
                text = file.read().decode("latin-1")
        except OSError as error:
            refuse(f"exim: attempt to open {call.message_file} for reading failed: {error.strerror}")
        fill(ctx, text, extract=call.extract_recipients, dot_ends=call.dot_ends)
    elif call.message_id is not None:
        from eximia.spool.snapshot import restore

        with process.spool.lock(call.message_id) as locked:
            ctx.message, ctx.session = restore(locked.read(), locked)
    macros = process.config.macros if process.is_admin else None
    if call.arguments:
        status = run_arguments(ctx, call.arguments, macros, _write)
    else:
        status = run_lines(ctx, _lines(), macros, _write)
    sys.stdout.buffer.flush()
    return status


def _session_facts(ctx: Context, call: Invocation) -> None:
    """What -oM says of the host (any caller may, in tests)."""
    from eximia.daemon.interfaces import split_port

    session = ctx.session
    if call.host_address is not None:
        session.sender_host_address, session.sender_host_port = split_port(call.host_address)
    if call.interface_address is not None:
        session.interface_address, session.interface_port = split_port(call.interface_address)
    session.sender_host_name = call.host_name or ""
    session.sender_ident = call.ident or ""
    session.authenticated_id = call.authenticated_id or ""
    session.authenticated_sender = call.authenticated_sender or ""
    session.sender_host_authenticated = call.host_authenticated or ""
    if call.sender is not None:
        ctx.message.sender_address = call.sender
    if call.protocol is not None:
        ctx.message.received_protocol = call.protocol
