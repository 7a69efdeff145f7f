"""How a client is named in log lines: `H=name (helo) [address]:port I=[address]:port U=ident`.

The same text, without the tags, is `$sender_fullhost`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eximia.context import Session
    from eximia.logs.selectors import Selectors


def full_host(session: Session, selectors: Selectors) -> str:
    """`name (helo) [address]:port`; empty for a local client."""
    address = session.sender_host_address
    if not address:
        return ""
    number = session.sender_host_port
    port = f":{number}" if selectors.incoming_port and number and selectors.shows_port(number) else ""
    name = shown_name(session)
    helo = session.sender_helo_name
    if not name:
        return f"({helo}) [{address}]{port}" if helo else f"[{address}]{port}"
    if not helo or helo.lower() == name.lower() or helo == f"[{address}]":
        return f"{name} [{address}]{port}"
    return f"{name} ({helo}) [{address}]{port}"


def shown_name(session: Session) -> str:
    """The client's name where it is shown together with its address."""
    return "" if session.notes.get("name_found_by_helo") else session.sender_host_name


def interface(session: Session, selectors: Selectors) -> str:
    """` I=[address]:port`, or nothing when it is not wanted or not known."""
    if selectors.incoming_interface and session.interface_address:
        return f" I=[{session.interface_address}]:{session.interface_port}"
    return ""


def identifier(session: Session, selectors: Selectors) -> str:
    """` Ci=...`, or nothing when it is not wanted or not known."""
    return f" Ci={session.connection_id}" if selectors.connection_id and session.connection_id else ""


def client(session: Session, selectors: Selectors, *, ident: bool = True) -> str:
    """`H=... I=... U=... Ci=...`, as it begins rejection lines; `U=login` for a local client."""
    if not session.sender_host_address:
        return f"U={session.sender_ident or 'unknown'}{identifier(session, selectors)}"
    text = f"H={full_host(session, selectors)}{interface(session, selectors)}"
    if ident and session.sender_ident:
        text += f" U={session.sender_ident}"
    return text + identifier(session, selectors)


def peer(session: Session, selectors: Selectors) -> str:
    """`name (helo) [address]:port I=... U=ident`, without the first tag; the login name of a local client."""
    if not session.sender_host_address:
        return (session.sender_ident or "unknown") + identifier(session, selectors)
    return client(session, selectors)[2:]


def connection(session: Session, selectors: Selectors) -> str:
    """`SMTP connection from ...`: the beginning of connection lines."""
    named = f"SMTP connection{identifier(session, selectors)}"
    if not session.sender_host_address or session.smtp_stdin:
        return f"{named} from {session.sender_ident}"
    place = " (via inetd)" if session.via_inetd else interface(session, selectors)
    return f"{named} from {full_host(session, selectors)}{place}"
