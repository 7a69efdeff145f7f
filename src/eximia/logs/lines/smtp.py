"""Lines about SMTP sessions that are not about one message (manual 53.14, 53.15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eximia.logs.printing import printing
from eximia.message.dates import elapsed

from .arrival import authenticated
from .hosts import client, connection, peer
from .tls import tls_fields

if TYPE_CHECKING:
    from eximia.context import Session
    from eximia.logs.selectors import Selectors

#: how many commands C= shows
HISTORY = 20


def opened(session: Session, selectors: Selectors, count: int | None) -> str:
    """`SMTP connection from [..] (TCP/IP connection count = 1)`; `count` None for -bs."""
    text = connection(session, selectors)
    return text if count is None else f"{text} (TCP/IP connection count = {count})"


def closed(session: Session, selectors: Selectors, how: str = "closed by QUIT") -> str:
    """`SMTP connection from ... closed by QUIT`, `lost`, `lost while reading message data`..."""
    return f"{connection(session, selectors)} {how}"


def lost(session: Session, selectors: Selectors, seconds: float, what: str = "lost") -> str:
    """`SMTP connection from ... lost D=0.001s`."""
    return f"{connection(session, selectors)} {what} D={elapsed(seconds, millisec=selectors.millisec)}"


def syntax_error(session: Session, selectors: Selectors, command: str, why: str) -> str:
    """`SMTP syntax error in "FOO" H=... unrecognized command`."""
    return f'SMTP syntax error in "{printing(command)}" {client(session, selectors)} {why}'


def protocol_error(session: Session, selectors: Selectors, command: str, why: str) -> str:
    """`SMTP protocol error in "..." H=... why`."""
    return f'SMTP protocol error in "{printing(command)}" {client(session, selectors)} {why}'


def incomplete_transaction(
    session: Session, selectors: Selectors, what: str, sender: str, recipients: Sequence[str]
) -> str:
    """`H=... incomplete transaction (RSET) from <a@b> for c@d`."""
    text = f"{client(session, selectors)} incomplete transaction ({what}) from <{sender}>"
    return f"{text} for {' '.join(recipients)}" if recipients else text


def no_mail(session: Session, selectors: Selectors, seconds: float) -> str:
    """`no MAIL in SMTP connection from ... D=1s C=EHLO,QUIT`."""
    text = f"no MAIL in SMTP connection from {peer(session, selectors)}"
    text += f" D={elapsed(seconds, millisec=selectors.millisec)}"
    if session.sender_host_authenticated:
        text += authenticated(session.sender_host_authenticated, session.authenticated_id, "")
    text += tls_fields(session.tls_in, selectors, sni=True)
    if session.command_history:
        text += f" C={commands(session)}"
    return text


def commands(session: Session) -> str:
    """The last commands of a session."""
    history = session.command_history
    return f"{'...' if len(history) > HISTORY else ''}{','.join(history[-HISTORY:])}"


def etrn(session: Session, selectors: Selectors, argument: str) -> str:
    """`ETRN #domain received from ...`."""
    return f"ETRN {printing(argument)} received from {peer(session, selectors)}"
