"""-brt: which retry rule is used for an address or domain, and an error (manual 5.3, 32)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from eximia.cli.actions.expand import context
from eximia.cli.opening import open_process

if TYPE_CHECKING:
    from eximia.base.template import Template
    from eximia.daemon.invocation import Invocation

_NO_DOT = (
    "Warning: \"{}\" contains no '@' and no '.' characters. It is being \n"
    "treated as a one-component domain, not as a local part.\n\n"
)


def run(call: Invocation) -> int:
    from eximia.base.errors import ConfigError, Defer
    from eximia.lists import match_address
    from eximia.retry.rules import ErrorPattern, find_rule, format_rule, parse_error

    words = call.arguments
    if not words:
        print("-brt needs a domain or address argument")
        return 1
    process = open_process(call)
    ctx = context(process, call)

    def matches(pattern: Template, subject: str) -> bool:
        try:
            return match_address(pattern, subject, ctx) is not None
        except Defer:
            return False

    if "@" not in words[0] and "." not in words[0]:
        sys.stdout.write(_NO_DOT.format(words[0]))
    rest = words[1:]
    alternate = rest.pop(0) if rest and "." in rest[0] else ""
    errno, more = 0, 0
    if rest:
        try:
            error: ErrorPattern = parse_error(rest[0], warn=process.log.main)
        except ConfigError as problem:
            sys.stdout.write(f"{problem.message}\n")
            return 1
        errno, more = error.errno or 0, error.more
    sender = call.sender if call.sender is not None else None
    rule = find_rule(process.config.retry, words[0], alternate, errno, more, sender, matches)
    if rule is None:
        sys.stdout.write("No retry information found\n")
    else:
        sys.stdout.write(f"Retry rule: {format_rule(rule)}\n")
    return 0
