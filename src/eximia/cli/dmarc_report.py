"""`eximia dmarc-report`: send the aggregate reports that are due (RFC 9990); for a daily cron job.

    eximia dmarc-report [-C FILE] [--today] [--domain DOMAIN] [--dry-run [--xml]]

Days that are over are reported, with --today the present one too. A report that cannot be sent for now (DNS, spool)
is tried again by the next run, for two weeks.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def command(words: Sequence[str]) -> int:
    """The exit status: 0; 1 when a report could not be sent."""
    import argparse

    parser = argparse.ArgumentParser(prog="eximia dmarc-report", description="Send the aggregate reports that are due.")
    parser.add_argument("-C", "--config", metavar="FILE", help="the configuration (default: the site's)")
    parser.add_argument("--today", action="store_true", help="report the present day, too")
    parser.add_argument("--domain", default="", metavar="DOMAIN", help="only what is about this domain")
    parser.add_argument("--dry-run", action="store_true", help="show what would be sent; nothing is sent or forgotten")
    parser.add_argument("--xml", action="store_true", help="with --dry-run: print the reports")
    given = parser.parse_args(list(words))

    from eximia.acl.dmarc.reports import send
    from eximia.cli.opening import open_process
    from eximia.context import Context
    from eximia.daemon.invocation import Invocation

    call = Invocation(program="eximia", words=list(words), action="bm")
    call.config_files = given.config
    process = open_process(call)
    if not process.is_admin:
        sys.stderr.write("eximia dmarc-report: only an administrator may send reports\n")
        return 1
    failed = False
    for report in send(Context(process), today=given.today, only=given.domain.lower(), dry_run=given.dry_run):
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
