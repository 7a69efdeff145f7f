"""The type of a lookup as it is written: `partial3-lsearch*@,ret=key`. Which types there are and how they are asked
is known here only by name, so that a string can be read before the lookups are loaded.
"""

from __future__ import annotations

import re

#: types that look a key up in a file
SINGLE_KEY = frozenset(
    (
        "cdb", "dbm", "dbmjz", "dbmnz", "dsearch", "iplsearch", "json", "lmdb", "lsearch", "nis", "nis0",
        "nwildlsearch", "psl", "regdom", "spf", "wildlsearch",
    ),
)  # fmt: skip
#: types that take a query
QUERY = frozenset(
    (
        "dnsdb", "ibase", "ldap", "ldapdn", "ldapm", "mysql", "nisplus", "oracle", "passwd", "pgsql", "redis",
        "sqlite", "testdb", "whoson",
    ),
)  # fmt: skip


def check_type(search: str, *, keyed: bool) -> str | None:
    """Exim's message when `search` cannot be used with (`keyed`) or without a key; None when it can."""
    name = search
    if name.startswith("partial"):
        rest = name[7:].lstrip("0123456789")
        if rest.startswith("("):
            close = rest.find(")")
            if close < 0:
                return f'format error in lookup type "{search}"'
            name = rest[close + 1 :]
        elif rest.startswith("-"):
            name = rest[1:]
        else:
            return f'format error in lookup type "{search}"'
    name = re.split(r"[*,]", name, maxsplit=1)[0]
    if name in SINGLE_KEY:
        return None if keyed else f'missing {{key}} for single-key "{name}" lookup'
    if name in QUERY:
        if search.startswith("partial"):
            return f'"partial" is not permitted for lookup type "{name}"'
        if not keyed:
            return None
        return f'a single key was given for lookup type "{name}", which is not a single-key lookup type'
    return f'unknown lookup type "{name}"'
