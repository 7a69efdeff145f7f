"""How transports read their options: expansions, list tests, numbers and sizes (manual 6.12 to 6.21).

Constant settings, which most are, cost one attribute test.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ExpansionError
from eximia.base.template import Template
from eximia.expand import expand as _expand
from eximia.expand.numbers import strict_integer

if TYPE_CHECKING:
    from eximia.context import Context


def expand(template: Template | str, ctx: Context) -> str:
    """The value of an expanded option, or of one item of it. Raises ExpansionError and its kinds."""
    if not isinstance(template, Template):
        template = _item(template)
    return template.text if template.constant else _expand(template, ctx)


@lru_cache(maxsize=4096)
def _item(text: str) -> Template:
    """An item of an option, compiled once."""
    return Template(text)


def expand_flag(value: bool | Template | None, ctx: Context, default: bool) -> bool:
    """A boolean that may be expanded (`multi_domain`, `maildir_use_size_file`). Raises ExpansionError."""
    if isinstance(value, bool):
        return value
    if value is None:
        return default
    text = expand(value, ctx).strip().lower()
    if text in ("true", "yes"):
        return True
    if text in ("false", "no"):
        return False
    if not text:
        return default
    raise ExpansionError(f'"{text}" is not a valid value for the boolean option')


def expand_number(value: int | Template | str | None, ctx: Context, default: int = 0) -> int:
    """An integer with optional K, M or G. Raises ExpansionError."""
    if value is None:
        return default
    if isinstance(value, int):
        return value
    text = expand(value, ctx)
    return strict_integer(text) if text.strip() else default


def host_matches(ctx: Context, hosts: Template | None, name: str, address: str) -> bool:
    """Is a host in a host list option? Unset lists have nobody in them, `*` everybody; no work for either."""
    if hosts is None:
        return False
    text = hosts.text
    if text == "*":
        return True
    if not text:
        return False
    match: Any = import_module("eximia.lists").match_host
    return match(hosts, ctx, name=name, address=address) is not None
