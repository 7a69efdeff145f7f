"""`${dlfunc{file}{function}{arg}...}`: refused. Exim's interface hands functions its own C structures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.items.function import FunctionItem

if TYPE_CHECKING:
    from eximia.context import Context


def _dlfunc(ctx: Context, name: str, values: list[str]) -> str:
    raise ExpansionError(
        f'dlopen "{values[0]}" failed: functions written for Exim\'s C interface cannot be called by this program; '
        "use ${run...} or ${readsocket...}",
    )


DLFUNC = FunctionItem(2, 10, _dlfunc, pure=False)
