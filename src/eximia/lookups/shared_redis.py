"""The connection to a Redis server that all sessions of a worker share, for commands that are answered at once.

What may wait (BLPOP, XREAD), may take long (EVAL, KEYS), or changes what the connection is (MULTI, SUBSCRIBE, SELECT)
never goes here: others would wait with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .pool import IDLE, Pool
from .servers import ConnectFailure

if TYPE_CHECKING:
    from eximia.base.ports import Exchange
    from eximia.context import Context

    from .redis import Connection

#: Commands that Redis answers at once and that leave nothing behind in the connection.
QUICK = frozenset(
    b"""APPEND BITCOUNT DECR DECRBY DEL ECHO EXISTS EXPIRE EXPIREAT GET GETBIT GETDEL GETEX GETRANGE GETSET
    HDEL HEXISTS HGET HINCRBY HINCRBYFLOAT HLEN HMGET HMSET HSET HSETNX HSTRLEN INCR INCRBY INCRBYFLOAT
    LINDEX LLEN LPOP LPUSH LPUSHX MGET MSET MSETNX PERSIST PEXPIRE PEXPIREAT PFADD PING PSETEX PTTL
    RPOP RPUSH RPUSHX SADD SCARD SET SETBIT SETEX SETNX SETRANGE SISMEMBER SMISMEMBER SPOP SRANDMEMBER SREM
    STRLEN SUBSTR TIME TOUCH TTL TYPE UNLINK ZADD ZCARD ZCOUNT ZINCRBY ZMSCORE ZRANK ZREM ZREVRANK ZSCORE""".split()
)


class _Place:
    """What a worker knows of the connection to one server."""

    __slots__ = ("exchange", "failure", "failures", "gate", "possible")

    def __init__(self, ctx: Context) -> None:
        self.exchange: Exchange | None = None
        #: one session connects, the others wait for what comes of it
        self.gate = ctx.process.ports.gate(1)
        self.failures = 0
        self.failure = ""
        #: connections can be shared here
        self.possible = True


def shared_with(
    ctx: Context,
    key: str,
    connect: Callable[[], Connection],
    pool: Callable[[], Pool[Connection]],
    timeout: float,
) -> Exchange | None:
    """The shared connection to the server with this key, made anew when there is none; None where connections cannot be
    shared (what was connected is then kept in `pool`). Raises ConnectFailure."""
    places: dict[str, _Place] | None = ctx.process.caches.get("lookup.redis shared")
    if places is None:
        places = ctx.process.caches["lookup.redis shared"] = {}
    place = places.get(key)
    if place is None:
        place = places[key] = _Place(ctx)
    exchange = place.exchange
    if exchange is not None and not exchange.closed:
        return exchange
    if not place.possible:
        return None
    failures = place.failures
    with place.gate:
        if place.exchange is not None and not place.exchange.closed:
            return place.exchange
        if place.failures != failures:
            raise ConnectFailure(place.failure)
        try:
            connection = connect()
        except ConnectFailure as error:
            place.failures += 1
            place.failure = error.message
            raise
        ports = ctx.process.ports
        place.exchange = ports.exchange(connection.stream, connection.reader, timeout=timeout, idle=IDLE)
        if place.exchange is None:
            place.possible = False
            pool().keep(connection)
        return place.exchange
