"""Main options about logs (manual 53)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class LoggingOptions(OptionSet):
    """What is logged, and where."""

    event_action: Template | None = option(
        Kind.EXPAND,
        "Expanded at each event that does not belong to a transport.",
        old_names=("delivery_event_action",),
    )
    log_file_path: Template | None = option(
        Kind.EXPAND,
        "Where log files are: a path with %s, syslog, or both.",
        sink=Sink.FILE_NAME,
    )
    log_ports: Template | None = option(Kind.STRING_LIST, "Port numbers for which the port log selectors take effect.")
    log_selector: Untainted | None = option(Kind.STRING, "What is logged, beside or without the defaults.")
    log_timezone: bool = option(Kind.BOOL, "Log lines have the offset from UTC.", default=False)
    message_body_newlines: bool = option(Kind.BOOL, "$message_body keeps its line ends.", default=False)
    message_body_visible: int = option(
        Kind.KILO,
        "How much of the body $message_body and $message_body_end show.",
        default=500,
    )
    print_topbitchars: bool = option(Kind.BOOL, "Characters above 127 count as printing.", default=False)
    process_log_path: Untainted | None = option(Kind.STRING, "The file exiwhat reads.", sink=Sink.FILE_NAME)
    slow_lookup_log: int = option(
        Kind.INTEGER,
        "DNS look-ups that take longer (milliseconds) are logged; zero: none.",
        default=0,
    )
    syslog_duplication: bool = option(
        Kind.BOOL,
        "Lines go to each syslog level that corresponds to a log, even the same line twice.",
        default=True,
    )
    syslog_facility: Untainted | None = option(Kind.STRING, "The syslog facility.")
    syslog_pid: bool = option(Kind.BOOL, "Syslog lines have the process id.", default=True)
    syslog_processname: Untainted = option(Kind.STRING, "The name in syslog lines.", default=Untainted("exim"))
    syslog_timestamp: bool = option(Kind.BOOL, "Syslog lines have our time stamp.", default=True)
    write_rejectlog: bool = option(Kind.BOOL, "There is a reject log.", default=True)
