"""What is done of a message while an attempt runs: the set of finished addresses, the journal, the message log.

The journal is written only while work remains that could make us deliver again after a crash: an attempt that finishes
the message with one transport run writes none, because the next thing it does is to remove the message. The lines
of the message log are held back until it is known that the message stays (manual 3.7, 53.16).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.context import Address
from eximia.spool.journal import Journal
from eximia.spool.message_log import MessageLog

if TYPE_CHECKING:
    from .attempt import Attempt


class Progress:
    """See the module's docstring."""

    __slots__ = ("_attempt", "_held", "_journal", "_log", "_unwritten", "changed")

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._journal: Journal | None = None
        self._log: MessageLog | None = None
        #: lines of the message log that are not written yet: those of reception come first
        self._held: list[str] = attempt.message.message_log
        #: finished addresses that the journal does not have yet
        self._unwritten: list[str] = []
        #: the list of finished addresses is not what the -H file says
        self.changed = False

    # Finished addresses

    def done(self, address: Address) -> None:
        """The address needs no more work; so perhaps do those it came from."""
        self._finish(address.unique or address.address)
        if address.parent is None and not address.is_special:
            # Listings look for a recipient as it was given, whose domain may have capital letters.
            self._finish(address.address)
        for duplicate in address.duplicates:
            self.done(duplicate)
        self._child_done(address)

    def _finish(self, name: str) -> None:
        nonrecipients = self._attempt.message.nonrecipients
        if name not in nonrecipients:
            nonrecipients.add(name)
            self._unwritten.append(name)
            self.changed = True

    def _child_done(self, address: Address) -> None:
        """A parent all of whose children are done is done too."""
        parent = address.parent
        while parent is not None:
            parent.children_pending -= 1
            if parent.children_pending > 0:
                return
            self._finish(parent.unique)
            if parent.parent is None:
                self._finish(parent.address)
            if parent.address != address.address or parent.parent is None:
                self.note(f"{parent.address}: children all complete")
            address = parent
            parent = address.parent

    def save(self, *, more_to_come: bool) -> None:
        """Make what is done durable when work remains that a crash would make us repeat."""
        if not more_to_come or not self._unwritten:
            return
        attempt = self._attempt
        if self._journal is None:
            self._journal = Journal(attempt.locked.path("-J"))
        names, self._unwritten = self._unwritten, []
        try:
            attempt.process.ports.blocking(self._add, self._journal, names)
        except OSError:
            self._unwritten[:0] = names
            raise

    def _add(self, journal: Journal, names: list[str]) -> None:
        self._attempt.locked.to_files()
        journal.add(names)

    def settled(self) -> None:
        """The -H file knows all: the journal can go."""
        self._unwritten.clear()
        if self._journal is not None:
            self._journal.remove()
            self._journal = None

    # The message log

    def note(self, line: str) -> None:
        """A line for the message log; written when the message stays."""
        attempt = self._attempt
        if attempt.process.main.message_logs:
            self._held.append(f"{attempt.log.stamp()}{line}")

    def plain_note(self, line: str) -> None:
        """The same without a time before it (`*** Frozen`)."""
        if self._attempt.process.main.message_logs:
            self._held.append(line)

    @property
    def logged(self) -> bool:
        """The message has a message log."""
        return self._log is not None

    def write_notes(self) -> None:
        """Put the held lines into the message log."""
        if not self._held:
            return
        attempt = self._attempt
        if self._log is None:
            self._log = MessageLog(attempt.locked.log_path, attempt.log)
        self._log.append(self._held)
        self._held = []

    def close(self) -> None:
        """Let go of files."""
        if self._log is not None:
            self._log.close()
        if self._journal is not None:
            self._journal.close()
