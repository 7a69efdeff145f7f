"""`debug`: write debug output to a file beside the logs (manual 44.22).

The file gets what the whole process traces: sessions that run at the same time appear too. Lines before a trigger are
kept in memory when `pretrigger` gives a size.
"""

from __future__ import annotations

import os
from collections import deque

from eximia.acl.errors import AclError
from eximia.acl.run import Run
from eximia.base.text import system_name
from eximia.base.trace import Trace
from eximia.context import Context, Process

from .control import Control

_NOTE = "debug.log"
_LONGEST_TAG = 64
#: what is written when `opts` says nothing
_WORDS = (
    "acl auth deliver dns exec expand filter hints_lookup host_lookup ident interface lists load local_scan lookup "
    "process_info queue_run receive resolver retry rewrite route tls transport uid verify"
)
_USUAL = frozenset(_WORDS.split())


class DebugFile:
    """The file, or the memory before the trigger."""

    __slots__ = ("_held", "_room", "_used", "active", "path", "trigger")

    def __init__(self, path: str) -> None:
        self.path = path
        self.active = True
        self._held: deque[str] = deque()
        self._room = 0
        self._used = 0
        #: "" (write at once), or what is waited for
        self.trigger = ""

    def hold(self, size: int) -> None:
        """Keep up to `size` bytes in memory until `release`."""
        self._room = size

    def write(self, _category: str, text: str) -> None:
        """A line of debug output."""
        if not self.active:
            return
        line = f"{os.getpid()} {text}\n"
        if not self._room:
            self._append(line)
            return
        self._held.append(line)
        self._used += len(line)
        while self._used > self._room and self._held:
            self._used -= len(self._held.popleft())

    def release(self) -> None:
        """The trigger: write what was held, and then everything."""
        self._room = self._used = 0
        while self._held:
            self._append(self._held.popleft())

    def stop(self, *, remove: bool) -> None:
        """End; with `remove` the file goes away."""
        self.active = False
        self._held.clear()
        if remove:
            try:
                os.unlink(self.path)
            except FileNotFoundError:
                return

    def _append(self, line: str) -> None:
        try:
            fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o640)
        except OSError:
            self.active = False
            return
        with open(fd, "ab", 0) as file:
            file.write(line.encode("latin-1", "replace"))


def _apply(one: Run, options: str | None) -> None:
    process = one.ctx.process
    tag = ""
    selected: frozenset[str] | None = None
    size = 0
    trigger = ""
    for option in (options or "").split("/"):
        name, _, value = option.partition("=")
        if name == "tag":
            tag = value
        elif name == "opts":
            selected = _categories(value)
        elif name in ("stop", "kill"):
            _stop(one, remove=name == "kill")
            return
        elif name == "pretrigger":
            size = int(value) if value.isdecimal() else 0
        elif name == "trigger":
            trigger = value
    current: DebugFile | None = process.caches.get(_NOTE)
    if current is not None and current.active:
        if trigger == "now":
            current.release()
        return
    # It may come from outside, as in the manual's example with $sender_host_address.
    if not tag.isascii() or not tag.isprintable() or len(tag) > _LONGEST_TAG:
        raise AclError("control=debug/tag is not fit for the name of a file")
    directory = system_name(os.path.dirname(process.log.settings.destination.path)) or process.spool.directory
    current = DebugFile(os.path.join(directory, f"debuglog{tag}"))
    current.trigger = trigger
    if size:
        current.hold(size)
    process.caches[_NOTE] = current
    trace = process.trace
    if trace is None:
        trace = process.trace = Trace()
    trace.categories |= _USUAL if selected is None else selected
    trace.add_debug_reader(current.write)
    one.ctx.session.notes[_NOTE] = current
    one.trace = trace
    one.debug = "acl" in trace.categories


def _categories(text: str) -> frozenset[str]:
    """The categories of `opts=+acl+expand`: added to nothing with a first plus, else the usual ones changed."""
    chosen = set() if text.startswith("+") else set(_USUAL)
    sign = "+"
    word = ""
    for char in f"{text}+":
        if char in "+-":
            if word == "all":
                chosen = set(_USUAL) if sign == "+" else set()
            elif word and sign == "+":
                chosen.add(word)
            elif word:
                chosen.discard(word)
            sign, word = char, ""
        else:
            word += char
    return frozenset(chosen)


def _stop(one: Run, *, remove: bool) -> None:
    _end(one.ctx.process, remove=remove)


def end_of_session(ctx: Context) -> None:
    """What a session began ends with it: other sessions did not ask for debug output."""
    current: DebugFile | None = ctx.session.notes.pop(_NOTE, None)
    if current is not None and current is ctx.process.caches.get(_NOTE):
        _end(ctx.process, remove=False)


def _end(process: Process, *, remove: bool) -> None:
    current: DebugFile | None = process.caches.pop(_NOTE, None)
    if current is None:
        return
    current.stop(remove=remove)
    if process.trace is not None:
        process.trace.remove_debug_reader(current.write)
        if not process.trace.read:
            process.trace = None


DEBUG = Control("debug", _apply, takes_options=True)
