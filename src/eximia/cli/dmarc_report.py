"""`eximia dmarc-report`: send the aggregate reports that are due (RFC 9990); for a daily cron job.

    eximia dmarc-report [-C FILE] [--today] [--domain DOMAIN] [--dry-run [--xml]]

Days that are over are reported, with --today the present one too. A report that cannot be sent for now (DNS, spool)
is tried again by the next run, for two weeks.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .report_command import open_for, words_of

_NAME = "dmarc-report"


def command(words: Sequence[str]) -> int:
    """The exit status: 0; 1 when a report could not be sent."""
    parser = words_of(_NAME, "Send the aggregate reports that are due.", "show what would be sent")
    parser.add_argument("--xml", action="store_true", help="with --dry-run: print the reports")
    given = parser.parse_args(list(words))

    from eximia.acl.dmarc.reports import send

    ctx = open_for(_NAME, words, given.config)
    if ctx is None:
        return 1
    failed = False
    for report in send(ctx, today=given.today, only=given.domain.lower(), dry_run=given.dry_run):
        messages = f"{report.messages} message{'s' if report.messages != 1 else ''}"
        if report.problem:
            failed = True
            sys.stderr.write(f"{report.domain}: {messages}: not sent: {report.problem}\n")
        elif not report.recipients:
            sys.stdout.write(f"{report.domain}: {messages}: nobody wants a report\n")
        else:
            told = report.message_id or "would be sent"
            sys.stdout.write(f"{report.domain}: {messages}: {', '.join(report.recipients)}: {told}\n")
        if given.xml:
            sys.stdout.write(report.content.decode("utf-8"))
    return 1 if failed else 0
