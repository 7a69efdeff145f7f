"""A queue run: which waiting messages are tried, in which order, and how hard (manual chapter 5, -q, -R, -S).

Plain policy. The delivery of one message is a function the caller gives; starting runs at intervals is
`queue.schedule`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, MutableSequence
from typing import TYPE_CHECKING, Protocol

from eximia.base.dataclass import dataclass
from eximia.base.errors import EximiaError, ExpansionError
from eximia.lists.regex import BadRegex
from eximia.logs.lines.events import IS_FROZEN, queue_run
from eximia.spool import Place, SpoolFormatError, UnreadableMessageError
from eximia.spool.durable import boot_time
from eximia.spool.header_file import SpoolHeader
from eximia.spool.journal import read_journal

from .recovery import remove_orphans, remove_torn, report_damaged

if TYPE_CHECKING:
    from eximia.context import Process


class BadPattern(EximiaError):
    """-R or -S with a regular expression that is none; `message` is Exim's."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The flags of `-q`, and what `-R` and `-S` select."""

    queue: str = ""
    #: -qq: a first pass that routes, delivers locally and notes what waits for which host
    two_stage: bool = False
    #: i: only messages that were never tried
    first_only: bool = False
    #: f: retry times do not count; ff: frozen messages too
    force: bool = False
    force_frozen: bool = False
    #: l: local deliveries only
    local_only: bool = False
    start_id: str = ""
    end_id: str = ""
    #: -R and -S: text that an undelivered recipient, or the sender, must contain; None: any
    recipient: str | None = None
    recipient_regex: bool = False
    sender: str | None = None
    sender_regex: bool = False

    def flags(self) -> str:
        """As the log line of the run shows them: `-qqff -R text`."""
        letters = "q" if self.two_stage else ""
        letters += "i" if self.first_only else ""
        letters += "ff" if self.force_frozen else "f" if self.force else ""
        letters += "l" if self.local_only else ""
        words = [f"-q{letters}"] if letters else []
        if self.recipient is not None:
            words.append(f"-R{'r' if self.recipient_regex else ''} {self.recipient}")
        if self.sender is not None:
            words.append(f"-S{'r' if self.sender_regex else ''} {self.sender}")
        return " ".join(words)

    @property
    def selective(self) -> bool:
        return self.recipient is not None or self.sender is not None


class Deliver(Protocol):
    """One delivery attempt within a queue run; returns when it is over."""

    def __call__(
        self, message_id: str, *, queue: str, forced: bool, deliver_frozen: bool, first_pass: bool, local_only: bool
    ) -> object: ...


class QueueRun:
    """One pass, or two, over a queue.

    `load` gives the system's load average for `deliver_queue_load_max`; `shuffle` makes the order unpredictable.
    """

    def __init__(
        self,
        process: Process,
        settings: RunSettings,
        deliver: Deliver,
        *,
        in_order: bool = False,
        load_max: float | None = None,
        load: Callable[[], float] | None = None,
        shuffle: Callable[[MutableSequence[str]], None] = random.shuffle,
    ) -> None:
        self._process = process
        self._settings = settings
        self._deliver = deliver
        self._in_order = in_order
        self._load_max = load_max
        self._load = load
        self._shuffle = shuffle
        self._force_next = settings.selective
        self._booted = boot_time()
        #: set to stop after the message that is being tried
        self.stopped = False

    def run(self, pid: int) -> int:
        """Make the run; how many deliveries were started."""
        settings = self._settings
        log = self._process.log
        if log.selectors.queue_run:
            log.main(queue_run("Start", pid, settings.flags(), settings.queue))
        count = 0
        for first_pass in (True, False) if settings.two_stage else (False,):
            done, complete = self._pass(pid, first_pass=first_pass)
            count += done
            if not complete:
                return count
        if log.selectors.queue_run:
            log.main(queue_run("End", pid, settings.flags(), settings.queue))
        return count

    def _pass(self, pid: int, *, first_pass: bool) -> tuple[int, bool]:
        """One pass; how many deliveries, and False when the load ended it."""
        count = 0
        for place in self._places():
            remove_orphans(self._process.spool, place, self._process.ports.clock.time())
            for message_id in self._order(self._process.spool.ids_at(place)):
                if self.stopped:
                    return count, False
                if not self._in_range(message_id) or not self._selected(message_id, place):
                    continue
                if self._overloaded(pid):
                    return count, False
                settings = self._settings
                if remove_torn(self._process, message_id, settings.queue, self._booted):
                    continue
                try:
                    self._deliver(
                        message_id,
                        queue=settings.queue,
                        forced=settings.force or settings.force_frozen or self._force_next,
                        deliver_frozen=settings.force_frozen,
                        first_pass=first_pass,
                        local_only=settings.local_only,
                    )
                except (SpoolFormatError, UnreadableMessageError) as error:
                    report_damaged(self._process, message_id, settings.queue, error)
                self._force_next = False
                count += 1
        return count, True

    def _places(self) -> list[Place]:
        places: list[Place] = self._process.spool.places(self._settings.queue)
        if not self._in_order and len(places) > 1:
            letters = [place.subdirectory for place in places]
            self._shuffle(letters)
            places = [Place(self._settings.queue, letter) for letter in letters]
        return places

    def _order(self, ids: list[str]) -> list[str]:
        if self._in_order:
            ids.sort()
        else:
            self._shuffle(ids)
        return ids

    def _in_range(self, message_id: str) -> bool:
        settings = self._settings
        if settings.start_id and message_id < settings.start_id:
            return False
        return not (settings.end_id and message_id > settings.end_id)

    def _selected(self, message_id: str, place: Place) -> bool:
        """Does the message fit `-qi`, `-R`, `-S`? What cannot be read is left to the delivery, which reports it."""
        settings = self._settings
        if not settings.first_only and not settings.selective:
            return True
        spool = self._process.spool
        try:
            header: SpoolHeader = spool.read(message_id, place)
        except (SpoolFormatError, OSError):
            return False
        if settings.first_only and not header.deliver_firsttime:
            return False
        if settings.selective and header.frozen >= 0 and not settings.force_frozen and self._matches(header, place):
            if self._process.log.selectors.skip_delivery:
                self._process.log.main(IS_FROZEN)
            return False
        return self._matches(header, place)

    def _matches(self, header: SpoolHeader, place: Place) -> bool:
        """Does it have the sender and a recipient that -S and -R want?"""
        settings = self._settings
        if settings.sender is not None and not self._contains(header.sender, settings.sender, settings.sender_regex):
            return False
        if settings.recipient is None:
            return True
        done = header.nonrecipients | read_journal(self._process.spool.path(header.id, "-J", place))
        return any(
            recipient.address not in done
            and self._contains(recipient.address, settings.recipient, settings.recipient_regex)
            for recipient in header.recipients
        )

    def _contains(self, text: str, wanted: str, regex: bool) -> bool:
        if regex:
            try:
                return self._process.services.regexes.search(wanted, text, caseless=True) is not None
            except BadRegex as error:
                raise BadPattern(error.fatal) from None
            except ExpansionError as error:
                raise BadPattern(error.message) from None
        return wanted != "" and wanted.lower() in text.lower()

    def _overloaded(self, pid: int) -> bool:
        if self._load_max is None or self._load is None:
            return False
        load = self._load()
        if load <= self._load_max:
            return False
        self._process.log.main(f"Abandon queue run: pid={pid} (load {load:.2f}, max {self._load_max:.2f})")
        return True
