"""`ldap`, `ldapm`, `ldapdn`, and `ldapauth` for the condition of that name (manual 9.14 to 9.19, 11.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError, NetworkError, RemoteProtocolError
from eximia.base.listtext import split_list
from eximia.base.text import from_bytes, to_bytes
from eximia.dns.hosts import addresses_by_name
from eximia.lookups.pool import pool_for
from eximia.lookups.servers import ConnectFailure, split_host
from eximia.lookups.types import LookupDefer, Options, QueryStyle

from .client import (
    INVALID_CREDENTIALS,
    INVALID_NAME,
    NO_SUCH_OBJECT,
    REFERRAL,
    SIZE_EXCEEDED,
    SUCCESS,
    TIMEOUT,
    Connection,
    Entry,
)
from .codes import words
from .query import Query, parse_query, referred

if TYPE_CHECKING:
    from eximia.context import Context

#: servers that refer to servers that refer
MOST_REFERRALS = 5
_URL_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$'-._()*+")
_IN_FILTER = {"*": "\\2A", "(": "\\28", ")": "\\29", "\\": "\\5C"}
_IN_DN = frozenset(',+"\\<>;')


def _for_url(text: str) -> str:
    return "".join(chr(byte) if byte in _URL_SAFE else f"%{byte:02X}" for byte in to_bytes(text))


def quote_filter(text: str) -> str:
    """`quote_ldap`: for search filters."""
    return _for_url("".join(_IN_FILTER.get(char, char) for char in text))


def quote_dn(text: str) -> str:
    """`quote_ldap_dn`: for distinguished names."""
    body = text.lstrip(" #")
    leading = text[: len(text) - len(body)]
    core = body.rstrip(" ")
    trailing = body[len(core) :]
    escaped = "".join(f"\\{char}" if char in _IN_DN else char for char in core)
    return _for_url("".join(f"\\{char}" for char in leading) + escaped + "\\ " * len(trailing))


class Ldap(QueryStyle):
    """`many`: several entries may be found; `names`: the DN is the result; `binding`: only the bind counts."""

    #: Not refused: a filter cannot do what an SQL statement can, and the manual's older examples do not quote.
    quoters = frozenset({"ldap", "ldapdn", "ldapm"})
    refuses = False

    def __init__(self, *, many: bool = False, names: bool = False, binding: bool = False) -> None:
        self._many = many
        self._names = names
        self._binding = binding

    def quote(self, text: str, option: str | None) -> str | None:
        """See `LookupType.quote`."""
        if option is None:
            return quote_filter(text)
        return quote_dn(text) if option == "dn" else None

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """See `QueryStyle.query`."""
        if not query and not self._binding:
            return None
        parsed = parse_query(query)
        if self._binding:
            if not (parsed.user_given and parsed.password_given):
                raise LookupDefer("ldapauth lookups must specify the username and password")
            if not parsed.password:
                # A bind without password is anonymous and would succeed.
                return None
        failure = ""
        for host, port in _servers(ctx, parsed):
            try:
                return self._ask(ctx, parsed, host, port)
            except ConnectFailure as error:
                failure = error.message
        raise LookupDefer(failure)

    def _ask(self, ctx: Context, query: Query, host: str, port: int) -> str | None:
        """Raises ConnectFailure for the next server, LookupDefer for errors that all would give."""
        server = f"{host}:{port}" if port else host
        pool = pool_for(ctx, "ldap", (query.scheme, host, port), Connection.close)
        try:
            found: str | None = pool.use(
                lambda: _connect(ctx, query, host, port),
                lambda connection, query: self._use(ctx, connection, query, server),
                query,
            )
        except (NetworkError, RemoteProtocolError) as error:
            raise ConnectFailure(f"LDAP server {server}: {error.message}") from None
        return found

    def _use(self, ctx: Context, connection: Connection, query: Query, server: str) -> str | None:
        if self._binding:
            return "" if _bind(ctx, connection, query, server, anew=True) else None
        _bind(ctx, connection, query, server)
        return self._format(query, _search(ctx, connection, query, 0))

    def _format(self, query: Query, entries: list[Entry]) -> str | None:
        """The data of the entries (manual 9.19)."""
        if len(entries) > 1 and not self._many:
            raise LookupDefer(
                f"LDAP search: more than one entry ({len(entries)}) was returned (filter not specific enough?)"
            )
        if not self._names:
            entries = [entry for entry in entries if entry.attributes]
        if not entries:
            return None
        if self._names:
            return from_bytes(entries[0].name)
        single = len(query.attributes) == 1
        return "\n".join(_attributes(entry, single=single) for entry in entries)


def _bind(ctx: Context, connection: Connection, query: Query, server: str, *, anew: bool = False) -> bool:
    """False: the name or password is wrong, and that is what is `anew` asked. Raises ConnectFailure."""
    if not anew and connection.bound == (query.user, query.password):
        return True
    version = ctx.process.main.ldap_version
    timeout = float(query.network_timeout) or TIMEOUT
    bound = connection.bind(query.user, query.password, version if version > 0 else 3, timeout)
    if bound.code == INVALID_CREDENTIALS and anew:
        return False
    if bound.code != SUCCESS:
        raise ConnectFailure(
            f"failed to bind the LDAP connection to server {server} - LDAP error {bound.code}: {words(bound.code)}"
        )
    return True


def _search(ctx: Context, connection: Connection, query: Query, depth: int) -> list[Entry]:
    """The entries, those of servers it refers to too. Raises LookupDefer, and what a lost connection raises."""
    try:
        result, entries = connection.search(query, float(query.network_timeout) or TIMEOUT)
    except LookupDefer:
        raise
    except ExpansionError:
        raise LookupDefer("ldap_search failed: -7, Bad search filter") from None
    if query.follow and result.referrals and depth < MOST_REFERRALS:
        for url in result.referrals:
            other = referred(query, url)
            if other is not None:
                entries += _elsewhere(ctx, other, depth + 1)
        if result.code == REFERRAL:
            return entries
    if result.code not in (SUCCESS, SIZE_EXCEEDED, NO_SUCH_OBJECT, INVALID_NAME):
        raise LookupDefer(f"LDAP search failed - error {result.code}: {result.message}")
    return entries


def _elsewhere(ctx: Context, query: Query, depth: int) -> list[Entry]:
    """A search that a server referred us to, as nobody. Raises LookupDefer."""
    (server,) = _servers(ctx, query)
    try:
        connection = _connect(ctx, query, *server)
        try:
            _bind(ctx, connection, query, query.host)
            return _search(ctx, connection, query, depth)
        finally:
            connection.close()
    except ConnectFailure as error:
        raise LookupDefer(error.message) from None
    except (NetworkError, RemoteProtocolError) as error:
        raise LookupDefer(f"LDAP server {query.host}: {error.message}") from None


def _attributes(entry: Entry, *, single: bool) -> str:
    """The values of an entry; with `single` without names and quotes."""
    parts = []
    for name, values in entry.attributes:
        joined = ",".join(from_bytes(value).replace(",", ",,") for value in values)
        if single:
            parts.append(joined)
            continue
        escaped = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\\n")
        parts.append(f'{from_bytes(name)}="{escaped}"')
    return (",".join if single else " ".join)(parts)


def _servers(ctx: Context, query: Query) -> list[tuple[str, int]]:
    """(host or socket path, port) of each server to try."""
    default = query.port or (636 if query.scheme == "ldaps" else 389)
    if query.host:
        return [(query.host, 0 if query.host.startswith("/") else default)]
    text = query.servers
    option = ctx.process.main.ldap_default_servers
    if not text and option is not None:
        text = option.text if option.constant else ctx.process.services.expand(option.text, ctx)
    found: list[tuple[str, int]] = []
    for item in split_list(text):
        if item.startswith("/"):
            found.append((item, 0))
        elif item:
            host, port, _ = split_host(item, default)
            found.append((host, port))
    return found or [("", default)]


def _connect(ctx: Context, query: Query, host: str, port: int) -> Connection:
    """A new connection, with TLS where it is asked for. Raises ConnectFailure."""
    net = ctx.process.ports.net
    timeout = float(query.network_timeout) or TIMEOUT
    try:
        if host.startswith("/"):
            return Connection(net.connect_unix(host, timeout=timeout))
        if query.scheme == "ldapi":
            raise ConnectFailure(f'ldapi requires an absolute path ("{host}" given)')
        found = addresses_by_name(ctx, host or "localhost")
        if not found.addresses:
            raise NetworkError(f"no address found for {host}")
        address = next((each for each in found.addresses if ":" not in each), found.addresses[0])
        connection = Connection(net.connect(address, port, timeout=timeout))
        starts = query.scheme == "ldap" and ctx.process.main.ldap_start_tls
        if query.scheme == "ldaps" or starts:
            from eximia.lookups.tls import ldap_certificate_required, secure_ldap

            if starts:
                begun = connection.start_tls(timeout)
                if begun.code != SUCCESS and not ldap_certificate_required(ctx):
                    return connection
                if begun.code != SUCCESS:
                    raise ConnectFailure(f"LDAP server {host} refuses TLS: {begun.message}")
            connection.stream = secure_ldap(ctx, connection.stream, host or "localhost", timeout)
        return connection
    except (NetworkError, RemoteProtocolError) as error:
        server = host if host.startswith("/") else f"{host or 'NULL'}:{port}"
        # The words of an LDAP library that connects when it binds.
        raise ConnectFailure(
            f"failed to bind the LDAP connection to server {server} - ldap_bind() returned -1"
        ) from error


class Bind(Ldap):
    """Of the condition `ldapauth`. A password is quoted with `${quote:`, so nothing is said about such text."""

    quoters = frozenset()


LDAP = Ldap()
LDAPM = Ldap(many=True)
LDAPDN = Ldap(names=True)
LDAPAUTH = Bind(binding=True)
