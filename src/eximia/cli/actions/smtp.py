"""-bs and -bS: SMTP on standard input (manual 49.9, 49.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.cli.opening import Stop, open_process, receive_as_mail_user

if TYPE_CHECKING:
    from eximia.context import Process
    from eximia.daemon.invocation import Invocation
    from eximia.reception.caller import Caller


def run(call: Invocation) -> int:
    from eximia.aio.direct import DirectStream
    from eximia.reception.standard_input import run_smtp

    process = open_process(call)
    stream = _socket_stream()
    if stream is not None:
        if process.main.mua_wrapper:
            process.log.stderr = -1  # it may be the client's connection, too
            process.log.panic("Input from inetd is not supported when mua_wrapper is set")
            return 1
        from eximia.reception.daemon import serve

        receive_as_mail_user(process)
        serve(process, stream, via_inetd=True)
        return 0
    caller = caller_of(process, call)
    receive_as_mail_user(process)
    return run_smtp(process, call, DirectStream(read_fd=0, write_fd=1), caller)


def run_batched(call: Invocation) -> int:
    from eximia.aio.direct import DirectStream
    from eximia.reception.batch import run_batch
    from eximia.reception.space import no_room_at_start

    process = open_process(call)
    caller = caller_of(process, call)
    receive_as_mail_user(process)
    if no_room_at_start(process):
        return 1
    return run_batch(process, call, DirectStream(read_fd=0, write_fd=1), caller)


def caller_of(process: Process, call: Invocation) -> Caller:
    """Who hands in; without a name nothing is taken."""
    from eximia.reception.caller import UnknownCaller, find_caller

    try:
        return find_caller(process, name=call.sender_name)
    except UnknownCaller:
        process.log.panic(f"Failed to get user name for uid {process.caller_uid}")
        raise Stop(1) from None


def _socket_stream() -> DirectStream | None:
    """Standard input as a TCP/IP connection, when we are called by inetd."""
    import os
    import socket
    import stat

    from eximia.aio.direct import DirectStream

    if not stat.S_ISSOCK(os.fstat(0).st_mode):
        return None
    sock = socket.socket(fileno=os.dup(0))
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        sock.close()
        return None
    return DirectStream(sock)


if TYPE_CHECKING:
    from eximia.aio.direct import DirectStream
