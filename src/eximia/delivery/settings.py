"""How one delivery attempt is to be made: what queue runs and the command line ask for."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from eximia.base.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class AttemptSettings:
    """The default is immediate delivery of a message just received."""

    #: part of a queue run: retry times of addresses count
    queue_run: bool = False
    #: -M, -qf, -Rf: retry times and hold_domains do not count
    forced: bool = False
    #: -qff, -M: frozen messages too; they are thawed
    deliver_frozen: bool = False
    #: -Mg: every address fails with this text ("" : do not)
    give_up: str = ""
    #: with give_up: nobody is told
    drop: bool = False
    #: -ql
    local_only: bool = False
    #: -odqs, control = queue/first_pass_route: route, deliver locally, queue what goes by SMTP
    queue_smtp: bool = False
    #: -qq, first pass: as before, for all messages, and nothing is logged for what is queued
    first_pass: bool = False
    #: -N
    pretend: bool = False
    #: with first_pass: told the transport and the host of each address that waits for the second pass
    note_host: Callable[[str, str], None] | None = None
    #: only what goes to this host: a connection to it is open
    only_host: str = ""
    #: ATRN: the connection of the client that takes its mail, and the value of $atrn_host
    turned: Any = None
    turned_host: str = ""


class AttemptEnd(Enum):
    """How an attempt left the message."""

    #: nothing remains, its files are gone
    COMPLETED = "completed"
    #: something is to be tried again
    REMAINS = "remains"
    FROZEN = "frozen"
    #: mua_wrapper: it failed, was reported to the caller, and is gone
    REFUSED = "refused"
    #: another process has it, it does not exist, or it is frozen and not to be tried
    SKIPPED = "skipped"
