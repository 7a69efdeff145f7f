"""`eximia tls-report`: send the TLS reports that are due (RFC 8460); for a daily cron job.

    eximia tls-report [-C FILE] [--today] [--domain DOMAIN] [--dry-run]

Days that are over are reported, with --today the present one too. A report goes to one of the addresses that the domain
names: by mail, or by HTTPS. One that cannot be sent is tried again by the next run, for two weeks.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .report_command import open_for, words_of

_NAME = "tls-report"


def command(words: Sequence[str]) -> int:
    """The exit status: 0; 1 when a report could not be sent."""
    parser = words_of(_NAME, "Send the TLS reports that are due.", "print the reports")
    given = parser.parse_args(list(words))
    from eximia.transports.smtp.tls_report_sending import send

    ctx = open_for(_NAME, words, given.config)
    if ctx is None:
        return 1
    failed = False
    for one in send(ctx, today=given.today, only=given.domain.lower(), dry_run=given.dry_run):
        about = f"{one.domain}: {one.sessions} session{'s' if one.sessions != 1 else ''}"
        if one.problem:
            failed = True
            sys.stderr.write(f"{about}: not sent: {one.problem}\n")
        elif not one.destinations:
            sys.stdout.write(f"{about}: nobody wants a report\n")
        else:
            sys.stdout.write(f"{about}: {', '.join(one.destinations)}: {one.told or 'would be sent'}\n")
        if given.dry_run:
            sys.stdout.write(one.content.decode() + "\n")
    return 1 if failed else 0
