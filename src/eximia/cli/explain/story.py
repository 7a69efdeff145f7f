"""What happened, in order: commands, replies, log lines and the decisions between them. Read as text or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from eximia.base.namedtuple import NamedTuple
from eximia.base.trace import Step, Trace
from eximia.logs.log import CheckingLog
from eximia.logs.printing import printing

if TYPE_CHECKING:
    from eximia.context import Process


class Event(NamedTuple):
    """`kind` is `client`, `server`, `log`, `result` or `decision`; a decision has its step, the others their text."""

    kind: str
    text: str = ""
    step: Step | None = None


#: how the lines of a kind begin
_MARKS = {"client": "> ", "server": "< ", "log": "    log: ", "result": "=> ", "about": "== "}
#: a condition stands below the statement it belongs to, so its line is further in
_INDENT = {"condition": "      ", "lookup": "        "}


class Story:
    """Collects events. Its `trace` and `log` go into the process whose decisions are to be told."""

    def __init__(self, process: Process) -> None:
        self.events: list[Event] = []
        self.trace = Trace()
        self.trace.add_reader(self._decided)
        self.log = _StoryLog(process, self)

    def add(self, kind: str, text: str) -> None:
        self.events.append(Event(kind, text))

    def answer(self) -> str:
        """The server's last reply."""
        return next((event.text for event in reversed(self.events) if event.kind == "server"), "")

    def _decided(self, step: Step) -> None:
        self.events.append(Event("decision", "", step))

    def lines(self) -> Iterator[str]:
        """For people. Control characters of what came from outside are shown as escapes."""
        for event in self.events:
            if event.step is not None:
                yield _decision(event.step)
            else:
                for line in event.text.splitlines() or [""]:
                    yield f"{_MARKS[event.kind]}{printing(line)}"

    def table(self) -> list[dict[str, Any]]:
        """For programs: one dictionary an event. Text is latin-1: one character a byte."""
        rows: list[dict[str, Any]] = []
        for event in self.events:
            step = event.step
            if step is None:
                rows.append({"event": event.kind, "text": event.text})
                continue
            row: dict[str, Any] = {"event": "decision", "kind": step.kind}
            if step.span.line:
                row |= {"file": step.span.file, "line": step.span.line}
            rows.append(row | {"subject": step.subject, "outcome": step.outcome, "why": step.why})
        return rows


def _decision(step: Step) -> str:
    where = f"{step.span.file}:{step.span.line}: " if step.span.line else ""
    why = f"   ({printing(step.why)})" if step.why else ""
    indent = _INDENT.get(step.kind, "    ")
    return f"{indent}{where}{step.kind} {printing(step.subject)} -> {printing(step.outcome)}{why}"


class _StoryLog(CheckingLog):
    """Log lines become part of the story and go nowhere else."""

    __slots__ = ("_story",)

    def __init__(self, process: Process, story: Story) -> None:
        super().__init__(process.log.selectors, with_zone=process.main.log_timezone)
        self._story = story

    def _check(self, text: str, message_id: str) -> None:
        self._story.add("log", text)
