"""What `-bf` and `-bF` print: the actions a filter would take for a message (filter document 1.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .exim.interpreter import interpret
from .exim.run import Limits
from .recognition import filter_kind
from .service import system_limits

if TYPE_CHECKING:
    from eximia.context import Context

Say = Callable[[str], None]


def report_filter(ctx: Context, text: str, name: str, say: Say, comment: Say | None, *, system: bool) -> int:
    """Run one filter on the message; the exit status."""
    # A system filter is an Exim filter, whatever its first line says.
    kind = "exim" if system else filter_kind(text)
    spoken = {"exim": "Exim filter", "sieve": "Sieve filter"}.get(kind, "forward file")
    say(f'Testing {spoken} file "{name}"')
    say("")
    if kind == "sieve":
        from .sieve.testing import report_sieve

        return report_sieve(ctx, text, say, comment)
    if not kind:
        return _report_list(ctx, text, say)
    main = ctx.process.main
    domain = str(main.qualify_recipient or main.qualify_domain or ctx.process.primary_hostname)
    limits = system_limits(ctx) if system else Limits(prepend_home=False, qualify_domain=domain)
    result = interpret(ctx, text, limits, say=say, comment=comment)
    if result.verdict == "error":
        say(f"Filter error: {result.message}")
        return 1
    if result.verdict in ("fail", "freeze", "defer"):
        say(f'Filtering ended by "{result.verdict}".')
    elif result.verdict == "delivered":
        say("Filtering set up at least one significant delivery or other action.")
        say("No other deliveries will occur.")
    else:
        say("Filtering did not set up a significant delivery.")
        say("Normal delivery will occur.")
    return 0


def _report_list(ctx: Context, text: str, say: Say) -> int:
    """A forward file that is no filter: its addresses, the last first."""
    from eximia.message.address import AddressSyntaxError, addresses_in, parse_address, qualify

    main = ctx.process.main
    domain = str(main.qualify_recipient or main.qualify_domain or ctx.process.primary_hostname)
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    found: list[str] = []
    body = ", ".join(lines)
    for start, end in addresses_in(body):
        item = body[start:end].strip()
        if item[:1] in ("|", "/"):
            found.append(item)
            continue
        if item.lower().startswith(":blackhole:"):
            say('exim: forwardfile contains ":blackhole:"')
            continue
        if item.lower().startswith((":fail:", ":defer:")):
            say(f'exim: error in forward file: "{item}" is not permitted')
            return 1
        try:
            address = parse_address(item).address
        except AddressSyntaxError as error:
            say(f'exim: error in forward file: {error.message} in "{item}"')
            return 1
        found.append(qualify(address, domain))
    if not found:
        say("exim: no addresses generated from forward file")
        return 0
    say("exim: forward file generated:")
    for each in reversed(found):
        say(f"  {each}")
    return 0
