"""Which header lines a transport writes (manual 24 and 48.17).

First what the transport adds on top (Return-path, Envelope-to, Delivery-date), then the message's own lines without
the removed ones and rewritten where `headers_rewrite` says so, then what routers added, then `headers_add`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ForcedFailure
from eximia.base.listtext import split_list

from .strings import expand

if TYPE_CHECKING:
    from eximia.base.template import Template
    from eximia.context import Context
    from eximia.context.delivery import Address


def header_block(ctx: Context, options: Any, addresses: list[Address], return_path: str, delivery_date: str) -> str:
    """The header and the empty line after it, with LF line ends; "" with `body_only`.

    `delivery_date`: the date to write with `delivery_date_add`. Raises ExpansionError when `headers_add` or
    `headers_remove` cannot be expanded.
    """
    if options.body_only:
        return ""
    first = addresses[0]
    lines: list[str] = []
    if options.return_path_add:
        lines.append(f"Return-path: <{return_path}>\n")
    if options.envelope_to_add:
        lines.append(f"Envelope-to: {envelope_to(addresses)}\n")
    if options.delivery_date_add:
        lines.append(f"Delivery-date: {delivery_date}\n")
    names, prefixes = removals(ctx, first.headers_remove, options.headers_remove)
    headers: list[Any] = ctx.message.headers
    if names or prefixes:
        headers = [h for h in headers if h.name not in names and not (prefixes and h.name.startswith(prefixes))]
    rules = options.headers_rewrite
    if rules:
        headers = rewritten(ctx, headers, rules)
    lines += [header.text for header in headers if header.type != "*"]
    lines += first.headers_add
    if options.headers_add is not None:
        lines += additions(ctx, options.headers_add)
    lines.append("\n")
    return "".join(lines)


def removals(ctx: Context, names: list[str], option: Template | None) -> tuple[frozenset[str], tuple[str, ...]]:
    """(names, prefixes) of the lines to leave out, lower case: the routers' and the transport's own."""
    if not names and option is None:
        return _NOTHING
    wanted = list(names)
    if option is not None:
        for item in split_list(option.text):
            try:
                wanted.append(expand(item, ctx))
            except ForcedFailure:
                continue
    wanted = [name.strip().lower() for name in wanted]
    exact = frozenset(name for name in wanted if name and not name.endswith("*"))
    return exact, tuple(name[:-1] for name in wanted if name.endswith("*"))


_NOTHING: tuple[frozenset[str], tuple[str, ...]] = (frozenset(), ())


def additions(ctx: Context, option: Template) -> list[str]:
    """The lines of `headers_add`, each item expanded by itself and ended with a newline."""
    lines = []
    for item in split_list(option.text, "\n"):
        try:
            text = expand(item, ctx)
        except ForcedFailure:
            continue
        if text:
            lines.append(text if text.endswith("\n") else text + "\n")
    return lines


def envelope_to(addresses: list[Address]) -> str:
    """The envelope recipients these addresses came from, as the header shows them. A recipient that was given twice
    is there twice."""
    tops: dict[int, str] = {}
    for address in addresses:
        for one in (*reversed(address.duplicates), address):
            tops.setdefault(id(one.top), one.top.address)
    return ",\n ".join(tops.values())


def rewritten(ctx: Context, headers: list[Any], rules: Any) -> list[Any]:
    """The lines after `headers_rewrite`; lines it does not touch are the message's own objects."""
    rewrite: Any = import_module("eximia.rewrite").rewrite_headers
    result: list[Any] = rewrite(ctx, headers, rules)
    return result
