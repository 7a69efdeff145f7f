"""The message as content scanners get it: whole, and as a mailbox with three lines of ours before it (manual 45.1)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from eximia.base.template import Template
from eximia.base.text import name_text
from eximia.context import Context
from eximia.expand import expand

_LEADING = Template(
    "From ${if def:return_path{$return_path}{MAILER-DAEMON}} ${tod_bsdinbox}\\n"
    "${if def:sender_address{X-Envelope-From: <${sender_address}>\\n}}"
    "${if def:recipients{X-Envelope-To: ${recipients}\\n}}"
)


def whole_message(ctx: Context) -> bytes:
    """The message as it stands, header and body, with LF line ends."""
    message = ctx.message
    header = "".join(header.text for header in message.headers if not header.deleted)
    return header.encode("latin-1") + b"\n" + message.body.text()


#: the message's note of a file that is scanned instead (-bmalware)
WHOLE = "scan.whole"


def mailbox(ctx: Context) -> bytes:
    """The message with the leading lines. Raises ExpansionError."""
    whole: bytes | None = ctx.message.notes.get(WHOLE)
    if whole is not None:
        return whole
    return expand(_LEADING, ctx).encode("latin-1") + whole_message(ctx)


def directory_of(ctx: Context) -> str:
    """Where the files of this message's scans are."""
    return os.path.join(ctx.process.spool.directory, "scan", ctx.message.id)


@contextmanager
def mailbox_file(ctx: Context) -> Iterator[str]:
    """The mailbox as a file, for scanners that read it themselves; it is removed at the end unless the control
    `no_mbox_unspool` was used. Raises OSError."""
    directory = directory_of(ctx)
    os.makedirs(directory, 0o750, exist_ok=True)
    path = os.path.join(directory, f"{ctx.message.id}.eml")
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o640), "wb") as file:
            file.write(mailbox(ctx))
        yield path if path.isascii() else name_text(path)
    finally:
        if not ctx.message.no_mbox_unspool:
            _remove(path, directory)


def _remove(path: str, directory: str) -> None:
    for remove, name in ((os.unlink, path), (os.rmdir, directory)):
        try:
            remove(name)
        except OSError:
            return
