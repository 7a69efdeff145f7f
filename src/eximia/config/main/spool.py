"""Main options about the spool, its place and its limits (manual 14, 57)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class SpoolOptions(OptionSet):
    """The spool."""

    arrival_log: bool = option(
        Kind.BOOL,
        "The daemon keeps new messages safe in a log, and writes files only for those that stay.",
        default=True,
        own=True,
    )
    check_log_inodes: int = option(
        Kind.INTEGER,
        "Messages are refused when the log's file system has fewer free inodes.",
        default=100,
    )
    check_log_space: int = option(
        Kind.KIBI,
        "Messages are refused when the log's file system has less free space.",
        default=10240,
    )
    check_spool_inodes: int = option(
        Kind.INTEGER,
        "Messages are refused when the spool's file system has fewer free inodes.",
        default=100,
    )
    check_spool_space: int = option(
        Kind.KIBI,
        "Messages are refused when the spool's file system has less free space.",
        default=10240,
    )
    disable_fsync: bool = option(
        Kind.BOOL, "Kept for compatibility; without effect: messages are always made durable.", default=False
    )
    hints_database: Untainted = option(
        Kind.STRING,
        "Where hints are kept: sqlite, lmdb, or the URL of a Redis server that several servers share.",
        default=Untainted("sqlite"),
        secret=True,
        own=True,
    )
    keep_malformed: int = option(Kind.TIME, "How long damaged messages are kept in the queue.", default=345600)
    message_id_format: Untainted = option(
        Kind.STRING,
        "The form of new message ids: long (since 4.97) or short.",
        default=Untainted("long"),
        own=True,
    )
    message_logs: bool = option(Kind.BOOL, "Each message has a log file of its own.", default=True)
    move_frozen_messages: bool = option(
        Kind.BOOL,
        "Frozen messages are moved to directories of their own.",
        default=False,
    )
    preserve_message_logs: bool = option(Kind.BOOL, "Message logs are kept when the message is done.", default=False)
    split_spool_directory: bool = option(Kind.BOOL, "The spool is divided into 62 sub-directories.", default=False)
    spool_directory: Template | None = option(Kind.EXPAND, "The spool.", sink=Sink.FILE_NAME)
    spool_wireformat: bool = option(
        Kind.BOOL, "Messages that come in chunks (BDAT) are kept as they came, with CRLF.", default=False
    )
