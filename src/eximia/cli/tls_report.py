"""`eximia tls-report`: send the TLS reports that are due (RFC 8460); for a daily cron job.

    eximia tls-report [-C FILE] [--today] [--domain DOMAIN] [--dry-run] [--json]

Days that are over are reported, with --today the present one too. A report goes to one of the addresses that the domain
names: by mail, or by HTTPS. One that cannot be sent is tried again by the next run, for two weeks. What became of them
is told in lines, or as one JSON array with the reports in it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .report_command import open_for, words_of

if TYPE_CHECKING:
    from eximia.transports.smtp.tls_report_sending import Sent

_NAME = "tls-report"


def command(words: Sequence[str]) -> int:
    """The exit status: 0; 1 when a report could not be sent."""
    parser = words_of(_NAME, "Send the TLS reports that are due.", "print the reports")
    parser.add_argument("--json", action="store_true", help="tell what became of them as JSON, with the reports")
    given = parser.parse_args(list(words))
    from eximia.transports.smtp.tls_report_sending import send

    ctx = open_for(_NAME, words, given.config)
    if ctx is None:
        return 1
    done = send(ctx, today=given.today, only=given.domain.lower(), dry_run=given.dry_run)
    if given.json:
        return _tell_json(list(done))
    failed = False
    for one in done:
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


def _tell_json(done: list[Sent]) -> int:
    """The same for programs."""
    import json

    told = [
        {
            "domain": one.domain,
            "sessions": one.sessions,
            "destinations": one.destinations,
            "told": one.told,
            "problem": one.problem,
            "report": json.loads(one.content) if one.content else None,
        }
        for one in done
    ]
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 1 if any(one.problem for one in done) else 0
