"""`listcount` and `listnamed`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.expand.listing import split_list
from eximia.expand.operation import Operator

if TYPE_CHECKING:
    from eximia.context import Context

_KINDS = {"a": "address", "d": "domain", "h": "host", "l": "localpart"}
_SERVICE_KINDS = {"localpart": "local_part"}


def _listcount(ctx: Context, subject: str, argument: str | None) -> str:
    return str(len(split_list(subject)[1]))


def _listnamed(ctx: Context, subject: str, argument: str | None) -> str:
    name = subject.removeprefix("+")
    kind = ""
    if argument is not None:
        kind = _KINDS.get(argument[:1], "")
        if not kind:
            raise ExpansionError('bad suffix on "list" operator')
    found = ctx.process.services.lists.named(ctx, name, _SERVICE_KINDS.get(kind, kind))
    if found is None:
        raise ExpansionError(f'"{name}" is not a {kind + " " if kind else ""}named list')
    return found


LISTCOUNT = Operator(_listcount, safe=True)
LISTNAMED = Operator(_listnamed, pure=False)
