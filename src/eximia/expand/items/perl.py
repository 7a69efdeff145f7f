"""`${perl{subroutine}{arg}...}`: a Perl subroutine of `perl_startup` (manual chapter 12).

Perl runs as a process of its own; see `aio.perl`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted
from eximia.expand.items.function import FunctionItem

if TYPE_CHECKING:
    from eximia.context import Context


def _perl(ctx: Context, name: str, values: list[str]) -> str:
    perl = ctx.process.services.perl
    if perl is None or not getattr(ctx.process.main, "perl_startup", None):
        raise ExpansionError("A setting of perl_startup is needed when using the Perl interpreter")
    # The administrator's own program answers for what it returns: configurations make names safe in this way.
    return Untainted(perl.call(ctx, values[0], values[1:]))


PERL = FunctionItem(1, 9, _perl, pure=False)
