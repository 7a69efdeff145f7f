"""-bh and -bhc: try the policy for a client's address (manual 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.cli.opening import open_process, receive_as_mail_user, refuse

if TYPE_CHECKING:
    from eximia.daemon.invocation import Invocation


def run(call: Invocation) -> int:
    from eximia.aio.direct import DirectStream
    from eximia.reception.ip import is_ip_address, split_port
    from eximia.reception.standard_input import run_host_test

    process = open_process(call)
    address = call.check_host
    if not is_ip_address(split_port(address)[0]):
        refuse(f'exim abandoned: "{address}" is not an IP address')
    receive_as_mail_user(process)
    return run_host_test(process, call, DirectStream(read_fd=0, write_fd=1), address)
