"""-bf, -bF: test filters with the message on standard input (manual 5.3, filter document 1.3)."""

from __future__ import annotations

import os
import pwd
import sys
from typing import TYPE_CHECKING

from eximia.base.pattern import pattern
from eximia.cli.opening import open_process, refuse

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.daemon.invocation import Invocation

_FROM_LINE = pattern(r"From (\S+) +\S.*")


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode("latin-1", "replace") + b"\n")


def _comment(text: str) -> None:
    sys.stdout.buffer.flush()
    sys.stderr.buffer.write(b" " + text.encode("latin-1", "replace") + b"\n")


def run(call: Invocation) -> int:
    from eximia.cli.actions.expand import drop_root
    from eximia.context import AddressContext, Context
    from eximia.filters.testing import report_filter

    process = open_process(call)
    drop_root()
    ctx = Context(process)
    files = [(call.system_filter_file, True), (call.filter_file, False)]
    texts = [(name, _read(name), system) for name, system in files if name is not None]
    _address(ctx, call)
    _message(ctx, call, sys.stdin.buffer.read().decode("latin-1"))
    comment = _comment if call.verbose else None
    status = 0
    for name, text, system in texts:
        # The system filter runs once a message: it knows no recipient of its own, and no home directory.
        own = ctx.for_address(AddressContext(return_path=ctx.address.return_path)) if system else ctx
        status = report_filter(own, text, name, _write, comment, system=system)
        if status:
            break
    return status


def _read(name: str) -> str:
    try:
        with open(name, "rb") as file:
            return file.read().decode("latin-1")
    except OSError as error:
        refuse(f"exim: failed to open {name}: {error.strerror}")


def _address(ctx: Context, call: Invocation) -> None:
    """The recipient: the caller, or what -bfl, -bfd, -bfp, -bfs say."""
    from eximia.base.text import Untainted

    main = ctx.process.main
    user = pwd.getpwuid(os.getuid())
    address = ctx.address
    address.local_part = call.filter_local_part if call.filter_local_part is not None else Untainted(user.pw_name)
    own = main.qualify_recipient or main.qualify_domain or ctx.process.primary_hostname
    address.domain = call.filter_domain if call.filter_domain is not None else own
    address.local_part_prefix = call.filter_prefix or ""
    address.local_part_suffix = call.filter_suffix or ""
    address.home = Untainted(user.pw_dir)


def _message(ctx: Context, call: Invocation, text: str) -> None:
    """Read the message and tell what its envelope is taken to be."""
    from eximia.cli.message_file import fill
    from eximia.message.address import qualify

    message, address = ctx.message, ctx.address
    from_line = _FROM_LINE.match(text)
    if from_line is not None:
        text = text[from_line.end() + 1 :]
    main = ctx.process.main
    domain = main.qualify_domain or ctx.process.primary_hostname
    if call.sender is not None:
        message.sender_address = qualify(call.sender, domain)
    elif from_line is not None:
        message.sender_address = qualify(from_line.group(1), domain)
        _write('Sender taken from "From " line')
    else:
        message.sender_address = f"{pwd.getpwuid(os.getuid()).pw_name}@{domain}"
    fill(ctx, text, extract=False)
    full = f"{address.local_part_prefix}{address.local_part}{address.local_part_suffix}@{address.domain}"
    _recipient(ctx, full)
    if not text.strip():
        _write("Warning: no message headers read")
    path = next((header.body.strip() for header in message.headers if header.name == "return-path"), None)
    if path is not None:
        address.return_path = path.strip("<>")
        _write('Return-path taken from "Return-path:" header line')
        _write(f"Return-path = {address.return_path or '<>'}")
    else:
        address.return_path = message.sender_address
        _write("Return-path copied from sender")
    _write(f"Sender      = {message.sender_address or '<>'}")
    _write(f"Recipient   = {full}")
    if address.local_part_prefix:
        _write(f"Prefix    = {address.local_part_prefix}")
    if address.local_part_suffix:
        _write(f"Suffix    = {address.local_part_suffix}")


def _recipient(ctx: Context, full: str) -> None:
    from eximia.context import Recipient

    ctx.message.recipients = [Recipient(full)]
