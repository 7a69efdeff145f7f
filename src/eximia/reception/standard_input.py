"""-bs and -bS, and -bh: SMTP over standard input (manual 49.9, 5.3)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.text import Untainted
from eximia.context import Session

from .daemon import begins_with_tls
from .ip import canonical, split_port
from .session import Admission, SessionSettings, SmtpSession

if TYPE_CHECKING:
    from eximia.base.ports import Stream
    from eximia.context import Process
    from eximia.daemon.invocation import Invocation

    from .caller import Caller


def local_session(process: Process, call: Invocation, caller: Caller) -> Session:
    """The session of a local caller, with what -oM says when he is trusted."""
    session = Session(smtp_stdin=True, sender_ident=Untainted(caller.login))
    if not process.is_trusted:
        session.authenticated_id = Untainted(caller.login)
    if process.is_trusted:
        given_facts(session, call)
    return session


def given_facts(session: Session, call: Invocation) -> None:
    """-oMa, -oMs, -oMt, -oMi, -oMaa, -oMai, -oMas."""
    if call.host_address is not None:
        address, port = split_port(call.host_address)
        session.sender_host_address = address
        session.sender_host_port = port
        session.notes["address_given"] = True
    if call.host_name is not None:
        session.sender_host_name = call.host_name
        session.host_name_known = True
    if call.ident is not None:
        session.sender_ident = call.ident
    if call.interface_address is not None:
        address, port = split_port(call.interface_address)
        session.interface_address = address
        session.interface_port = port
    if call.host_authenticated is not None:
        session.sender_host_authenticated = call.host_authenticated
    if call.authenticated_id is not None:
        session.authenticated_id = call.authenticated_id
    if call.authenticated_sender is not None:
        session.authenticated_sender = session.notes["authenticated_sender_given"] = call.authenticated_sender


def settings_of(call: Invocation) -> SessionSettings:
    """The command line's settings for a session."""
    return SessionSettings(
        timeout=None if call.smtp_timeout is None else float(call.smtp_timeout),
        delivery=call.delivery,
        no_qualify=call.unqualified_allowed,
        suppress_fixups=call.suppress_fixups,
        forced_sender=call.sender if call.sender is not None else None,
    )


def run_smtp(process: Process, call: Invocation, stream: Stream, caller: Caller) -> int:
    """-bs: the exit status."""
    session = local_session(process, call, caller)
    admission = Admission(tls_on_connect=begins_with_tls(process, session.interface_port))
    smtp = SmtpSession(process, stream, session, admission=admission, settings=settings_of(call))
    smtp.caller_login = caller.login
    smtp.caller_name = caller.name
    smtp.run()
    return smtp.status


def run_host_test(process: Process, call: Invocation, stream: Stream, address: str) -> int:
    """-bh: a session as if from `address`; nothing is kept, log lines and commentary go to standard error."""
    from .host_test import Commentary, testing_log

    process.log = testing_log(process)
    host, port = split_port(address)
    session = Session(
        sender_host_address=canonical(host), sender_host_port=port, host_checking=True, callouts=call.callouts
    )
    given_facts(session, call)
    session.sender_host_address, session.sender_host_port = canonical(host), port
    settings = settings_of(call)
    settings.testing = True
    process.trace = Commentary(process.trace)
    os.write(
        1,
        f"\n**** SMTP testing session as if from host {session.sender_host_address}\n"
        "**** but without any ident (RFC 1413) callback.\n**** This is not for real!\n\n".encode("latin-1"),
    )
    SmtpSession(process, stream, session, settings=settings).run()
    return 0
