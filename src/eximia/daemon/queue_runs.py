"""Queue runs and forced deliveries, as the daemon and the command line ask for them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from eximia.base.text import Untainted
from eximia.delivery.deliver import announce, deliver_message
from eximia.delivery.settings import AttemptSettings
from eximia.queue.ramp import Ramp
from eximia.queue.runner import BadPattern, RunSettings
from eximia.queue.runner import QueueRun as Run
from eximia.spool import SpoolFormatError, UnreadableMessageError

if TYPE_CHECKING:
    from eximia.context import Process
    from eximia.daemon.invocation import QueueRun


def run_settings(run: QueueRun) -> RunSettings:
    """From the letters of -q, -R and -S to what the run does."""
    return RunSettings(
        queue=run.name,
        two_stage=run.two_stage,
        first_only=run.first_only,
        force=run.force or run.select_force,
        force_frozen=run.force_frozen or run.select_force_frozen,
        local_only=run.local_only,
        start_id=run.start_id,
        end_id=run.end_id,
        recipient=run.recipient,
        recipient_regex=run.recipient_regex,
        sender=run.sender,
        sender_regex=run.sender_regex,
    )


class Deliveries:
    """What a queue run and -M call for each message. Policy: it may wait."""

    def __init__(self, process: Process, *, pretend: bool = False, queue: str = "") -> None:
        """`queue`: that of the run."""
        self._process = process
        self._pretend = pretend
        fast = process.main.queue_fast_ramp and not pretend
        self._ramp = Ramp(lambda message_id: self._beside(message_id, queue)) if fast else None

    def _beside(self, message_id: str, queue: str) -> None:
        """A delivery that a run in its first phase starts beside itself."""
        process = self._process
        process.ports.detach(process, self._guarded, message_id, AttemptSettings(queue_run=True), queue)

    def in_run(
        self, message_id: str, *, queue: str, forced: bool, deliver_frozen: bool, first_pass: bool, local_only: bool
    ) -> object:
        """One attempt within a queue run (`queue.runner.Deliver`)."""
        settings = AttemptSettings(
            queue_run=True,
            forced=forced,
            deliver_frozen=deliver_frozen,
            first_pass=first_pass,
            local_only=local_only,
            pretend=self._pretend,
            note_host=self._ramp.note if self._ramp is not None and first_pass else None,
        )
        end = self._guarded(message_id, settings, queue)
        if self._ramp is not None and first_pass:
            self._ramp.tried(message_id)
        return end

    def _guarded(self, message_id: str, settings: AttemptSettings, queue: str) -> object:
        if self._process.log.verbose:
            announce(message_id, f" (queue run pid {os.getpid()})")
        return self._attempt(message_id, settings, queue)

    def _attempt(self, message_id: str, settings: AttemptSettings, queue: str) -> object:
        try:
            return deliver_message(self._process, message_id, settings, queue=queue)
        except (SpoolFormatError, UnreadableMessageError):
            raise  # the caller reports and mends what is damaged
        except Exception as error:  # noqa: BLE001  (one message must not end the others; it stays in the spool)
            self._process.log.panic(f"delivery attempt failed: {type(error).__name__}: {error}", message_id)
            return None

    def now(self, message_id: str, *, queue: str, forced: bool, give_up: str) -> object:
        """One attempt for -M, -Mc, -Mg (`cli.messages.DeliverNow`)."""
        settings = AttemptSettings(
            forced=forced, deliver_frozen=forced or bool(give_up), give_up=give_up, pretend=self._pretend
        )
        return self._attempt(message_id, settings, queue)


def run_queue(process: Process, settings: RunSettings, *, pretend: bool = False) -> bool:
    """One queue run, from its first log line to its last. False when it ended at once: what -R or -S gave is no regular
    expression."""
    main = process.main
    load_max = main.deliver_queue_load_max
    run = Run(
        process,
        settings,
        Deliveries(process, pretend=pretend, queue=settings.queue).in_run,
        in_order=main.queue_run_in_order,
        load_max=None if load_max is None or load_max < 0 else load_max / 1000,
        load=lambda: os.getloadavg()[0],
    )
    try:
        run.run(os.getpid())
    except BadPattern as error:
        process.log.panic(error.message)
        return False
    return True


def run_for_recipients(process: Process, text: str, queue: str) -> None:
    """What `-R text` does, for ETRN."""
    run_queue(process, RunSettings(queue=queue, recipient=text))


def run_for_client(process: Process, domains: frozenset[str], queue: str, turned: Any, host: str) -> None:
    """Deliver what waits for the domains to the client of ATRN, one message after another."""

    def deliver(
        message_id: str, *, queue: str, forced: bool, deliver_frozen: bool, first_pass: bool, local_only: bool
    ) -> object:
        del forced, first_pass, local_only
        settings = AttemptSettings(forced=True, deliver_frozen=deliver_frozen, turned=turned, turned_host=host)
        return deliver_message(process, message_id, settings, queue=queue)

    wanted = "|".join(re.escape(domain) for domain in sorted(domains))
    settings = RunSettings(queue=queue, recipient=Untainted(f"@(?:{wanted})$"), recipient_regex=True)
    try:
        Run(process, settings, deliver, in_order=True).run(os.getpid())
    finally:
        turned.end()
