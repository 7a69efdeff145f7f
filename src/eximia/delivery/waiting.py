"""Messages that wait for a host which has just taken one: they are sent while the connection is open (manual 30.1).

Which messages wait is in the hints; the connection is kept by the smtp transport.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import SpoolError
from eximia.transports.smtp.waiting import put_back, take_waiting, waits

from .settings import AttemptSettings

if TYPE_CHECKING:
    from .attempt import Attempt


def deliver_waiting(attempt: Attempt) -> None:
    """Try the messages that wait for the hosts this attempt reached, until all were tried or a host takes no more."""
    for transport, host in attempt.reached:
        seen = {attempt.message.id}
        while ids := take_waiting(attempt.ctx, transport, host):
            for position, message_id in enumerate(ids):
                if message_id in seen:
                    continue
                seen.add(message_id)
                _deliver(attempt, message_id, host)
                if waits(attempt.ctx, transport, host, message_id):
                    put_back(attempt.ctx, transport, host, ids[position + 1 :])
                    break
            else:
                continue
            break


def _deliver(attempt: Attempt, message_id: str, host: str) -> None:
    """One attempt for the host alone, of a message of the same queue or of the one without a name."""
    from .deliver import deliver_message

    process = attempt.process
    own = attempt.locked.place.queue
    for queue in dict.fromkeys((own, "")):
        if process.spool.find(message_id, queue):
            break
    else:
        return
    try:
        deliver_message(process, message_id, AttemptSettings(only_host=host), queue=queue)
    except (SpoolError, OSError) as error:
        process.log.main(f"could not deliver a waiting message: {error}", message_id)
