"""Lists of servers of databases: the main option, `servers=` of a lookup, the old form in the query (manual 9.22,
9.23). The servers are tried in order until one answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from eximia.base.errors import ExpansionError
from eximia.base.listtext import split_list
from eximia.base.pattern import pattern
from eximia.base.text import marked

from .types import LookupDefer, Options, option

if TYPE_CHECKING:
    from eximia.base.template import Template
    from eximia.context import Context

T = TypeVar("T")

_READS = pattern(r"(?is)\s*(?:servers\s*=[^;]*;)?[\s(]*(?:select|show|table|values|explain|describe)\b")


class ConnectFailure(Exception):
    """A server could not be reached: the next one is tried. `message` is for the log."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def old_form(query: str, spoken: str) -> tuple[str, str]:
    """(servers, query) of `servers=a:b; query`; no servers when it does not begin so. Raises LookupDefer."""
    if not query.startswith("servers"):
        return "", query
    rest = query[7:].lstrip()
    if not rest.startswith("="):
        raise LookupDefer(f'missing = after "servers" in {spoken} lookup')
    servers, semicolon, asked = rest[1:].lstrip().partition(";")
    if not semicolon:
        raise LookupDefer(f'missing ; after "servers=" in {spoken} lookup')
    if not servers:
        raise LookupDefer(f'"servers=" defines no servers in "{query}"')
    return servers.strip(), marked(asked.lstrip(), query)


@lru_cache(maxsize=64, typed=True)
def _items(text: str) -> tuple[str, ...]:
    return tuple(item for item in split_list(text) if item)


def server_items(ctx: Context, name: str, spoken: str, configured: Template | None, chosen: str) -> Sequence[str]:
    """The servers to try, in full. `chosen` is what the lookup says; items without a slash are looked up by host in
    the main option `name`_servers. Raises LookupDefer."""
    known: Sequence[str] = ()
    if configured is not None:
        text = configured.text if configured.constant else ctx.process.services.expand(configured.text, ctx)
        known = _items(text)
    if not chosen:
        if not known:
            raise LookupDefer(f"no {spoken} servers defined ({name}_servers option)")
        return known
    found: list[str] = []
    for item in split_list(chosen):
        if "/" in item:
            found.append(item)
            continue
        full = next((each for each in known if each.partition("/")[0] == item), None)
        if full is None:
            raise LookupDefer(f'{spoken} server "{item}" not found in {name}_servers')
        found.append(full)
    return found


def only_reads(query: str) -> bool:
    """Whether an SQL query looks as if it changed nothing."""
    return _READS.match(query) is not None


def ask(
    ctx: Context,
    name: str,
    spoken: str,
    configured: Template | None,
    query: str,
    options: Options,
    perform: Callable[[str, str], T],
) -> T:
    """`perform(server, query)` with the first server that can be reached. Raises LookupDefer."""
    chosen, query = old_form(query, spoken)
    if chosen:
        ctx.process.log.main(f"WARNING: obsolete syntax used for lookup: write {name},servers=...", ctx.message.id)
    if not chosen and options:
        given = option(options, "servers")
        if given is not None and not given:
            raise LookupDefer("")
        chosen = given or ""
    failure = ""
    for server in server_items(ctx, name, spoken, configured, chosen):
        try:
            return perform(server, query)
        except ConnectFailure as error:
            failure = error.message
    raise LookupDefer(failure)


def check_fields(spoken: str, fields: Sequence[str]) -> None:
    """Host, database, user and password. Raises LookupDefer when there are more or fewer."""
    if len(fields) < 4:
        raise LookupDefer(f"incomplete {spoken} server data: {_without_password(fields)}")
    if len(fields) > 4:
        raise LookupDefer(f"unexpected slash in {spoken} server hostname: {'/'.join(fields[:-3])}")


def _without_password(fields: Sequence[str]) -> str:
    return "/".join(fields[:-1] or fields)


def address_of(ctx: Context, host: str, who: str) -> str:
    """The address of a host name. Raises ConnectFailure in the words of MariaDB's library after `who`."""
    from eximia.dns.hosts import Outcome, addresses_by_name

    found = addresses_by_name(ctx, host)
    if not found.addresses:
        # with the number that the resolver has for it: EAI_AGAIN, EAI_NONAME
        number = -3 if found.outcome is Outcome.AGAIN else -2
        raise ConnectFailure(f"{who}: Unknown server host '{host}' ({number})")
    return next((each for each in found.addresses if ":" not in each), found.addresses[0])


def split_host(text: str, default_port: int) -> tuple[str, int, str]:
    """(host, port, socket path) of `host`, `host:port`, `[v6]:port`, `(socket)`."""
    host, bracket, rest = text.partition("(")
    socket = rest.partition(")")[0] if bracket else ""
    host = host.strip()
    if host.startswith("["):
        address, _, port = host[1:].partition("]")
        return address, _port(port.removeprefix(":"), default_port), socket
    if host.count(":") == 1:
        host, _, port = host.partition(":")
        return host, _port(port, default_port), socket
    return host, default_port, socket


def _port(text: str, default: int) -> int:
    if not text:
        return default
    if not text.isdigit():
        raise ExpansionError(f'bad port number "{text}" in server data')
    return int(text)


def escape_sql(text: str, *, doubled_quote: bool) -> str:
    """Text for a string literal of MySQL (quotes escaped) or PostgreSQL (single quotes doubled)."""
    if text.isalnum():
        return text
    out = []
    for char in text:
        if char == "'" and doubled_quote:
            out.append("''")
        else:
            out.append(_ESCAPES.get(char, char))
    return "".join(out)


_ESCAPES = {
    "\n": "\\n",
    "\t": "\\t",
    "\r": "\\r",
    "\b": "\\b",
    "'": "\\'",
    '"': '\\"',
    "\\": "\\\\",
}
