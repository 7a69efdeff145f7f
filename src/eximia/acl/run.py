"""One run of an ACL: what conditions and modifiers see besides the context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.trace import Trace
from eximia.context import Context

from .phases import Phase
from .result import DEFAULT_TARGETS

if TYPE_CHECKING:
    from .model import Acl

#: nested ACLs, the outermost included
MAX_DEPTH = 21


class Run:
    """Shared by an ACL and the ACLs it runs.

    `user_message` and `log_message` are the texts that the last condition left (a failed verification, a nested ACL);
    statements start with empty ones.
    """

    __slots__ = ("acl", "ctx", "debug", "depth", "log_message", "log_targets", "phase", "trace", "user_message", "verb")

    def __init__(self, ctx: Context, phase: Phase) -> None:
        self.ctx = ctx
        self.phase = phase
        self.user_message = ""
        self.log_message = ""
        self.log_targets: tuple[str, ...] = DEFAULT_TARGETS
        #: the verb being obeyed
        self.verb = ""
        #: the ACL being obeyed
        self.acl: Acl | None = None
        self.depth = 0
        trace = ctx.process.trace
        self.trace: Trace | None = trace
        #: somebody reads the commentary of ACLs (-bh, -d+acl)
        self.debug = trace is not None and "acl" in trace.categories

    def say(self, text: str) -> None:
        """A line of commentary, indented by nesting. Call it only when `debug`."""
        assert self.trace is not None
        self.trace.debug("acl", _INDENTS[self.depth] + text)

    def say_flat(self, text: str) -> None:
        """The same, not indented: the second line of a pair."""
        assert self.trace is not None
        self.trace.debug("acl", text)


#: one column a level, with a mark in every fourth (the mark is U+254E in UTF-8)
_INDENTS = tuple(
    "".join("\xe2\x95\x8e" if column % 4 == 3 else " " for column in range(depth)) for depth in range(MAX_DEPTH + 1)
)
