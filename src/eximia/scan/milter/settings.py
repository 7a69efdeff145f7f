"""The items of `milters`: `host port` or a socket's path, then `name=`, `timeout=`, `connect=`, `default=`."""

from __future__ import annotations

from eximia.base.dataclass import dataclass
from eximia.base.listtext import split_list
from eximia.config.times import read_time
from eximia.scan.servers import ScanError, Server, read_server

#: what is done with mail when the filter cannot be asked
DEFAULTS = ("tempfail", "accept", "reject")


@dataclass(frozen=True, slots=True)
class MilterSettings:
    """One filter. `timeout`: seconds for one answer, `connect`: for the connection."""

    server: Server
    name: str
    timeout: int = 300
    connect: int = 10
    default: str = "tempfail"


def read_settings(text: str) -> list[MilterSettings]:
    """Raises ScanError."""
    return [_read(item) for item in split_list(text) if item]


def _read(item: str) -> MilterSettings:
    server, words = read_server(item)
    options: dict[str, str] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in ("name", "timeout", "connect", "default") or not value:
            raise ScanError(f"unknown milter option '{word}'")
        options[name] = value
    times = [read_time(options.get(name, usual)) for name, usual in (("timeout", "5m"), ("connect", "10s"))]
    timeout, connect = times
    default = options.get("default", DEFAULTS[0])
    if timeout is None or connect is None or default not in DEFAULTS:
        raise ScanError(f"bad value in '{item}'")
    return MilterSettings(server, options.get("name", server.shown), timeout, connect, default)
