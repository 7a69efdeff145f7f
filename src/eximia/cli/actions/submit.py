"""-bm and -t: a message on standard input (manual 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.cli.opening import open_process, receive_as_mail_user

if TYPE_CHECKING:
    from eximia.daemon.invocation import Invocation


def run(call: Invocation) -> int:
    from eximia.aio.direct import DirectStream
    from eximia.cli.actions.smtp import caller_of
    from eximia.reception.local import receive_local
    from eximia.reception.space import no_room_at_start

    process = open_process(call)
    caller = caller_of(process, call)
    receive_as_mail_user(process)
    if no_room_at_start(process):
        return 1
    return receive_local(process, call, DirectStream(read_fd=0, write_fd=1), caller)
