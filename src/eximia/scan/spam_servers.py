"""The servers of `spamd_address` and `rspamd_address`: which are used now, and in which order (manual 45.2)."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from eximia.base.dataclass import dataclass, replace
from eximia.base.listtext import split_list
from eximia.base.namedtuple import NamedTuple
from eximia.base.ports import Stream
from eximia.config.times import read_time
from eximia.context import Context

from .servers import ScanError, Server, connect, read_server

_TIMEOUT = 120
_MOST_SERVERS = 32


@dataclass(frozen=True, slots=True)
class SpamServer:
    """One item of `spamd_address`."""

    server: Server
    priority: int = 1
    weight: int = 1
    #: seconds of the local day between which it is used
    start: int = 0
    end: int = 86400
    retry: int = 0
    timeout: int = _TIMEOUT
    rspamd: bool = False


class Reached(NamedTuple):
    """A connection: `where` is its address, `until` the deadline on the monotonic clock."""

    stream: Stream
    where: str
    until: float
    server: SpamServer


def reached(ctx: Context, option: str, text: str, about: str) -> Iterator[Reached]:
    """Connections to the servers that `text`, the value of `option`, lists, one at a time in the order in which they
    are to be tried; those that cannot be reached are logged and left out. Raises ScanError when none is usable now."""
    servers = [server for item in split_list(text)[:_MOST_SERVERS] if (server := read(ctx, item, about)) is not None]
    now = time.localtime(ctx.process.ports.clock.time())
    second = now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec
    servers = [server for server in servers if server.start <= second <= server.end]
    if not servers:
        raise ScanError(f"no useable {about} server addresses in {option} configuration option.")
    while servers:
        chosen = choose(servers)
        servers.remove(chosen)
        until = ctx.process.ports.clock.monotonic() + chosen.timeout
        if chosen.server.ports == (-1,):
            ctx.process.log.main(f"spam acl condition: {about}: invalid socket '{chosen.server.host}'", ctx.message.id)
            continue
        try:
            stream = connect(ctx, chosen.server, chosen.timeout, chosen.retry)
        except ScanError as error:
            ctx.process.log.main(f"spam acl condition: {about}: {error.message}", ctx.message.id)
            continue
        yield Reached(stream, str(ctx.session.notes["callout_address"]), until, chosen)


def read(ctx: Context, item: str, about: str = "spamd") -> SpamServer | None:
    """One item of the list; None when it is wrong, which is logged."""
    if not item.startswith("/") and len(item.split()) < 2:
        _warn(ctx, f"invalid {about} address: '{item}'")
        return None
    try:
        server, words = read_server(item)
    except ScanError:
        # Found out when it is used: the next one is tried.
        server, words = Server(item, (-1,)), []
    made = SpamServer(server)
    for word in words:
        name, _, value = word.partition("=")
        seconds = read_time(value)
        if name == "variant":
            made = replace(made, rspamd=value == "rspamd")
        elif name == "pri" and value.isdigit():
            made = replace(made, priority=int(value))
        elif name == "weight" and value.isdigit() and int(value) > 0:
            made = replace(made, weight=int(value))
        elif name == "retry" and seconds is not None:
            made = replace(made, retry=seconds)
        elif name == "tmo" and seconds is not None:
            made = replace(made, timeout=seconds)
        elif name == "time" and (span := _span(value)) is not None:
            made = replace(made, start=span[0], end=span[1])
        else:
            _warn(ctx, f"invalid {about} parameter: '{word}'")
    return made


def _span(value: str) -> tuple[int, int] | None:
    start, dash, end = value.partition("-")
    low, high = _of_day(start), _of_day(end)
    return (low, high) if dash and low is not None and high is not None else None


def _of_day(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) > 3 or not all(part.isdigit() for part in parts):
        return None
    hour, minute, second = [*map(int, parts), 0, 0][:3]
    return hour * 3600 + minute * 60 + second


def choose(servers: list[SpamServer]) -> SpamServer:
    """One of those with the highest priority, at random by weight."""
    top = max(server.priority for server in servers)
    best = [server for server in servers if server.priority == top]
    return random.choices(best, [server.weight for server in best])[0]


def _warn(ctx: Context, text: str) -> None:
    ctx.process.log.main(f"spam acl condition: warning - {text}", ctx.message.id)
