"""One delivery attempt of one message: its state, and the order of its steps (manual 3.13).

    recipients -> routing -> local transports -> remote transports -> retry hints -> bounces -> warnings -> spool

The steps are functions of the modules beside this one; they share an `Attempt`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.context import Address, Batch, Context, Message, Process, Session
from eximia.lookups.types import forget_results

from .finish import finish, insist
from .journaling import Progress
from .local import deliver_local
from .recipients import make_addresses
from .remote import deliver_remote
from .retrying import settle_retries
from .routing import route_all
from .settings import AttemptEnd, AttemptSettings
from .wrapper import run_wrapped

if TYPE_CHECKING:
    from eximia.spool.store import LockedMessage


class Attempt:
    """What the steps share. Lists are in the order in which things happened; where Exim handles the latest first,
    the step that does so turns them round."""

    __slots__ = (
        "ctx",
        "deferred",
        "failed",
        "freeze_reason",
        "last_remote",
        "local",
        "locked",
        "log",
        "message",
        "new",
        "process",
        "progress",
        "reached",
        "remote",
        "settings",
        "succeeded",
        "wanted_freeze",
    )

    def __init__(
        self, process: Process, session: Session, message: Message, locked: LockedMessage, settings: AttemptSettings
    ) -> None:
        self.process = process
        self.message = message
        self.locked = locked
        self.settings = settings
        self.ctx = Context(process, session, message)
        self.log = process.log
        #: what is done, for the journal, the message log and the -H file
        self.progress = Progress(self)
        #: addresses not yet routed
        self.new: list[Address] = []
        #: assigned to local and remote transports
        self.local: list[Address] = []
        self.remote: list[Address] = []
        self.succeeded: list[Address] = []
        self.failed: list[Address] = []
        self.deferred: list[Address] = []
        #: the addresses that a remote transport dealt with last
        self.last_remote: Batch | None = None
        #: (transport, host name) of hosts that took the message
        self.reached: set[tuple[str, str]] = set()
        #: the message is to be frozen after this attempt; why, when there is a reason to write into the log
        self.wanted_freeze = False
        message.notes["message_log"] = self.progress.note
        if settings.forced:
            message.notes["deliver_force"] = True
        self.freeze_reason = ""

    def run(self) -> AttemptEnd:
        """Make the attempt. The lock is given up at its end."""
        try:
            if self.process.main.mua_wrapper:
                return run_wrapped(self)
            forget_results(self.message)
            if not make_addresses(self):
                self.progress.write_notes()
                return AttemptEnd.REMAINS
            route_all(self)
            forget_results(self.message)
            if self.local:
                deliver_local(self)
            if self.remote:
                deliver_remote(self)
            settle_retries(self)
            return finish(self)
        except BaseException:
            # What was delivered must not be delivered again by the attempt that follows this one.
            try:
                self.progress.save(more_to_come=True)
            except OSError as error:
                insist(self, error)
            raise
        finally:
            self.progress.close()
            self.locked.close()
