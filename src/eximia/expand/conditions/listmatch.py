"""`match_domain`, `match_address`, `match_local_part`, `match_ip`: a string in a list of its kind.

The list is not expanded as a part of the string; what its items need is done by the layer `lists`. `$value` is
the item's data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError, LookupDefer
from eximia.expand.addressing import ip_words
from eximia.expand.conditions.simple import TwoStrings

if TYPE_CHECKING:
    from eximia.context import Context


@dataclass(frozen=True, slots=True)
class Matching:
    """A match in a list of one kind."""

    kind: str

    def __call__(self, ctx: Context, subject: str, items: str) -> bool:
        try:
            found = ctx.process.services.lists.match(ctx, self.kind, subject, items)
        except LookupDefer as failure:
            # Exim has words only for what a lookup says.
            reason = "NULL" if failure.message.startswith("unknown named ") else failure.message or "NULL"
            message = f'unable to complete match against "{items}": {reason}'
            raise LookupDefer(message, cause=None if reason == "NULL" else failure.cause) from failure
        if found is None:
            return False
        ctx.scope.value = found
        return True


def _match_ip(ctx: Context, subject: str, items: str) -> bool:
    if subject and ip_words(subject) is None:
        raise ExpansionError(f'"{subject}" is not an IP address')
    from eximia.expand.engine import expand_text

    # Lists of hosts are expanded, whatever the manual says of this condition.
    try:
        return _IP(ctx, subject, expand_text(items, ctx))
    except LookupDefer:
        raise
    except ExpansionError as failure:
        raise ExpansionError(f'unable to complete match against "{items}": NULL') from failure


_IP = Matching("ip")

MATCH_ADDRESS = TwoStrings(Matching("address"), sets=True, literal=True)
MATCH_DOMAIN = TwoStrings(Matching("domain"), sets=True, literal=True)
MATCH_LOCAL_PART = TwoStrings(Matching("local_part"), sets=True, literal=True)
MATCH_IP = TwoStrings(_match_ip, sets=True, literal=True)
