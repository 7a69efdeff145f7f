"""`passwd`: the system's users; the query is a name (manual 9.4)."""

from __future__ import annotations

import pwd
from typing import TYPE_CHECKING

from .types import Options, QueryStyle

if TYPE_CHECKING:
    from eximia.context import Context


class Passwd(QueryStyle):
    """The fields of an /etc/passwd line without the name, `*` for the password."""

    def query(self, ctx: Context, query: str, options: Options) -> str | None:
        """See `QueryStyle.query`."""
        try:
            user = pwd.getpwnam(query)
        except (KeyError, ValueError):
            return None
        return f"*:{user.pw_uid}:{user.pw_gid}:{user.pw_gecos}:{user.pw_dir}:{user.pw_shell}"


PASSWD = Passwd()
