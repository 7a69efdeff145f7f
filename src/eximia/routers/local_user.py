"""Login names and groups of this system, for `check_local_user`, `user`, `group` and `require_files`.

Asked through the system's own functions, so that NIS, LDAP and others work; answers are kept for a short time.
"""

from __future__ import annotations

import grp
import pwd

from eximia.base.namedtuple import NamedTuple
from eximia.base.text import Untainted, from_bytes, to_bytes
from eximia.context import Process

_KEEP = 60.0
_MOST = 4096


class LocalUser(NamedTuple):
    """An account. Texts come from the system and are not tainted."""

    name: str
    uid: int
    gid: int
    home: str


def _text(value: str) -> Untainted:
    return Untainted(from_bytes(value.encode("utf-8", "surrogateescape")))


def find_user(process: Process, name: str) -> LocalUser | None:
    """The account called `name`, None when there is none."""
    main = process.main
    longest: int = main.max_username_length
    if not name or "\0" in name or (longest and len(name) > longest):
        return None
    cache: dict[str, tuple[float, LocalUser | None]] = process.caches.setdefault("local users", {})
    now = process.ports.clock.monotonic()
    kept = cache.get(name)
    if kept is not None and now - kept[0] < _KEEP:
        return kept[1]
    found = _look(name)
    for _ in range(main.finduser_retries):
        if found is not None:
            break
        process.ports.clock.sleep(1)
        found = _look(name)
    if len(cache) >= _MOST:
        cache.clear()
    cache[name] = (now, found)
    return found


def _look(name: str) -> LocalUser | None:
    try:
        entry = pwd.getpwnam(to_bytes(name).decode("utf-8", "surrogateescape"))
    except KeyError:
        return None
    return LocalUser(_text(entry.pw_name), entry.pw_uid, entry.pw_gid, _text(entry.pw_dir))


def find_group(name: str) -> int | None:
    """The gid of the group called `name`."""
    if not name or "\0" in name:
        return None
    try:
        return grp.getgrnam(to_bytes(name).decode("utf-8", "surrogateescape")).gr_gid
    except KeyError:
        return None
