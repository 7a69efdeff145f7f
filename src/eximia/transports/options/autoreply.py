"""Options of the autoreply transport (manual chapter 27)."""

from __future__ import annotations

from eximia.base.options import Kind, Sink, option
from eximia.base.template import Template

from .generic import LocalTransportOptions


class AutoreplyOptions(LocalTransportOptions):
    """Messages written in answer."""

    bcc: Template | None = option(Kind.EXPAND, "Blind copies.")
    cc: Template | None = option(Kind.EXPAND, "Copies.")
    file: Template | None = option(Kind.EXPAND, "A file with the text.", sink=Sink.FILE_NAME)
    file_expand: bool = option(Kind.BOOL, "It is expanded, line by line.", default=False)
    file_optional: bool = option(Kind.BOOL, "It may be missing.", default=False)
    from_: Template | None = option(Kind.EXPAND, "The From: header.", name="from")
    headers: Template | None = option(Kind.EXPAND, "Further headers.")
    log: Template | None = option(Kind.EXPAND, "A log file of what was sent.", sink=Sink.FILE_NAME)
    mode: int = option(Kind.OCTAL, "The mode of that file.", default=0o600)
    never_mail: Template | None = option(Kind.ADDRESS_LIST, "Addresses nothing is sent to.")
    once: Template | None = option(
        Kind.EXPAND,
        "The file that remembers whom something was sent to.",
        sink=Sink.FILE_NAME,
    )
    once_file_size: int = option(Kind.INTEGER, "Its greatest size; zero: it is a database.", default=0)
    once_repeat: Template | None = option(Kind.EXPAND, "After this time something is sent again.")
    reply_to: Template | None = option(Kind.EXPAND, "The Reply-To: header.")
    return_message: bool = option(Kind.BOOL, "The original message is attached.", default=False)
    subject: Template | None = option(Kind.EXPAND, "The Subject: header.")
    text: Template | None = option(Kind.EXPAND, "The text.")
    to: Template | None = option(Kind.EXPAND, "The recipients.")
