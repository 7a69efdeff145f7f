"""Options of the redirect router (manual chapter 22)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eximia.base.options import Kind, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted

from .generic import RouterOptions, transport_forbidden


class RedirectOptions(RouterOptions):
    """Addresses come from aliases, forward files, filters."""

    allow_defer: bool = option(Kind.BOOL, "The list may have :defer:.", default=False)
    allow_fail: bool = option(Kind.BOOL, "The list may have :fail:.", default=False)
    allow_filter: bool = option(Kind.BOOL, "The data may be a filter.", default=False, old_names=("filter",))
    allow_freeze: bool = option(Kind.BOOL, "A filter may freeze the message.", default=False, old_names=("freeze",))
    check_ancestor: bool = option(
        Kind.BOOL,
        "An address that is its own ancestor is replaced by the local part.",
        default=False,
    )
    check_group: bool = option(Kind.BOOL, "The file's group must be one of owngroups or the user's.", default=False)
    check_owner: bool = option(Kind.BOOL, "The file's owner must be one of owners or the user.", default=False)
    data: Template | None = option(Kind.EXPAND, "The list of addresses, or the filter.")
    directory_transport: Template | None = option(Kind.EXPAND, "The transport for directories.")
    file: Template | None = option(Kind.EXPAND, "The file with the list or the filter.", sink=Sink.FILE_NAME)
    file_transport: Template | None = option(Kind.EXPAND, "The transport for files.")
    filter_prepend_home: bool = option(
        Kind.BOOL,
        "Relative names in a filter's save are in the home directory.",
        default=True,
    )
    forbid_blackhole: bool = option(Kind.BOOL, "The list may not have :blackhole:.", default=False)
    forbid_exim_filter: bool = option(Kind.BOOL, "Exim filters are forbidden.", default=False)
    forbid_file: bool = option(Kind.BOOL, "Files and directories are forbidden.", default=False)
    forbid_filter_dlfunc: bool = option(Kind.BOOL, "Filters may not use ${dlfunc.", default=False)
    forbid_filter_existstest: bool = option(Kind.BOOL, "Filters may not test whether files exist.", default=False)
    forbid_filter_logwrite: bool = option(Kind.BOOL, "Filters may not write logs.", default=False)
    forbid_filter_lookup: bool = option(Kind.BOOL, "Filters may not use look-ups.", default=False)
    forbid_filter_perl: bool = option(Kind.BOOL, "Filters may not use Perl.", default=False)
    forbid_filter_readfile: bool = option(Kind.BOOL, "Filters may not read files.", default=False)
    forbid_filter_readsocket: bool = option(Kind.BOOL, "Filters may not read sockets.", default=False)
    forbid_filter_reply: bool = option(Kind.BOOL, "Filters may not send messages.", default=False)
    forbid_filter_run: bool = option(Kind.BOOL, "Filters may not run commands.", default=False)
    forbid_include: bool = option(Kind.BOOL, "The list may not have :include:.", default=False)
    forbid_pipe: bool = option(Kind.BOOL, "Pipes are forbidden.", default=False)
    forbid_sieve_filter: bool = option(Kind.BOOL, "Sieve filters are forbidden.", default=False)
    forbid_smtp_code: bool = option(Kind.BOOL, "SMTP codes in :fail: and :defer: are ignored.", default=False)
    hide_child_in_errmsg: bool = option(Kind.BOOL, "Bounces do not show the generated address.", default=False)
    ignore_eacces: bool = option(Kind.BOOL, "A file that may not be read counts as absent.", default=False)
    ignore_enotdir: bool = option(Kind.BOOL, "A file below what is no directory counts as absent.", default=False)
    include_directory: Untainted | None = option(
        Kind.STRING,
        "Included files must be in this directory.",
        sink=Sink.FILE_NAME,
    )
    modemask: int = option(Kind.OCTAL, "Permissions the file must not have.", default=0o22)
    one_time: bool = option(
        Kind.BOOL,
        "Addresses are generated once and replace the original recipient.",
        default=False,
    )
    owners: tuple[int, ...] = option(Kind.UID_LIST, "Users that may own the file.", default=())
    owngroups: tuple[int, ...] = option(Kind.GID_LIST, "Groups that may own the file.", default=())
    pipe_transport: Template | None = option(Kind.EXPAND, "The transport for pipes.")
    qualify_domain: Template | None = option(Kind.EXPAND, "The domain added to addresses without one.")
    qualify_preserve_domain: bool = option(
        Kind.BOOL,
        "Such addresses get the domain of the original one.",
        default=False,
    )
    repeat_use: bool = option(Kind.BOOL, "The router handles its own children too.", default=True)
    reply_transport: Template | None = option(Kind.EXPAND, "The transport for messages of filters.")
    rewrite: bool = option(Kind.BOOL, "Generated addresses are rewritten.", default=True)
    sieve_enotify_mailto_owner: Template | None = option(Kind.EXPAND, "The sender of Sieve's mail notifications.")
    sieve_inbox: Template = option(Kind.EXPAND, "The mailbox that Sieve's keep delivers to.", default=Template("inbox"))
    sieve_subaddress: Template | None = option(Kind.EXPAND, "The :subaddress of Sieve.")
    sieve_useraddress: Template | None = option(Kind.EXPAND, "The :user of Sieve.")
    sieve_vacation_directory: Template | None = option(
        Kind.EXPAND,
        "Where Sieve's vacation remembers senders.",
        sink=Sink.FILE_NAME,
    )
    skip_syntax_errors: bool = option(Kind.BOOL, "Wrong items of the list are left out.", default=False)
    srs: Untainted | None = option(
        Kind.STRING,
        "forward, reverse or reverseandforward: SRS of the sender or recipient.",
    )
    srs_alias: Template | None = option(Kind.EXPAND, "The domain of SRS addresses made here.")
    srs_condition: Template | None = option(Kind.EXPAND, "Whether SRS is done.")
    srs_dbinsert: Template | None = option(Kind.EXPAND, "Stores $srs_db_address under $srs_db_key.")
    srs_dbselect: Template | None = option(Kind.EXPAND, "Fetches the address stored under $srs_db_key.")
    syntax_errors_text: Template | None = option(Kind.EXPAND, "The text of messages about such items.")
    syntax_errors_to: Template | None = option(Kind.EXPAND, "Who is told about them.")

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        yield from super().settle(values, given)
        yield from transport_forbidden(values)
        if values["file"] is None and values["data"] is None:
            yield 'one of "file" or "data" must be specified'
        if values["file"] is not None and values["data"] is not None:
            yield 'only one of "file" or "data" must be specified'
        if values["one_time"]:
            yield from _one_time(values)
        if values["qualify_domain"] is not None and values["qualify_preserve_domain"]:
            yield 'only one of "qualify_domain" or "qualify_preserve_domain" must be set'
        if values["allow_filter"] and not values["check_local_user"] and values["user"] is None:
            yield '"user" or "check_local_user" must be set with "allow_filter"'
        if "check_owner" not in given:
            values["check_owner"] = values["check_local_user"] or bool(values["owners"])
        if "check_group" not in given:
            values["check_group"] = bool(values["owngroups"]) or (
                values["check_local_user"] and values["modemask"] & 0o020 == 0
            )


def _one_time(values: dict[str, Any]) -> Iterator[str]:
    """What makes no sense where addresses replace the original recipients."""
    if values["headers_add"] is not None or values["headers_remove"] is not None:
        yield '"headers_add" and "headers_remove" are not permitted with "one_time"'
    if values["unseen"] is not False:
        yield '"unseen" may not be used with "one_time"'
