"""The accept router: takes what meets its preconditions (manual 16)."""

from __future__ import annotations

from eximia.context import Address, Context
from eximia.routers.assign import assign
from eximia.routers.result import Answer
from eximia.routers.router import Driver, RouteCall


class Accept(Driver):
    """No options of its own."""

    def route(self, ctx: Context, address: Address, call: RouteCall) -> Answer:
        assign(ctx, address, self.router, call.mode)
        return Answer.ACCEPT
