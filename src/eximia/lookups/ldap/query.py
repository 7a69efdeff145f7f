"""An LDAP query: settings, then a URL (manual 9.15 to 9.18)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from eximia.base.dataclass import dataclass, field
from eximia.base.errors import LookupDefer
from eximia.base.text import to_bytes

_SETTING = re.compile(r"([A-Za-z]+\s*)=")
_URL = re.compile(r"(ldaps?|ldapi)://([^/?]*)(?:/([^?]*))?(?:\?(.*))?\Z", re.IGNORECASE | re.DOTALL)
_LDAP = re.compile(r"ldap", re.IGNORECASE)
_DIGITS = re.compile(r"\d{1,9}")
_SCOPES = {"": 0, "base": 0, "one": 1, "sub": 2}
_DEREFERENCE = {"never": 0, "searching": 1, "finding": 2, "always": 3}


@dataclass(slots=True)
class Query:
    """What a query says; empty or 0: nothing."""

    scheme: str = "ldap"
    host: str = ""
    port: int = 0
    base: bytes = b""
    attributes: list[bytes] = field(default_factory=list)
    scope: int = 0
    filter: bytes = b"(objectClass=*)"
    user: bytes = b""
    password: bytes = b""
    user_given: bool = False
    password_given: bool = False
    servers: str = ""
    dereference: int = 0
    #: servers that a server names are asked too
    follow: bool = True
    size_limit: int = 0
    time_limit: int = 0
    network_timeout: int = 0


def _quoted(text: str) -> tuple[str, str]:
    """The value in double quotes at the start of `text`, and what follows."""
    out: list[str] = []
    at = 1
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
        out.append(text[at])
        at += 1
    return "".join(out), text[at + 1 :]


def parse_query(text: str) -> Query:
    """Raises LookupDefer with Exim's words."""
    query = Query()
    rest = text.strip()
    while not _LDAP.match(rest):
        setting = _SETTING.match(rest)
        if setting is None:
            raise LookupDefer("malformed parameter setting precedes LDAP URL")
        rest = rest[setting.end() :]
        if rest.startswith('"'):
            value, rest = _quoted(rest)
        else:
            value, _, rest = rest.partition(" ")
        _set(query, setting.group(1), value)
        rest = rest.lstrip()
    _url(query, rest)
    return query


def _set(query: Query, written: str, value: str) -> None:
    name = written.lower()
    if name == "user":
        query.user = unquote_to_bytes(to_bytes(value))
        query.user_given = True
    elif name == "pass":
        query.password = to_bytes(value)
        query.password_given = True
    elif name == "servers":
        query.servers = value
    elif name == "referrals":
        if value not in ("follow", "nofollow"):
            raise LookupDefer('LDAP option REFERRALS is not "follow" or "nofollow"')
        query.follow = value == "follow"
    elif name == "dereference":
        query.dereference = _DEREFERENCE.get(value, 0)
    elif name in ("size", "time", "nettime", "connect"):
        attribute = {"size": "size_limit", "time": "time_limit"}.get(name, "network_timeout")
        digits = _DIGITS.match(value)
        setattr(query, attribute, int(digits[0]) if digits else 0)
    else:
        raise LookupDefer(f'unknown parameter "{written}=" precedes LDAP URL')


def _url(query: Query, text: str) -> None:
    found = _URL.match(text)
    if found is None:
        raise LookupDefer(
            f'LDAP URL does not start with "ldap://", "ldaps://", or "ldapi://" (it starts with "{text[:16]}...")'
        )
    scheme, authority, base, tail = found.groups()
    query.scheme = scheme.lower()
    host = unquote_to_bytes(to_bytes(authority)).decode("latin-1")
    if not host.startswith("/"):
        address, colon, port = host.rpartition(":")
        if colon and port.isdigit() and (not address.count(":") or address.endswith("]")):
            host, query.port = address, int(port)
        host = host.removeprefix("[").removesuffix("]")
    query.host = host
    query.base = unquote_to_bytes(to_bytes(base or ""))
    fields = (tail or "").split("?")
    if len(fields) > 4:
        raise LookupDefer(f'ldap_url_parse: (error 8) parsing "{text}"\n')
    if fields[0]:
        query.attributes = [unquote_to_bytes(to_bytes(each)) for each in fields[0].split(",") if each]
    scope = fields[1].lower() if len(fields) > 1 else ""
    if scope not in _SCOPES:
        raise LookupDefer(f'ldap_url_parse: (error 8) parsing "{text}"\n')
    query.scope = _SCOPES[scope]
    if len(fields) > 2 and fields[2]:
        query.filter = unquote_to_bytes(to_bytes(fields[2]))


def referred(query: Query, url: bytes) -> Query | None:
    """The same search where a server sends us to (RFC 4516); None when that is nothing we can ask. What the URL does
    not say stays. The password is for the first server only."""
    other = Query(attributes=query.attributes, filter=query.filter, scope=query.scope)
    other.dereference, other.size_limit = query.dereference, query.size_limit
    other.time_limit, other.network_timeout = query.time_limit, query.network_timeout
    asked = Query()
    try:
        _url(asked, url.decode("latin-1"))
    except LookupDefer:
        return None
    if not asked.host:
        return None
    other.scheme, other.host, other.port = asked.scheme, asked.host, asked.port
    other.base = asked.base or query.base
    fields = url.split(b"?")
    if len(fields) > 2 and fields[2]:
        other.scope = asked.scope
    if len(fields) > 3 and fields[3]:
        other.filter = asked.filter
    return other
