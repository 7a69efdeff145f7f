"""Main options that name the ACL of each phase (manual 14.? and chapter 44)."""

from __future__ import annotations

from eximia.base.options import Kind, OptionSet, option
from eximia.base.template import Template


class AclOptions(OptionSet):
    """Which ACL runs when."""

    acl_not_smtp: Template | None = option(
        Kind.EXPAND,
        "The ACL for a message that did not come by SMTP, run when it has been read.",
    )
    acl_not_smtp_mime: Template | None = option(
        Kind.EXPAND,
        "The ACL for each MIME part of a message that did not come by SMTP.",
    )
    acl_not_smtp_start: Template | None = option(
        Kind.EXPAND,
        "The ACL run before a message that does not come by SMTP is read.",
    )
    acl_smtp_atrn: Template | None = option(Kind.EXPAND, "The ACL for the ATRN command.")
    acl_smtp_auth: Template | None = option(Kind.EXPAND, "The ACL for the AUTH command.")
    acl_smtp_connect: Template | None = option(Kind.EXPAND, "The ACL run when an SMTP connection has been made.")
    acl_smtp_data: Template | None = option(Kind.EXPAND, "The ACL run when the whole message has been received.")
    acl_smtp_data_prdr: Template = option(
        Kind.EXPAND,
        "The ACL run once for each recipient when the client asked for PRDR.",
        default=Template("accept"),
        old_names=(
            "acl_data_smtp_prdr",
            "acl_smtp_prdr",
        ),
    )
    acl_smtp_dkim: Template | None = option(Kind.EXPAND, "The ACL run for each DKIM signer of a message.")
    acl_smtp_etrn: Template | None = option(Kind.EXPAND, "The ACL for the ETRN command.")
    acl_smtp_expn: Template | None = option(Kind.EXPAND, "The ACL for the EXPN command.")
    acl_smtp_helo: Template | None = option(Kind.EXPAND, "The ACL for HELO and EHLO.")
    acl_smtp_mail: Template | None = option(Kind.EXPAND, "The ACL for the MAIL command.")
    acl_smtp_mailauth: Template | None = option(Kind.EXPAND, "The ACL that judges the AUTH parameter of MAIL.")
    acl_smtp_mime: Template | None = option(Kind.EXPAND, "The ACL for each MIME part of a message that came by SMTP.")
    acl_smtp_notquit: Template | None = option(Kind.EXPAND, "The ACL run when a connection ends without QUIT.")
    acl_smtp_predata: Template | None = option(Kind.EXPAND, "The ACL for the DATA command, before the message is sent.")
    acl_smtp_quit: Template | None = option(Kind.EXPAND, "The ACL for the QUIT command.")
    acl_smtp_rcpt: Template | None = option(Kind.EXPAND, "The ACL for each RCPT command.")
    acl_smtp_starttls: Template | None = option(Kind.EXPAND, "The ACL for the STARTTLS command.")
    acl_smtp_vrfy: Template | None = option(Kind.EXPAND, "The ACL for the VRFY command.")
    acl_smtp_wellknown: Template | None = option(Kind.EXPAND, "The ACL for the WELLKNOWN command.")
