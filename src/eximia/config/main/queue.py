"""Main options about queueing, retrying and delivery (manual 14, 32, 48)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class QueueOptions(OptionSet):
    """When and how messages are delivered."""

    auto_thaw: int = option(Kind.TIME, "Frozen messages are tried again after this time; zero: never.", default=0)
    bi_command: Untainted | None = option(Kind.STRING, "The command that -bi runs.", sink=Sink.COMMAND)
    deliver_queue_load_max: int | None = option(Kind.FIXED, "Above this system load queue runs deliver nothing.")
    hold_domains: Template | None = option(Kind.DOMAIN_LIST, "Domains whose mail waits in the queue.")
    ignore_bounce_errors_after: int = option(
        Kind.TIME,
        "A bounce that cannot be delivered is dropped after this time.",
        default=6048000,
    )
    mua_wrapper: bool = option(Kind.BOOL, "Behave as a client that sends at once and queues nothing.", default=False)
    queue_domains: Template | None = option(Kind.DOMAIN_LIST, "Domains for which delivery is left to a queue run.")
    queue_fast_ramp: bool = option(
        Kind.BOOL,
        "Queue runs deliver while they are still looking for messages.",
        default=False,
    )
    queue_only: bool = option(Kind.BOOL, "Messages are queued, not delivered at once.", default=False)
    queue_only_file: Untainted | None = option(
        Kind.STRING,
        "Messages are only queued while this file exists.",
        sink=Sink.FILE_NAME,
    )
    queue_only_load: int | None = option(Kind.FIXED, "Above this system load messages are only queued.")
    queue_only_load_latch: bool = option(Kind.BOOL, "A connection that began to queue goes on queueing.", default=True)
    queue_only_override: bool = option(Kind.BOOL, "The -od options override queue_only.", default=True)
    queue_run_in_order: bool = option(Kind.BOOL, "Queue runs take messages in order of arrival.", default=False)
    queue_run_max: Template = option(Kind.EXPAND_INTEGER, "The most simultaneous queue runs.", default=Template("5"))
    queue_smtp_domains: Template | None = option(
        Kind.DOMAIN_LIST,
        "Domains that are routed at once but delivered by a queue run.",
    )
    remote_max_parallel: int = option(Kind.INTEGER, "The most simultaneous remote deliveries of a message.", default=2)
    remote_sort_domains: Template | None = option(Kind.DOMAIN_LIST, "The order in which domains are delivered to.")
    retry_data_expire: int = option(Kind.TIME, "Retry data older than this is ignored.", default=604800)
    retry_interval_max: int = option(Kind.TIME, "The longest interval between tries.", default=86400)
    system_filter: Template | None = option(Kind.EXPAND, "The system filter's file.", sink=Sink.FILE_NAME)
    system_filter_directory_transport: Template | None = option(
        Kind.EXPAND,
        "The transport for the system filter's save to a directory.",
    )
    system_filter_file_transport: Template | None = option(
        Kind.EXPAND,
        "The transport for the system filter's save to a file.",
    )
    system_filter_group: int | None = option(Kind.GID, "The group the system filter runs as.")
    system_filter_pipe_transport: Template | None = option(Kind.EXPAND, "The transport for the system filter's pipes.")
    system_filter_reply_transport: Template | None = option(Kind.EXPAND, "The transport for the system filter's mail.")
    system_filter_user: int | None = option(Kind.UID, "The user the system filter runs as.")
    timeout_frozen_after: int = option(Kind.TIME, "A message frozen for this long is dropped; zero: never.", default=0)
