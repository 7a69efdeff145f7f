"""Main options about users, privileges, the environment and how the program runs (manual 14, 56)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class ProcessOptions(OptionSet):
    """Users, groups, names and the environment."""

    add_environment: Template | None = option(Kind.STRING_LIST, "Variables added to the environment.")
    admin_groups: tuple[int, ...] = option(Kind.GID_LIST, "Groups whose members are admin users.", default=())
    commandline_checks_require_admin: bool = option(
        Kind.BOOL,
        "Only admin users may use -be, -bh, -bf and the like.",
        default=False,
    )
    debug_store: bool = option(Kind.BOOL, "Kept for compatibility; without effect.", default=False)
    deliver_drop_privilege: bool = option(Kind.BOOL, "Deliveries run without root privilege.", default=False)
    exim_group: int | None = option(Kind.GID, "The group we run as.")
    exim_path: Untainted | None = option(
        Kind.STRING,
        "The program's own path, for calling itself.",
        sink=Sink.FILE_NAME,
    )
    exim_user: int | None = option(Kind.UID, "The user we run as.")
    daemon_workers: int = option(
        Kind.INTEGER, "How many worker processes the daemon has; 0: one for each processor.", default=0, own=True
    )
    exim_version: Untainted = option(Kind.STRING, "The version we say we are.", default=Untainted("4.99"))
    extract_addresses_remove_arguments: bool = option(
        Kind.BOOL,
        "With -t, addresses on the command line are removed from the recipients.",
        default=True,
    )
    finduser_retries: int = option(
        Kind.INTEGER,
        "How often a user name that is not found is looked up again.",
        default=0,
    )
    gecos_name: Template | None = option(Kind.EXPAND, "A user's full name, made from what gecos_pattern matched.")
    gecos_pattern: Untainted | None = option(Kind.STRING, "The pattern a password entry's gecos field is matched with.")
    keep_environment: Template | None = option(Kind.STRING_LIST, "Variables of the environment that are kept.")
    local_scan_path: Untainted | None = option(Kind.STRING, "Kept for compatibility; without effect.")
    local_scan_timeout: int = option(Kind.TIME, "Kept for compatibility; without effect.", default=300)
    localhost_number: Template | None = option(
        Kind.EXPAND,
        "This host's number, when several share a name: part of message ids.",
    )
    max_username_length: int = option(Kind.INTEGER, "Longer local parts are no user names; zero: no limit.", default=0)
    never_users: tuple[int, ...] = option(Kind.UID_LIST, "Users as whom nothing is ever delivered.", default=())
    notifier_socket: Template = option(
        Kind.EXPAND,
        "The daemon's socket for calls from other processes.",
        default=Template("$spool_directory/exim_daemon_notify"),
        sink=Sink.FILE_NAME,
    )
    panic_coredump: bool = option(Kind.BOOL, "Kept for compatibility; without effect.", default=False)
    perl_at_start: bool = option(Kind.BOOL, "Perl is started when we start.", default=False)
    perl_startup: Untainted | None = option(Kind.STRING, "Perl code run when Perl starts.")
    perl_taintmode: bool = option(Kind.BOOL, "Perl runs with taint checks.", default=False)
    pid_file_path: Template | None = option(
        Kind.EXPAND,
        "The file the daemon writes its process id to.",
        sink=Sink.FILE_NAME,
    )
    primary_hostname: Untainted | None = option(Kind.STRING, "This host's name.")
    prod_requires_admin: bool = option(Kind.BOOL, "Only admin users may use -M, -q, -R and -S.", default=True)
    queue_list_requires_admin: bool = option(Kind.BOOL, "Only admin users may list others' messages.", default=True)
    timezone: Untainted | None = option(Kind.STRING, "The time zone of our times.")
    trusted_groups: tuple[int, ...] = option(Kind.GID_LIST, "Groups whose members are trusted users.", default=())
    trusted_users: tuple[int, ...] = option(Kind.UID_LIST, "Users who may set senders and more.", default=())
    unknown_login: Template | None = option(Kind.EXPAND, "The login name given to a caller whose uid has none.")
    unknown_username: Untainted | None = option(Kind.STRING, "The full name given to such a caller.")
    untrusted_set_sender: Template | None = option(Kind.ADDRESS_LIST, "Senders that untrusted users may give with -f.")
