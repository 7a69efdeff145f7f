"""Messages that wait for a host which has just taken one: they are sent while the connection is open (manual 30.1).

Which messages wait is in the hints; the connection is kept by the smtp transport.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import SpoolError
from eximia.transports.smtp.waiting import take_waiting

from .settings import AttemptSettings

if TYPE_CHECKING:
    from .attempt import Attempt


def deliver_waiting(attempt: Attempt) -> None:
    """Try the messages that wait for the hosts this attempt reached, as many as one connection may carry."""
    from .deliver import deliver_message

    process = attempt.process
    for transport, host in attempt.reached:
        ids = take_waiting(attempt.ctx, transport, host)
        if not ids:
            continue
        most: int = process.config.transports[transport].options.connection_max_messages
        settings = AttemptSettings(only_host=host)
        for message_id in ids[: most - 1 if most > 0 else None]:
            if message_id == attempt.message.id or not process.spool.find(message_id):
                continue
            try:
                deliver_message(process, message_id, settings)
            except (SpoolError, OSError) as error:
                process.log.main(f"could not deliver a waiting message: {error}", message_id)
