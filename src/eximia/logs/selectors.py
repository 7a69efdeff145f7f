"""What the option `log_selector` switches on and off (manual 53.15).

Not the lines themselves: those are built in `logs.lines`, which asks a `Selectors` what to show.
"""

from __future__ import annotations

from eximia.base.errors import ConfigError
from eximia.base.listtext import split_list

#: name -> on by default
SELECTORS: dict[str, bool] = {
    "8bitmime": False,
    "acl_warn_skipped": True,
    "address_rewrite": False,
    "all_parents": False,
    "arguments": False,
    "connection_id": False,
    "connection_reject": True,
    "delay_delivery": True,
    "deliver_time": False,
    "delivery_size": False,
    "dkim": True,
    "dkim_verbose": False,
    "dmarc": False,
    "dmarc_verbose": False,
    "dnslist_defer": True,
    "dnssec": False,
    "etrn": True,
    "host_lookup_failed": True,
    "ident_timeout": False,
    "incoming_interface": False,
    "incoming_port": False,
    "lost_incoming_connection": True,
    "millisec": False,
    "msg_id": True,
    "msg_id_created": False,
    "outgoing_interface": True,
    "outgoing_port": False,
    "pid": False,
    "pipelining": False,
    "protocol_detail": False,
    "proxy": False,
    "queue_run": True,
    "queue_time": False,
    "queue_time_exclusive": True,
    "queue_time_overall": False,
    "receive_time": False,
    "received_recipients": False,
    "received_sender": False,
    "rejected_header": True,
    "retry_defer": True,
    "return_path_on_delivery": False,
    "sender_on_delivery": False,
    "sender_verify_fail": True,
    "size_reject": True,
    "skip_delivery": True,
    "smtp_confirmation": True,
    "smtp_connection": False,
    "smtp_incomplete_transaction": False,
    "smtp_mailauth": False,
    "smtp_no_mail": False,
    "smtp_protocol_error": False,
    "smtp_syntax_error": False,
    "spf": False,
    "spf_verbose": False,
    "subject": False,
    "tls_certificate_verified": True,
    "tls_cipher": True,
    "tls_on_connect": False,
    "tls_peerdn": False,
    "tls_resumption": False,
    "tls_sni": False,
    "unknown_in_list": False,
}

_OTHER_NAMES = {"rejected_headers": "rejected_header"}


class Selectors:
    """One boolean per selector; `8bitmime` is called `eightbitmime` here. And `log_ports`: the port numbers for which
    incoming_port and outgoing_port hold."""

    __slots__ = (*("eightbitmime" if name == "8bitmime" else name for name in SELECTORS), "_ports")

    eightbitmime: bool
    acl_warn_skipped: bool
    address_rewrite: bool
    all_parents: bool
    arguments: bool
    connection_id: bool
    connection_reject: bool
    delay_delivery: bool
    deliver_time: bool
    delivery_size: bool
    dkim: bool
    dkim_verbose: bool
    dmarc: bool
    dmarc_verbose: bool
    dnslist_defer: bool
    dnssec: bool
    etrn: bool
    host_lookup_failed: bool
    ident_timeout: bool
    incoming_interface: bool
    incoming_port: bool
    lost_incoming_connection: bool
    millisec: bool
    msg_id: bool
    msg_id_created: bool
    outgoing_interface: bool
    outgoing_port: bool
    pid: bool
    pipelining: bool
    protocol_detail: bool
    proxy: bool
    queue_run: bool
    queue_time: bool
    queue_time_exclusive: bool
    queue_time_overall: bool
    receive_time: bool
    received_recipients: bool
    received_sender: bool
    rejected_header: bool
    retry_defer: bool
    return_path_on_delivery: bool
    sender_on_delivery: bool
    sender_verify_fail: bool
    size_reject: bool
    skip_delivery: bool
    smtp_confirmation: bool
    smtp_connection: bool
    smtp_incomplete_transaction: bool
    smtp_mailauth: bool
    smtp_no_mail: bool
    smtp_protocol_error: bool
    smtp_syntax_error: bool
    spf: bool
    spf_verbose: bool
    subject: bool
    tls_certificate_verified: bool
    tls_cipher: bool
    tls_on_connect: bool
    tls_peerdn: bool
    tls_resumption: bool
    tls_sni: bool
    unknown_in_list: bool

    def __init__(self, setting: str = "", ports: str = "") -> None:
        """Read the values of `log_selector` and `log_ports`. Raises ConfigError with Exim's words (the caller adds the
        position)."""
        #: (whether the port is shown, its number)
        self._ports: tuple[tuple[bool, int], ...] = tuple(_port(item) for item in split_list(ports))
        for name, on in SELECTORS.items():
            setattr(self, "eightbitmime" if name == "8bitmime" else name, on)
        rest = setting.strip(" \t\n")
        while rest:
            sign = rest[0]
            if sign not in "+-":
                raise ConfigError(f'malformed log_selector setting: + or - expected but found "{rest}"')
            end = 1
            while end < len(rest) and (rest[end].isalnum() or rest[end] == "_"):
                end += 1
            self._switch(rest[:end], sign == "+")
            rest = rest[end:].lstrip(" \t\n")

    def shows_port(self, port: int) -> bool:
        """Whether `log_ports` lets this number be shown. The first item that fits decides; when none does, the
        opposite of what the last one says."""
        for shown, number in self._ports:
            if number == port:
                return shown
        return not self._ports or not self._ports[-1][0]

    def _switch(self, item: str, on: bool) -> None:
        name = _OTHER_NAMES.get(item[1:], item[1:])
        if name == "all":
            for each in SELECTORS:
                setattr(self, "eightbitmime" if each == "8bitmime" else each, on)
            return
        if name not in SELECTORS:
            from difflib import get_close_matches

            close = get_close_matches(name, SELECTORS, n=1)
            hint = f"did you mean {item[0]}{close[0]}?" if close else ""
            raise ConfigError(f"unknown log_selector setting: {item}", hint=hint)
        setattr(self, "eightbitmime" if name == "8bitmime" else name, on)


def _port(item: str) -> tuple[bool, int]:
    digits = item.lstrip("! ")
    if not digits.isdigit():
        raise ConfigError(f'log_ports: port number expected but found "{item}"')
    return not item.startswith("!"), int(digits)
