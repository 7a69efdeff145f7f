"""The variables that exipick knows of a message: Exim's names, and some of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from eximia.expand.mimewords import decode
from eximia.queue.listing import format_size

if TYPE_CHECKING:
    from eximia.queue.summary import Summary
    from eximia.spool.header_file import SpoolHeader

#: name -> attribute of SpoolHeader, where the value is that
_PLAIN = {
    "authenticated_id": "auth_id",
    "authenticated_sender": "auth_sender",
    "bmi_verdicts": "bmi_verdicts",
    "body_linecount": "body_linecount",
    "body_zerocount": "body_zerocount",
    "dsn_envid": "dsn_envid",
    "dsn_ret": "dsn_ret",
    "interface_address": "interface_address",
    "interface_port": "interface_port",
    "local_scan_data": "local_scan",
    "max_received_linelength": "max_received_linelength",
    "message_exim_id": "id",
    "message_id": "id",
    "originator_gid": "gid",
    "originator_login": "login",
    "originator_uid": "uid",
    "received_ip_address": "interface_address",
    "received_port": "interface_port",
    "received_protocol": "received_protocol",
    "received_time": "received_time",
    "sender_address": "sender",
    "sender_helo_name": "helo_name",
    "sender_host_address": "host_address",
    "sender_host_authenticated": "host_auth",
    "sender_host_name": "host_name",
    "sender_host_port": "host_port",
    "sender_ident": "ident",
    "smtp_active_hostname": "active_hostname",
    "spam_bar": "spam_bar",
    "spam_score": "spam_score",
    "spam_score_int": "spam_score_int",
    "tls_cipher": "tls_cipher",
    "tls_peerdn": "tls_peerdn",
    "tls_sni": "tls_sni",
    "tls_version": "tls_ver",
    "warning_count": "warning_count",
}
#: numbers that a message without them has as 0
_UNSET_BY_ZERO = {"dsn_ret", "interface_port", "received_port", "sender_host_port"}
_FLAGS = {
    "allow_unqualified_recipient": "allow_unqualified_recipient",
    "allow_unqualified_sender": "allow_unqualified_sender",
    "dont_deliver": "dont_deliver",
    "first_delivery": "deliver_firsttime",
    "host_lookup_deferred": "host_lookup_deferred",
    "host_lookup_failed": "host_lookup_failed",
    "local_error_message": "localerror",
    "manually_thawed": "manual_thaw",
    "sender_local": "local",
    "sender_set_untrusted": "sender_set_untrusted",
    "smtputf8_advertised": "smtputf8",
    "tls_certificate_verified": "tls_certificate_verified",
}


class Variables:
    """The variables of one message; read what is asked for."""

    def __init__(self, header: SpoolHeader, summary: Summary, header_path: str, data_path: str, now: int) -> None:
        self.header = header
        self.summary = summary
        self.now = now
        self.header_path = header_path
        self.data_path = data_path

    def get(self, name: str) -> str | None:
        """The value; None for a variable that the message does not have."""
        attribute = _PLAIN.get(name)
        if attribute is not None:
            value = getattr(self.header, attribute)
            unset = value in {"", -1} or (value == 0 and name in _UNSET_BY_ZERO)
            return None if unset and name != "sender_address" else str(value)
        attribute = _FLAGS.get(name)
        if attribute is not None:
            return "1" if getattr(self.header, attribute) else None
        special = _SPECIAL.get(name)
        if special is not None:
            return special(self)
        if name.startswith(("acl_m", "acl_c")):
            found = (self.header.acl_m if name[4] == "m" else self.header.acl_c).get(name[5:])
            return None if found is None else str(found)
        prefix, _, field = name.partition("_")
        if field and prefix in {"h", "header", "bh", "bheader", "rh", "rheader"}:
            return self._header_field(field.rstrip(":").lower(), raw=prefix[0] == "r")
        return None

    def each(self, name: str) -> list[str] | None:
        """The values of a variable that is tested recipient by recipient; None for the others."""
        return {
            "each_recipients": self.summary.recipients,
            "each_recipients_del": self.delivered,
            "each_recipients_undel": self.summary.undelivered,
        }.get(name)

    def matching(self, regex: str) -> list[str]:
        """The names of the message's variables that fit a regular expression."""
        names = {*_PLAIN, *_FLAGS, *_SPECIAL, *(f"acl_m{each}" for each in self.header.acl_m)}
        names |= {f"acl_c{each}" for each in self.header.acl_c}
        present = {line.name for line in self.header.headers if not line.deleted}
        names |= {f"{prefix}_{field}" for field in present for prefix in ("header", "bheader", "rheader")}
        return sorted(name for name in names - _LARGE if re.search(regex, name) and self.get(name) is not None)

    @property
    def delivered(self) -> list[str]:
        return sorted(self.header.nonrecipients)

    def _header_field(self, name: str, *, raw: bool) -> str | None:
        values = [line.body.strip(" \t\n") for line in self.header.headers if line.name == name and not line.deleted]
        if not values:
            return None
        text = "\n".join(values)
        return text if raw else decode(text)

    @cached_property
    def body(self) -> str:
        try:
            with open(self.data_path, "rb") as file:
                file.readline()
                return file.read().decode("latin-1").replace("\n", " ").replace("\0", " ")
        except OSError:
            return ""

    def lines(self) -> str:
        return "".join(line.text for line in self.header.headers if not line.deleted).rstrip("\n")


#: what a regular expression does not name
_LARGE = {"message_body", "message_headers", "message_headers_raw"}


def _true(condition: bool) -> str | None:
    return "1" if condition else None


_SPECIAL: dict[str, Callable[[Variables], str | None]] = {
    "data_path": lambda v: v.data_path,
    "deliver_freeze": lambda v: _true(v.header.frozen >= 0),
    "deliver_frozen_at": lambda v: str(v.header.frozen) if v.header.frozen >= 0 else None,
    "header_path": lambda v: v.header_path,
    "message_age": lambda v: str(v.now - v.header.received_time),
    "message_body": lambda v: v.body,
    "message_body_missing": lambda v: _true(v.summary.size < 0),
    "message_body_size": lambda v: str(max(0, v.summary.size - v.header.size_of_headers())),
    "message_headers": lambda v: decode(v.lines()),
    "message_headers_raw": lambda v: v.lines(),
    "message_linecount": lambda v: str(v.lines().count("\n") + 1 + max(0, v.header.body_linecount)),
    "message_size": lambda v: str(v.summary.size),
    "received_count": lambda v: str(sum(line.type == "P" for line in v.header.headers)),
    "recipients": lambda v: ", ".join(v.summary.recipients),
    "recipients_count": lambda v: str(len(v.summary.recipients)),
    "recipients_del": lambda v: ", ".join(v.delivered),
    "recipients_del_count": lambda v: str(len(v.summary.recipients) - len(v.summary.undelivered)),
    "recipients_undel": lambda v: ", ".join(v.summary.undelivered),
    "recipients_undel_count": lambda v: str(len(v.summary.undelivered)),
    "reply_address": lambda v: v.get("h_reply-to") or v.get("h_from"),
    "sender_address_domain": lambda v: v.header.sender.rpartition("@")[2],
    "sender_address_local_part": lambda v: v.header.sender.rpartition("@")[0],
    "shown_message_size": lambda v: format_size(v.summary.size).strip(),
}
