"""Incoming TCP/IP connections: from the listener's stream to a session (manual 13, 49.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.service_names import service_port
from eximia.base.text import Untainted
from eximia.context import Session

from .session import Admission, SessionSettings, SmtpSession

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Process


def serve(process: Process, stream: Stream, *, via_inetd: bool = False) -> None:
    """Serve one connection to its end. `via_inetd`: not one of a listener of ours."""
    address, port = stream.peer
    local, local_port = stream.local
    session = Session(
        sender_host_address=Untainted(plain(address)),
        sender_host_port=port,
        interface_address=Untainted(plain(local)),
        interface_port=local_port,
        via_inetd=via_inetd,
    )
    admission = Admission(tls_on_connect=begins_with_tls(process, local_port))
    if process.connections is not None:
        _count(process, address, admission)
    try:
        SmtpSession(process, stream, session, admission=admission, settings=settings(process)).run()
    finally:
        if admission.leave is not None:
            admission.leave()


def _count(process: Process, address: str, admission: Admission) -> None:
    """Count the connection over all workers, unless there are too many without it."""
    connections = process.connections
    most: int = process.main.smtp_accept_max
    admission.total = total = int(connections.enter(address, most))
    if process.main.smtp_accept_max_per_host is not None:
        admission.from_host = connections.from_host(address)
    if 0 < most < total:
        return

    def leave() -> None:
        admission.leave = None
        connections.remove(address)

    admission.leave = leave


def begins_with_tls(process: Process, port: int) -> bool:
    """`-tls-on-connect`, or one of `tls_on_connect_ports`."""
    call = process.invocation
    if call is not None and call.tls_on_connect:
        return True
    template = process.main.tls_on_connect_ports
    if template is None:
        return False
    ports: frozenset[int] | None = process.caches.get("reception.tls_ports")
    if ports is None:
        from eximia.base.listtext import split_list

        ports = frozenset(_port(item) for item in split_list(template.text))
        process.caches["reception.tls_ports"] = ports
    return port in ports


def _port(text: str) -> int:
    """A number or a service's name; 0 for what is neither."""
    if text.isdigit():
        return int(text)
    return service_port(text) or 0


def settings(process: Process) -> SessionSettings:
    """What the command line said."""
    call = process.invocation
    found = SessionSettings()
    if call is not None:
        found.delivery = call.delivery
        found.timeout = call.smtp_timeout
        found.suppress_fixups = call.suppress_fixups
    return found


def plain(address: str) -> str:
    """An IPv4 address that arrived on an IPv6 socket, as IPv4; and no scope."""
    address = address.partition("%")[0]
    return address[7:] if address.startswith("::ffff:") and "." in address else address
