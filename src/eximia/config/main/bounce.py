"""Main options about bounces, warnings and other messages we write (manual 50)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, Sink, option
from eximia.base.template import Template
from eximia.base.text import Untainted


class BounceOptions(OptionSet):
    """What we tell senders and postmasters."""

    bounce_message_file: Template | None = option(Kind.EXPAND, "A file with the text of bounces.", sink=Sink.FILE_NAME)
    bounce_message_text: Untainted | None = option(Kind.STRING, "Text put at the start of bounces.")
    bounce_return_body: bool = option(Kind.BOOL, "Bounces have the message's body.", default=True)
    bounce_return_linesize_limit: int = option(
        Kind.KILO,
        "Bounces of messages with longer lines do not have the body.",
        default=998,
    )
    bounce_return_message: bool = option(Kind.BOOL, "Bounces have the message.", default=True)
    bounce_return_size_limit: int = option(
        Kind.KILO,
        "How much of the message bounces have.",
        default=102400,
        old_names=("return_size_limit",),
    )
    bounce_sender_authentication: Untainted | None = option(Kind.STRING, "The authenticated sender of bounces.")
    delay_warning: tuple[int, ...] = option(
        Kind.TIME_LIST,
        "When senders are told that their message is late.",
        default=(86400,),
    )
    delay_warning_condition: Template = option(
        Kind.EXPAND,
        "Whether they are told.",
        default=Template(
            "${if or {{ !eq{$h_list-id:$h_list-post:$h_list-subscribe:}{} }"
            "{ match{$h_precedence:}{(?i)bulk|list|junk} }{ match{$h_auto-submitted:}"
            "{(?i)auto-generated|auto-replied} }} {no}{yes}}"
        ),
    )
    dsn_from: Template = option(
        Kind.EXPAND,
        "The From: of messages we write.",
        default=Template("Mail Delivery System <Mailer-Daemon@$qualify_domain>"),
    )
    errors_copy: Template | None = option(Kind.STRING_LIST, "Who gets copies of bounces for whom.")
    errors_reply_to: Untainted | None = option(Kind.STRING, "The Reply-To: of messages we write.")
    freeze_tell: Untainted | None = option(Kind.STRING, "Who is told when a message is frozen.")
    warn_message_file: Template | None = option(Kind.EXPAND, "A file with the text of warnings.", sink=Sink.FILE_NAME)
