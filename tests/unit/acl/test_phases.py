"""Where conditions, modifiers, controls and verifications may be used: the table of an installed Exim."""

import pytest

from eximia.acl.catalogue import HANDLERS
from eximia.acl.controls.catalogue import CONTROLS
from eximia.acl.phases import PHASES
from eximia.acl.verify.catalogue import VERIFIERS

_NAMES = {phase.option.removeprefix("acl_").removeprefix("smtp_"): phase for phase in PHASES}
_COMMANDS = "connect helo vrfy expn etrn auth mailauth starttls quit notquit"

TABLE = {
    "acl": "",
    "authenticated": "connect helo not_smtp",
    "delay": "notquit",
    "decode": "connect helo mail rcpt predata data data_prdr vrfy expn etrn auth mailauth starttls quit notquit not_smtp",
    "dnslists": "not_smtp",
    "domains": "connect helo mail predata data mime expn etrn auth mailauth starttls quit notquit not_smtp",
    # After HELO since 4.97.
    "encrypted": "not_smtp",
    "hosts": "not_smtp",
    "local_parts": "connect helo mail predata data mime expn etrn auth mailauth starttls quit notquit not_smtp",
    "queue": "data data_prdr not_smtp",
    "recipients": f"{_COMMANDS} mail predata data mime data_prdr not_smtp",
    "regex": f"{_COMMANDS} mail rcpt predata",
    "ratelimit": "",
    "seen": "",
    "sender_domains": "connect helo vrfy expn etrn auth mailauth starttls quit",
    "senders": "connect helo vrfy expn etrn auth mailauth starttls quit",
    "add_header": _COMMANDS,
    "remove_header": _COMMANDS,
    "logwrite": "",
    "control = allow_auth_unadvertised": "mail rcpt predata data mime data_prdr vrfy expn etrn auth mailauth starttls "
    "quit notquit not_smtp",
    "control = caseful_local_part": f"{_COMMANDS} mail predata data mime data_prdr not_smtp",
    "control = dscp": "notquit not_smtp",
    "control = enforce_sync": "not_smtp",
    "control = fakereject": f"{_COMMANDS} not_smtp",
    "control = freeze": f"{_COMMANDS} data_prdr",
    "control = no_mbox_unspool": f"{_COMMANDS} data_prdr not_smtp",
    "control = no_pipelining": "not_smtp",
    "control = queue": f"{_COMMANDS} data_prdr",
    "control = submission": f"{_COMMANDS} data mime data_prdr not_smtp",
    "control = suppress_local_fixups": f"{_COMMANDS} data mime data_prdr not_smtp",
    "control = dkim_disable_verify": "data data_prdr not_smtp",
    "verify = header_syntax": "connect helo mail rcpt predata vrfy expn etrn auth mailauth starttls",
    "verify = recipient": f"{_COMMANDS} mail predata data mime data_prdr not_smtp",
    "verify = sender": f"{_COMMANDS} mime data_prdr",
    "verify = helo": "",
}


@pytest.mark.parametrize("item", TABLE)
def test_forbidden_phases(item: str) -> None:
    name, _, argument = item.partition(" = ")
    if name == "control":
        found = CONTROLS.get(argument)
    elif name == "verify":
        found = VERIFIERS.get(argument)
    else:
        found = HANDLERS.get(name)
    assert found is not None
    compared = [
        "connect", "helo", "mail", "rcpt", "predata", "data", "mime", "data_prdr", "vrfy", "expn", "etrn", "auth",
        "mailauth", "starttls", "quit", "notquit", "not_smtp",
    ]  # fmt: skip
    forbidden = {name for name in compared if found.forbidden & _NAMES[name].bit}
    assert forbidden == set(TABLE[item].split())


def test_every_catalogue_line_leads_somewhere() -> None:
    for catalogue in (HANDLERS, CONTROLS, VERIFIERS):
        for name in catalogue:
            assert catalogue.get(name) is not None
