"""Between the context (Message and Session) and the value of a `-H` file.

At reception `to_header` takes what a later delivery must know; for a delivery from the spool `restore` makes the
Message and the Session again, so that variables answer as they did at reception.
"""

from __future__ import annotations

import os
from binascii import a2b_base64, b2a_base64
from functools import lru_cache
from typing import TYPE_CHECKING

from eximia.base.text import Untainted
from eximia.context import Body, Message, Session, TlsFacts

from .header_file import SpoolHeader

if TYPE_CHECKING:
    from .store import LockedMessage

#: bodies up to this size are read into memory
IN_MEMORY = 1 << 20

_SPAM = ("spam_bar", "spam_score", "spam_score_int")


def to_header(message: Message, session: Session, *, primary_hostname: str = "", complete: float = 0.0) -> SpoolHeader:
    """The value to write for a message. `complete`: when its reception was complete."""
    received = message.received_time
    seconds = int(received)
    header = SpoolHeader(
        id=message.id,
        login=message.originator_login,
        uid=message.originator_uid,
        gid=message.originator_gid,
        sender=message.sender_address,
        received_time=seconds,
        warning_count=message.warning_count,
        received_time_usec=int((received - seconds) * 1_000_000 + 0.5) % 1_000_000,
        received_time_complete=complete or received + message.received_took,
        helo_name=session.sender_helo_name,
        host_address=session.sender_host_address,
        host_port=session.sender_host_port,
        host_name=session.sender_host_name,
        host_auth=session.sender_host_authenticated,
        host_auth_pubname=session.notes.get("auth_public_name", ""),
        interface_address=session.interface_address,
        interface_port=session.interface_port,
        ident=session.sender_ident,
        received_protocol=message.received_protocol,
        acl_c=session.acl_vars,
        acl_m=message.acl_vars,
        spool_file_wireformat=message.body.wire,
        body_linecount=message.body_linecount,
        max_received_linelength=message.max_received_linelength,
        body_zerocount=message.body_zerocount,
        auth_id=session.authenticated_id,
        auth_sender=session.authenticated_sender,
        allow_unqualified_recipient=message.allow_unqualified_recipient,
        allow_unqualified_sender=message.allow_unqualified_sender,
        deliver_firsttime=message.first_delivery,
        host_lookup_deferred=session.host_lookup_deferred,
        host_lookup_failed=session.host_name_known is False,
        sender_set_untrusted=message.sender_set_untrusted,
        local=message.sender_local,
        localerror=message.local_error_message,
        manual_thaw=message.manually_thawed,
        smtputf8=message.smtputf8,
        requiretls=message.requiretls,
        dsn_envid=message.dsn_envid,
        dsn_ret=message.dsn_ret,
        nonrecipients=message.nonrecipients,
        recipients=message.recipients,
        headers=message.headers,
    )
    if session.active_hostname and session.active_hostname != primary_hostname:
        header.active_hostname = session.active_hostname
    if message.frozen:
        header.frozen = int(message.frozen_at)
    if message.utf8_downconvert > 0:
        header.utf8_downcvt = True
    elif message.utf8_downconvert < 0:
        header.utf8_optdowncvt = True
    if message.spam:
        for name in _SPAM:
            setattr(header, name, message.spam.get(name, ""))
    if message.notes:
        header.local_scan = message.notes.get("local_scan_data", "")
        header.bmi_verdicts = message.notes.get("bmi_verdicts", "")
        header.dont_deliver = bool(message.notes.get("dont_deliver", False))
        header.unknown = message.notes.get("spool_unknown", header.unknown)
    if session.tls_in.version:
        _tls_to_header(session.tls_in, header)
    return header


def _tls_to_header(tls: TlsFacts, header: SpoolHeader) -> None:
    header.tls_certificate_verified = tls.certificate_verified
    header.tls_cipher = Untainted(tls.cipher)
    header.tls_ver = Untainted(tls.version)
    header.tls_peerdn = tls.peerdn
    header.tls_sni = tls.sni
    header.tls_ocsp = tls.ocsp
    header.tls_resumption = tls.resumption
    if tls.peer_certificate:
        header.tls_peercert = _to_pem(tls.peer_certificate)
    if tls.our_certificate:
        header.tls_ourcert = Untainted(_to_pem(tls.our_certificate))


def restore(header: SpoolHeader, locked: LockedMessage) -> tuple[Message, Session]:
    """The Message and Session of a message that waited in the spool. Raises OSError.

    A small body is read; of a big one the place is noted.
    """
    message = Message(
        id=header.id,
        sender_address=header.sender,
        recipients=header.recipients,
        headers=header.headers,
        received_time=header.received_time + max(0, header.received_time_usec) / 1_000_000,
        received_protocol=header.received_protocol,
        originator_login=header.login,
        originator_uid=header.uid,
        originator_gid=header.gid,
        sender_local=header.local,
        sender_set_untrusted=header.sender_set_untrusted,
        body_linecount=max(0, header.body_linecount),
        body_zerocount=header.body_zerocount,
        max_received_linelength=header.max_received_linelength,
        frozen=header.frozen >= 0,
        frozen_at=float(max(0, header.frozen)),
        manually_thawed=header.manual_thaw,
        first_delivery=header.deliver_firsttime,
        warning_count=header.warning_count,
        local_error_message=header.localerror,
        allow_unqualified_sender=header.allow_unqualified_sender,
        allow_unqualified_recipient=header.allow_unqualified_recipient,
        queue_name=locked.place.queue,
        nonrecipients=header.nonrecipients,
        smtputf8=header.smtputf8,
        requiretls=header.requiretls,
        utf8_downconvert=1 if header.utf8_downcvt else -1 if header.utf8_optdowncvt else 0,
        dsn_ret=header.dsn_ret,
        dsn_envid=header.dsn_envid,
        acl_vars=header.acl_m,
    )
    if header.received_time_complete:
        message.received_took = max(0.0, header.received_time_complete - message.received_time)
    message.spam = {name: getattr(header, name) for name in _SPAM if getattr(header, name)}
    for name in ("bmi_verdicts", "dont_deliver"):
        if getattr(header, name):
            message.notes[name] = getattr(header, name)
    if header.local_scan:
        message.notes["local_scan_data"] = header.local_scan
    if header.unknown:
        message.notes["spool_unknown"] = header.unknown
    message.body = open_body(locked, wire=header.spool_file_wireformat)
    message.size = header.size_of_headers() + message.body.size
    message.linecount = message.body_linecount + sum([line.text.count("\n") for line in header.headers])
    message.received_count = sum([line.type == "P" for line in header.headers])
    session = Session(
        sender_host_address=header.host_address,
        sender_host_port=header.host_port,
        sender_host_name=header.host_name,
        host_name_known=True if header.host_name else False if header.host_lookup_failed else None,
        host_lookup_deferred=header.host_lookup_deferred,
        sender_helo_name=header.helo_name,
        sender_ident=header.ident,
        interface_address=header.interface_address,
        interface_port=header.interface_port,
        active_hostname=header.active_hostname,
        authenticated_id=header.auth_id,
        authenticated_sender=header.auth_sender,
        sender_host_authenticated=header.host_auth,
        acl_vars=header.acl_c,
    )
    if header.host_auth_pubname:
        session.notes["auth_public_name"] = header.host_auth_pubname
    if header.tls_cipher or header.tls_ver:
        session.tls_in = TlsFacts(
            version=header.tls_ver or header.tls_cipher.partition(":")[0],
            cipher=header.tls_cipher,
            certificate_verified=header.tls_certificate_verified,
            peerdn=header.tls_peerdn,
            sni=header.tls_sni,
            ocsp=header.tls_ocsp,
            resumption=header.tls_resumption,
            peer_certificate=_from_pem(header.tls_peercert),
            our_certificate=_from_pem(header.tls_ourcert),
        )
    return message, session


def open_body(locked: LockedMessage, *, wire: bool) -> Body:
    """The body of a locked message: in memory when it is small, else by its place in the file. Raises OSError."""
    size = locked.body_size()
    offset = locked.body_offset
    if size > IN_MEMORY:
        return Body(None, locked.path("-D"), offset, size, locked.fd, wire=wire)
    data = os.pread(locked.fd, size, offset)
    return Body(data, locked.path("-D"), offset, size, locked.fd, wire=wire)


@lru_cache(maxsize=32)
def _to_pem(der: bytes) -> str:
    text = b2a_base64(der, newline=False).decode()
    lines = "\n".join(text[pos : pos + 64] for pos in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def _from_pem(text: str) -> bytes:
    if not text:
        return b""
    try:
        return a2b_base64("".join(line for line in text.split("\n") if not line.startswith("-----")))
    except ValueError:
        return b""
