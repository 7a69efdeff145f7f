"""Options of the queuefile transport (features row 21)."""

from __future__ import annotations

from eximia.base.options import Kind, Sink, option
from eximia.base.template import Template

from .generic import LocalTransportOptions


class QueuefileOptions(LocalTransportOptions):
    """Copies of spool files."""

    directory: Template | None = option(Kind.EXPAND, "Where the files go.", sink=Sink.FILE_NAME)
