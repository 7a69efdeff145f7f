"""`${authresults{authserv-id}}`: an Authentication-Results: header of what was checked (RFC 8601).

The texts are contributed by those who checked: `message.auth_results` maps a method to its text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.expand.items.function import FunctionItem

if TYPE_CHECKING:
    from eximia.context import Context


def _authresults(ctx: Context, name: str, values: list[str]) -> str:
    from eximia.expand.authresults import header

    return header(ctx, values[0])


AUTHRESULTS = FunctionItem(1, 1, _authresults, pure=False)
