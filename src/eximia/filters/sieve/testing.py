"""What `-bf` prints for a Sieve script."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.filters.errors import FilterError

from .interpreter import Sieve
from .setup import Setup

if TYPE_CHECKING:
    from eximia.context import Context


def report_sieve(ctx: Context, text: str, say: Callable[[str], None], comment: Callable[[str], None] | None) -> int:
    """Run the script; the exit status is 0 whatever it does."""
    sieve = Sieve(ctx, text, Setup(), testing=True)
    try:
        sieve.run()
    except FilterError as error:
        say(f"Sieve error: {error.message}")
        return 0
    if comment is not None:
        for remark in sieve.remarks:
            comment(remark)
        for delivery in sieve.deliveries:
            what = "redirect" if delivery.kind.value == "address" else "fileinto"
            comment(f"{what} `{delivery.text}'")
    say("Implicit keep" if sieve.keep else "No implicit keep")
    return 0
