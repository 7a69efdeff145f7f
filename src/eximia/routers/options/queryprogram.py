"""Options of the queryprogram router (manual chapter 21)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eximia.base.options import Kind, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted

from .generic import RouterOptions


class QueryprogramOptions(RouterOptions):
    """A command decides."""

    command: Template | None = option(Kind.EXPAND, "The command.", sink=Sink.COMMAND)
    command_group: int | Template | None = option(Kind.EXPAND_GID, "The group it runs as.")
    command_user: int | Template | None = option(Kind.EXPAND_UID, "The user it runs as.")
    current_directory: Untainted = option(
        Kind.STRING,
        "Its current directory.",
        default=Untainted("/"),
        sink=Sink.FILE_NAME,
    )
    timeout: int = option(Kind.TIME, "How long it may take.", default=3600)

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        if values["command"] is None:
            yield "a command specification is required"
        if values["command_user"] is None:
            yield "command_user must be specified"
