"""`eximia tls-report`: send the TLS reports that are due (RFC 8460); for a daily cron job.

    eximia tls-report [-C FILE] [--today] [--domain DOMAIN] [--dry-run]

Days that are over are reported, with --today the present one too. A report goes to one of the addresses that the domain
names: by mail, or by HTTPS. One that cannot be sent is tried again by the next run, for two weeks.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def command(words: Sequence[str]) -> int:
    """The exit status: 0; 1 when a report could not be sent."""
    import argparse

    parser = argparse.ArgumentParser(prog="eximia tls-report", description="Send the TLS reports that are due.")
    parser.add_argument("-C", "--config", metavar="FILE", help="the configuration (default: the site's)")
    parser.add_argument("--today", action="store_true", help="report the present day, too")
    parser.add_argument("--domain", default="", metavar="DOMAIN", help="only what is about this domain")
    parser.add_argument("--dry-run", action="store_true", help="print the reports; nothing is sent or forgotten")
    given = parser.parse_args(list(words))
    from eximia.cli.opening import open_process
    from eximia.context import Context
    from eximia.daemon.invocation import Invocation
    from eximia.transports.smtp.tls_report_sending import send

    call = Invocation(program="eximia", words=list(words), action="bm")
    call.config_files = given.config
    process = open_process(call)
    if not process.is_admin:
        sys.stderr.write("eximia tls-report: only an administrator may send reports\n")
        return 1
    failed = False
    for one in send(Context(process), today=given.today, only=given.domain.lower(), dry_run=given.dry_run):
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
