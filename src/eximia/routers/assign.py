"""What a router that accepts an address gives it: errors address, headers, transport, user (manual 15, 23.2, 48.17)."""

from __future__ import annotations

import pwd
from typing import Any

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.listtext import split_list
from eximia.base.template import Template
from eximia.context import Address, Context, Errno
from eximia.expand import expand

from .local_user import find_group, find_user
from .result import Mode, RouterDefer
from .router import Router


def assign(ctx: Context, address: Address, router: Router, mode: Mode) -> None:
    """All of it, in the order errors_to, headers_add, headers_remove, transport, user. Raises RouterDefer."""
    assign_errors(ctx, address, router, mode)
    assign_headers(ctx, address, router)
    transport = find_transport(ctx, router, router.options.transport, "transport")
    assign_identity(ctx, address, router)
    if transport is not None:  # log lines of what could not be assigned do not show it
        address.transport = transport


def assign_errors(ctx: Context, address: Address, router: Router, mode: Mode) -> None:
    """`errors_to`: where bounces for this address go. An address that does not verify is not used."""
    template = router.options.errors_to
    if template is None:
        return
    try:
        text = expand(template, ctx).strip()
    except ForcedFailure:
        return
    except ExpansionError as error:
        raise RouterDefer(f'{router.name} router failed to expand "{template.text}": {error.message}') from None
    if text in ("", "<>"):
        address.errors_address = ""
        return
    if mode.verifying:
        return
    from .verify import good_errors_address  # verify needs the engine, and the engine needs us

    good = good_errors_address(ctx, text)
    if good:
        address.errors_address = good


def assign_headers(ctx: Context, address: Address, router: Router) -> None:
    """`headers_add` and `headers_remove`; they add to what earlier routers of a redirected address gave."""
    options = router.options
    if options.headers_add is not None:
        added = _items(ctx, router, options.headers_add, "\n", "add_headers")
        address.headers_add = address.headers_add + [line + "\n" for line in added]
    if options.headers_remove is not None:
        address.headers_remove = address.headers_remove + _items(
            ctx, router, options.headers_remove, ":", "remove_headers"
        )


def _items(ctx: Context, router: Router, template: Template, separator: str, what: str) -> list[str]:
    items: list[Template] | None = template.parsed
    if items is None:
        items = [Template(item, template.span) for item in split_list(template.text, separator)]
        template.parsed = items
    found = []
    for item in items:
        try:
            text = expand(item, ctx)
        except ForcedFailure:
            continue
        except ExpansionError as error:
            raise RouterDefer(
                f'{router.name} router failed to expand {what} item "{item.text}": {error.message}'
            ) from None
        text = text.strip() if separator == ":" else text.rstrip("\n")
        if text:
            found.append(text)
    return found


def find_transport(ctx: Context, router: Router, template: Template | None, option: str) -> Any:
    """The transport instance that an option names; None when the option is not set. Raises RouterDefer."""
    if template is None:
        return None
    try:
        name = expand(template, ctx)
    except ExpansionError as error:
        raise RouterDefer(
            f'failed to expand transport "{template.text}" in {router.name} router: {error.message}',
            errno=Errno.EXPAND_FAIL,
        ) from None
    transport = ctx.process.config.transports.get(name)
    if transport is None:
        raise RouterDefer(f'transport "{name}" not found in {router.name} router', errno=Errno.EXPAND_FAIL)
    return transport


def assign_identity(ctx: Context, address: Address, router: Router) -> None:
    """User, group and directories for a local transport. Raises RouterDefer."""
    options = router.options
    if options.check_local_user:
        address.uid = ctx.address.local_user_uid
        address.gid = ctx.address.local_user_gid
        user = find_user(ctx.process, address.local_part)
        if user is not None:
            address.user_name = user.name
            address.home_directory = user.home
    if options.user is not None:
        uid, gid, login = user_of(ctx, router, options.user)
        address.uid = uid
        address.user_name = login
        if gid is not None:
            address.gid = gid
        elif options.group is None:
            _refuse(ctx, f"user set without group for {router.name} router", log=False)
    if options.group is not None:
        address.gid = group_of(ctx, router, options.group)
    address.initgroups = options.initgroups
    if options.transport_home_directory is not None:
        address.home_directory = options.transport_home_directory
    elif address.home_directory is None and options.router_home_directory is not None:
        address.home_directory = ctx.address.home
    if options.transport_current_directory is not None:
        address.current_directory = options.transport_current_directory


def forget_identity(address: Address) -> None:
    """The router declined: whom it wanted the delivery made as, and where, is nothing to those that follow."""
    address.uid = address.gid = None
    address.user_name = ""
    address.initgroups = False
    address.home_directory = address.current_directory = address.transport = None


def _refuse(ctx: Context, text: str, *, log: bool = True) -> None:
    if log:
        ctx.process.log.panic(text, ctx.message.id)
    raise RouterDefer(text)


def user_of(ctx: Context, router: Router, option: int | Template) -> tuple[int, int | None, str]:
    """(uid, gid or None, login name) of an option that names a user. Raises RouterDefer."""
    if isinstance(option, int):
        try:
            entry = pwd.getpwuid(option)
        except KeyError:
            return option, None, ""
        return option, None, entry.pw_name  # the group that comes with a name was set with it
    try:
        text = expand(option, ctx)
    except ExpansionError as error:
        _refuse(ctx, f'Failed to expand user string "{option.text}" for the {router.name} router: {error.message}')
        raise
    if text.isdigit():
        return int(text), None, ""
    user = find_user(ctx.process, text)
    if user is None:
        _refuse(ctx, f'Failed to find user "{text}" from expanded string "{option.text}" for the {router.name} router')
        raise AssertionError
    return user.uid, user.gid, user.name


def group_of(ctx: Context, router: Router, option: int | Template) -> int:
    """The gid of an option that names a group. Raises RouterDefer."""
    if isinstance(option, int):
        return option
    try:
        text = expand(option, ctx)
    except ExpansionError as error:
        _refuse(ctx, f'Failed to expand group string "{option.text}" for the {router.name} router: {error.message}')
        raise
    if text.isdigit():
        return int(text)
    gid = find_group(text)
    if gid is None:
        _refuse(ctx, f'Failed to find group "{text}" from expanded string "{option.text}" for the {router.name} router')
        raise AssertionError
    return gid
