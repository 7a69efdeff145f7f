"""Asking the client's host who is behind a connection (RFC 1413; options `rfc1413_hosts`, `rfc1413_query_timeout`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eximia.base.errors import NetworkError
from eximia.base.pattern import pattern

if TYPE_CHECKING:
    from .session import SmtpSession

PORT = 113
#: what is longer is no answer
_LONGEST = 1000
_ANSWER = pattern(r"\s*([0-9]+)\s*,\s*([0-9]+)\s*:\s*USERID\s*:[^:]*:\s*(.*?)\s*\Z", re.IGNORECASE)
#: the identifier is cut at what could confuse a header line
_UNSAFE = pattern(r"[\x00-\x20\x7f-\xff]")
_MOST = 127


def ask_ident(session: SmtpSession) -> None:
    """Set $sender_ident, when there is an answer in time."""
    facts = session.ctx.session
    main = session.main
    timeout = main.rfc1413_query_timeout
    if timeout <= 0 or session.on_stdin or not session.policy.host_in(session.ctx, "rfc1413_hosts"):
        return
    log = session.process.log
    try:
        stream = session.process.ports.net.connect(
            facts.sender_host_address, PORT, timeout=timeout, interface=facts.interface_address
        )
    except NetworkError as error:
        if error.timed_out and log.selectors.ident_timeout:
            log.main(f"ident connection to {facts.sender_host_address} timed out")
        return
    data = b""
    try:
        stream.send(f"{facts.sender_host_port} , {facts.interface_port}\r\n".encode("ascii"))
        while b"\n" not in data and len(data) < _LONGEST:
            piece = stream.recv(timeout)
            if not piece:
                break
            data += piece
    except NetworkError:
        return
    finally:
        stream.close()
    facts.sender_ident = read_answer(data.decode("latin-1"), facts.sender_host_port, facts.interface_port)


def read_answer(text: str, port: int, own_port: int) -> str:
    """The identifier in an answer about this pair of ports; empty when there is none."""
    found = _ANSWER.match(text.partition("\n")[0])
    if found is None or (int(found.group(1)), int(found.group(2))) != (port, own_port):
        return ""
    return _UNSAFE.sub("?", found.group(3))[:_MOST]
