"""Variables that live in one evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.text import EMPTY, Untainted

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.expand.nodes import Run


def _value(ctx: Context) -> str:
    value = ctx.scope.value
    return value if value is not None else EMPTY


def _item(ctx: Context) -> str:
    return ctx.scope.item


def _key(ctx: Context) -> str:
    return ctx.scope.key


def _narg(ctx: Context) -> str:
    return Untainted(len(ctx.scope.acl_args))


def _runrc(ctx: Context) -> str:
    return Untainted(ctx.scope.runrc)


VARIABLES: dict[str, Run] = {
    "acl_narg": _narg,
    "item": _item,
    "key": _key,
    "runrc": _runrc,
    "value": _value,
}
