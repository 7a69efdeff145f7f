"""The `file` option and included files: reading as the right user, with the checks of manual 22.10."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.ports import Identity
from eximia.base.text import Untainted, is_tainted
from eximia.context import Address, Context
from eximia.expand import expand
from eximia.routers.read_file_job import run as read_file
from eximia.routers.result import RouterDefer

from .lists import RedirectDataError

if TYPE_CHECKING:
    from eximia.routers.options.redirect import RedirectOptions


def identity_of(ctx: Context, address: Address) -> Identity | None:
    """Whom to read and filter as (where that is possible); None: ourselves, also with `deliver_drop_privilege`."""
    if address.uid is None or address.gid is None or ctx.process.main.deliver_drop_privilege:
        return None
    return Identity(address.uid, address.gid, address.user_name if address.initgroups else "")


def read_redirect_file(ctx: Context, options: RedirectOptions, address: Address) -> str | None:
    """The contents of `file`; None: the router declines. Raises RouterDefer."""
    template = options.file
    assert template is not None
    try:
        path = expand(template, ctx)
    except ForcedFailure:
        return None
    except ExpansionError as error:
        raise RouterDefer(f'failed to expand "{template.text}": {error.message}') from None
    if not path.startswith("/"):
        raise RouterDefer(f'"{path}" is not an absolute path')
    if is_tainted(path):
        raise RouterDefer(f"Tainted name '{path}' for file read not permitted")
    fields: dict[str, Any] = {
        "path": str(path),
        "modemask": options.modemask,
        "owners": _owners(ctx, options),
        "groups": _groups(ctx, options),
        "ignore_enotdir": options.ignore_enotdir,
        "ignore_eacces": options.ignore_eacces,
    }
    answer = _read(ctx, address, fields)
    if "data" in answer:
        return Untainted(answer["data"])
    if answer.get("missing"):
        return None
    raise RouterDefer(answer["error"], errno=answer["errno"])


def _read(ctx: Context, address: Address, fields: dict[str, Any]) -> dict[str, Any]:
    identity = identity_of(ctx, address)
    if identity is None:
        return read_file(fields)
    return ctx.process.ports.agents.run(identity, "read_file", fields, timeout=60)


def _owners(ctx: Context, options: RedirectOptions) -> list[int] | None:
    """Who may own the file; None: anybody."""
    if not options.check_owner:
        return None
    owners = list(options.owners)
    if options.check_local_user and ctx.address.local_user_uid is not None:
        owners.append(ctx.address.local_user_uid)
    return owners


def _groups(ctx: Context, options: RedirectOptions) -> list[int] | None:
    """Which groups the file may have; None: any."""
    if not options.check_group:
        return None
    groups = list(options.owngroups)
    if options.check_local_user and ctx.address.local_user_gid is not None:
        groups.append(ctx.address.local_user_gid)
    return groups


class IncludeReader:
    """Reads `:include:` files for one address."""

    __slots__ = ("_address", "_ctx")

    def __init__(self, ctx: Context, address: Address) -> None:
        self._ctx = ctx
        self._address = address

    def __call__(self, path: str) -> str:
        if is_tainted(path):
            raise RedirectDataError(f"Tainted name '{path}' for file read not permitted")
        answer = _read(self._ctx, self._address, {"path": str(path), "check_directory": False})
        if "data" in answer:
            return Untainted(answer["data"])
        if answer.get("missing"):
            raise RedirectDataError(f"failed to open included file {path}: No such file or directory")
        text = str(answer["error"])
        raise RedirectDataError(text.replace(f"failed to open {path}", f"failed to open included file {path}"))
