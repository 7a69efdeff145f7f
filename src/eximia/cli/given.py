"""Values of options that are looked at before anything is done: who may give them, and their form (manual 5.3)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eximia.base.pattern import pattern
from eximia.cli.opening import need_admin, refuse
from eximia.daemon.letters import is_message_id
from eximia.message.address import AddressSyntaxError, parse_address
from eximia.reception.protocol_name import syntax_options

if TYPE_CHECKING:
    from eximia.context import Process
    from eximia.daemon.invocation import Invocation

#: actions where anybody may say where a message comes from
_TESTS = frozenset({"be", "bf", "bh", "bt", "bv", "bvs"})

_DOT_AT_END = pattern(r"[^.]\.>?\s*\Z")


def check(process: Process, call: Invocation) -> None:
    """Refuse what the caller may not give, or what is malformed; `call.sender` gets its plain form."""
    if call.syslog_tag is not None:
        need_admin(process, "exim: you lack sufficient privilege to specify syslog process name")
    if call.suppress_fixups and not process.is_trusted:
        refuse("exim: permission denied (-G requires a trusted user)")
    if call.message_reference is not None and not is_message_id(call.message_reference):
        refuse("-oMm must be a valid message ID")
    if call.sender is not None:
        call.sender = _sender(process, call.sender)
    if process.is_trusted or call.action in _TESTS:
        _addresses(call)
    if call.pid_file is not None or call.remove_pid_file:
        _pid_file(process)


def _sender(process: Process, text: str) -> str:
    """-f as it is used: empty for the null sender."""
    if text in ("", "<>"):
        return ""
    read = text
    if text.rstrip(">").endswith("]"):
        # a domain literal is read as if it stood in brackets, where it may be forbidden
        text = text.removeprefix("<").removesuffix(">")
        read = f"<{text}>"
    try:
        parsed = parse_address(read, allow_null=True, syntax=syntax_options(process.main))
    except AddressSyntaxError as error:
        why = "domain is malformed (trailing dot not allowed)" if _DOT_AT_END.search(text) else error.message
        refuse(f'exim: bad -f address "{text}": {why}')
    if parsed.address and not parsed.domain:
        return f"{parsed.address}@{process.main.qualify_domain or process.primary_hostname}"
    return parsed.address


def _addresses(call: Invocation) -> None:
    """-oMa, -oMi and the address of -bh, which may be that of -oMa."""
    from eximia.reception.ip import is_ip_address, split_port

    for text in (call.host_address, call.interface_address):
        if text is not None and not is_ip_address(split_port(text)[0]):
            refuse(f'exim abandoned: "{text}" is not an IP address')


def _pid_file(process: Process) -> None:
    uid, ours = process.caller_uid, int(process.main.exim_user)
    if uid not in (0, ours):
        refuse(
            f"exim: only uid=0 or uid={ours} can use -oP and -oPX (uid={uid} euid={os.geteuid()} | {uid})",
        )
