"""DNS without sockets: messages, typed records, judged answers, the TTL cache, and the rules that Exim lays over them.

The transport (UDP and TCP over the event loop) is `aio`'s; it uses `wire`, `answer` and `cache` from here. Policy asks
through `lookup.lookup` and the helpers of `hosts`.
"""

from .answer import Answer, Status
from .records import Record, Type

__all__ = ["Answer", "Record", "Status", "Type"]
