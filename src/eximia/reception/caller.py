"""Who calls the command line: login and full name (manual 48.18, options `gecos_*`, `unknown_*`)."""

from __future__ import annotations

import pwd
from typing import TYPE_CHECKING

from eximia.base.dataclass import dataclass
from eximia.base.errors import ExpansionError

if TYPE_CHECKING:
    from eximia.context import Process


class UnknownCaller(Exception):
    """The caller's uid has no name, and `unknown_login` is not set."""


@dataclass(slots=True)
class Caller:
    """`name_given`: the full name comes from -F."""

    login: str
    name: str
    name_given: bool = False
    uid: int = 0
    gid: int = 0
    qualify_domain: str = ""
    qualify_recipient: str = ""

    @property
    def address(self) -> str:
        return f"{self.login}@{self.qualify_domain}"


def find_caller(process: Process, *, name: str | None = None, ids: tuple[int, int] | None = None) -> Caller:
    """The caller of this process, or the user with these `ids`; `name` is -F. Raises UnknownCaller."""
    main = process.main
    uid, gid = (process.caller_uid, process.caller_gid) if ids is None else ids
    domain = main.qualify_domain or process.primary_hostname
    caller = Caller("", "", uid=uid, gid=gid, qualify_domain=domain)
    caller.qualify_recipient = main.qualify_recipient or domain
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        template = main.unknown_login
        if template is None:
            raise UnknownCaller from None
        from eximia.context import Context
        from eximia.expand import expand

        try:
            caller.login = expand(template, Context(process))
        except ExpansionError:
            raise UnknownCaller from None
        caller.name = main.unknown_username or ""
    else:
        caller.login = entry.pw_name
        caller.name = _full_name(process, entry.pw_gecos, entry.pw_name)
    if name is not None:
        caller.name = name.lstrip()
        caller.name_given = True
    return caller


def _full_name(process: Process, gecos: str, login: str) -> str:
    """The gecos field with `&` replaced, through `gecos_pattern` and `gecos_name`."""
    name = gecos.encode("utf-8", "surrogateescape").decode("latin-1").replace("&", login[:1].upper() + login[1:])
    main = process.main
    if main.gecos_pattern is None or main.gecos_name is None:
        return name
    from eximia.context import Context
    from eximia.expand import expand

    ctx = Context(process)
    try:
        found = process.services.regexes.search(main.gecos_pattern, name)
        if found is None:
            return name
        ctx.scope.numeric = (found.group(0), *(found.group(number) for number in range(1, found.groups + 1)))
        return expand(main.gecos_name, ctx)
    except ExpansionError:
        return name
