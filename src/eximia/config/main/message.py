"""Main options about what is done to a message's headers and addresses (manual 14, 48)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class MessageOptions(OptionSet):
    """Headers, addresses, sizes."""

    allow_domain_literals: bool = option(Kind.BOOL, "Domain literals are accepted in addresses.", default=False)
    allow_utf8_domains: bool = option(Kind.BOOL, "Raw UTF-8 is accepted in domains.", default=False)
    check_rfc2047_length: bool = option(Kind.BOOL, "Over-long encoded words of RFC 2047 are not decoded.", default=True)
    delivery_date_remove: bool = option(
        Kind.BOOL,
        "Delivery-date: headers of incoming messages are removed.",
        default=True,
    )
    drop_cr: bool = option(Kind.BOOL, "Kept for compatibility; without effect.", default=False)
    envelope_to_remove: bool = option(Kind.BOOL, "Envelope-to: headers of incoming messages are removed.", default=True)
    header_line_maxsize: int = option(
        Kind.INTEGER,
        "A message with a longer header is refused; zero: no limit.",
        default=0,
    )
    header_maxsize: int = option(Kind.INTEGER, "The most bytes all headers together may have.", default=1048576)
    headers_charset: Untainted = option(
        Kind.STRING,
        "The character set headers are shown in.",
        default=Untainted("UTF-8"),
    )
    ignore_fromline_hosts: Template | None = option(
        Kind.HOST_LIST,
        'Clients whose message may begin with a "From " line.',
    )
    ignore_fromline_local: bool = option(
        Kind.BOOL,
        'Local messages by SMTP may begin with a "From " line.',
        default=False,
    )
    local_from_check: bool = option(
        Kind.BOOL,
        "Local messages whose From: is not the sender get a Sender: header.",
        default=True,
    )
    local_from_prefix: Untainted | None = option(Kind.STRING, "A prefix of the local part that this check ignores.")
    local_from_suffix: Untainted | None = option(Kind.STRING, "A suffix of the local part that this check ignores.")
    local_sender_retain: bool = option(Kind.BOOL, "Sender: headers of local messages are kept.", default=False)
    message_id_header_domain: Template | None = option(Kind.EXPAND, "The domain of Message-ID: headers we add.")
    message_id_header_text: Template | None = option(Kind.EXPAND, "Text added to the local part of such headers.")
    message_size_limit: Template = option(Kind.EXPAND_INTEGER, "The largest message accepted.", default=Template("50M"))
    percent_hack_domains: Template | None = option(Kind.DOMAIN_LIST, "Domains for which user%domain is taken apart.")
    qualify_domain: Untainted | None = option(Kind.STRING, "The domain added to addresses that lack one.")
    qualify_recipient: Untainted | None = option(Kind.STRING, "The domain added to recipients that lack one.")
    received_header_text: Template = option(
        Kind.EXPAND,
        "The text of the Received: header we add.",
        default=Template(
            "Received: ${if def:sender_rcvhost {from $sender_rcvhost\\n\\t}"
            "{${if def:sender_ident {from ${quote_local_part:$sender_ident} }}"
            "${if def:sender_helo_name {(helo=$sender_helo_name)\\n\\t}}}}"
            "by $primary_hostname ${if def:received_protocol {with $received_protocol }}"
            "${if def:tls_in_ver        { ($tls_in_ver)}}"
            "${if def:tls_in_cipher_std { tls $tls_in_cipher_std\\n\\t}}"
            "(Exim $version_number)\\n\\t${if def:sender_address {(envelope-from <$sender_addre"
            "ss>)\\n\\t}}id $message_exim_id${if def:received_for {\\n\\tfor $received_for}}"
        ),
    )
    received_headers_max: int = option(Kind.INTEGER, "A message with more Received: headers is looping.", default=30)
    receive_timeout: int = option(Kind.TIME, "How long a local message may take to come; zero: no limit.", default=0)
    return_path_remove: bool = option(Kind.BOOL, "Return-path: headers of incoming messages are removed.", default=True)
    strip_excess_angle_brackets: bool = option(
        Kind.BOOL,
        "Doubled angle brackets round an address are removed.",
        default=False,
    )
    strip_trailing_dot: bool = option(Kind.BOOL, "A dot at the end of a domain is removed.", default=False)
    uucp_from_pattern: Untainted = option(
        Kind.STRING,
        'The pattern of a "From " line.',
        default=Untainted(
            "^From\\s+(\\S+)\\s+(?:[a-zA-Z]{3},?\\s+)?(?:[a-zA-Z]{3}\\s+\\d?\\d|\\d?\\d\\s+[a-zA-Z]{3}"
            "\\s+\\d\\d(?:\\d\\d)?)\\s+\\d\\d?:\\d\\d?"
        ),
    )
    uucp_from_sender: Template = option(
        Kind.EXPAND,
        "The sender, made from what that pattern matched.",
        default=Template("$1"),
    )
