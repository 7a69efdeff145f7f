"""Main options about content scanners (manual 45)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class ScanOptions(OptionSet):
    """Where scanners are."""

    av_scanner: Template = option(Kind.EXPAND, "The virus scanner.", default=Template("sophie:/var/run/sophie"))
    bmi_alternate_location: Untainted = option(
        Kind.STRING,
        "$bmi_alt_location for messages that the Brightmail engines rspamd and spamd send to another place.",
        default=Untainted("spam"),
        own=True,
    )
    bmi_config_file: Untainted = option(
        Kind.STRING,
        "Brightmail's configuration file.",
        default=Untainted("/opt/brightmail/etc/brightmail.cfg"),
        sink=Sink.FILE_NAME,
    )
    bmi_discard_score: int | None = option(
        Kind.FIXED,
        "From this score on the Brightmail engines rspamd and spamd say: do not deliver.",
        own=True,
    )
    bmi_engine: Untainted = option(
        Kind.STRING,
        "What judges messages for Brightmail: library and its path, or rspamd or spamd and a list of servers.",
        default=Untainted("library libbmiclient_single.so"),
        own=True,
    )
    bmi_rules: Untainted | None = option(
        Kind.STRING,
        "Brightmail rule numbers of the engines rspamd and spamd, as number=SYMBOL,SYMBOL items.",
        own=True,
    )
    dcc_direct_add_header: bool = option(
        Kind.BOOL, "The X-DCC header is added at once, for those that are asked later in the ACL.", default=False
    )
    dccifd_address: Untainted | None = option(Kind.STRING, "The DCC daemon: a socket's path, or an address and a port.")
    dccifd_options: Untainted = option(Kind.STRING, "The options given to the DCC daemon.", default=Untainted("header"))
    milter_hosts: Template | None = option(
        Kind.HOST_LIST,
        "The clients whose mail the filters of milters see.",
        default=Template("*"),
        own=True,
    )
    milters: Template | None = option(
        Kind.EXPAND,
        "The milters (mail filters) that follow SMTP sessions.",
        own=True,
    )
    milters_not_smtp: Template | None = option(
        Kind.EXPAND,
        "The milters that see messages of the command line.",
        own=True,
    )
    rspamd_address: Template = option(
        Kind.EXPAND,
        "The Rspamd servers that the condition rspamd asks over HTTP.",
        default=Template("127.0.0.1 11333"),
        own=True,
    )
    spamd_address: Template = option(
        Kind.EXPAND,
        "The SpamAssassin or rspamd servers.",
        default=Template("127.0.0.1 783"),
    )
