"""Rewriting and qualifying the addresses of header lines (manual 31.1, 31.10, 48.21)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.template import Template
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address, skip_comment
from eximia.message.header import DELETED, Header

from .rules import Rules, transport_rules
from .syntax import syntax_of

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.message.address import Parsed

#: header type (the letter of the spool format) -> the letter of rules
_WHERE = {"S": "s", "F": "f", "T": "t", "C": "c", "B": "b", "R": "r"}
_RECIPIENT_LINES = frozenset("TCB")

#: A line is broken behind an address that grew when more than this was written since the last such break.
_LONG = 40

#: What becomes of an item: (new text, replaces the whole item); None: it stays.
Change = Callable[["Parsed", str], "tuple[str, bool] | None"]


def rewrite_headers(
    ctx: Context, headers: list[Header] | None = None, rules: Template | Rules | None = None
) -> list[Header]:
    """Header lines after the rules of the configuration, or those of a transport's `headers_rewrite`.

    Without `headers` the message's own are rewritten in place, as when a message is received: the old line stays,
    marked as deleted, before the new one. With `headers` a new list is given, in which untouched lines are the same
    objects.
    """
    if isinstance(rules, Template):
        rules = transport_rules(rules)
    elif rules is None:
        found = ctx.process.config.rewrite
        rules = found if isinstance(found, Rules) else Rules()
    if headers is None:
        complete_headers(ctx, rules, "", "")
        return list(ctx.message.headers)
    result = []
    for header in headers:
        new = rewrite_line(ctx, header, rules) if header.type in _WHERE else None
        result.append(header if new is None else new)
    return result


def complete_headers(ctx: Context, rules: Rules, sender_domain: str, recipient_domain: str) -> None:
    """Complete unqualified addresses in the message's lines with the domains (empty: they stay), and rewrite all by
    the rules. Old lines are marked as deleted, new ones stand behind them (manual 31, 48.3)."""
    if not (rules or sender_domain or recipient_domain):
        return
    headers = ctx.message.headers
    added = 0
    for place, header in enumerate(tuple(headers), 1):
        if header.type not in _WHERE:
            continue
        domain = recipient_domain if header.type in _RECIPIENT_LINES else sender_domain
        new = rewrite_line(ctx, header, rules, domain)
        if new is not None:
            header.type = DELETED
            # At once: the replacements of later lines may look at it.
            headers.insert(place + added, new)
            added += 1


def rewrite_line(ctx: Context, header: Header, rules: Rules, domain: str = "") -> Header | None:
    """The line after `rules`; None when nothing changed. `domain` completes addresses that have none."""
    where = _WHERE[header.type]
    applies = where in rules.where
    if not applies and not (domain and _may_lack_domain(header.text)):
        return None

    def change(parsed: Parsed, item: str) -> tuple[str, bool] | None:
        address = parsed.address
        if not address:
            return None
        if not parsed.domain:
            if not domain:
                return None
            address = f"{address}@{domain}"
        if applies:
            from .engine import apply_rules

            new = apply_rules(ctx, rules, address, where)
            if new.whole:
                return _encoded(ctx, new.whole), True
            address = new.address
        return None if address == parsed.address else (address, False)

    return change_addresses(ctx, header, change, log_errors=applies)


def _may_lack_domain(text: str) -> bool:
    """Whether any item of the line has no at sign: a quick way past the usual lines."""
    body = text.partition(":")[2]
    return any("@" not in body[start:end] for start, end in addresses_in(body))


def change_addresses(ctx: Context, header: Header, change: Change, *, log_errors: bool = True) -> Header | None:
    """A new line in which `change` was asked about every address; None when it changed none. Items that do not parse
    stay as they are, with a line in the log."""
    head, colon, body = header.text.partition(":")
    syntax = syntax_of(ctx)
    pieces: list[str] = [head, colon]
    done = 0
    changed = False
    length, broken = len(head) + 1, 0
    for start, end in addresses_in(body):
        item = body[start:end]
        try:
            parsed = parse_address(item, allow_null=True, syntax=syntax)
        except AddressSyntaxError as error:
            if log_errors and ctx.process.log is not None:
                ctx.process.log.main(f"rewrite: {error.message}", message_id=ctx.message.id)
            continue
        new = change(parsed, item)
        if new is None:
            continue
        text, whole = new
        changed = True
        if whole:
            tail = item[len(item.rstrip()) :]
            written = f"{body[done:start]}{text}{tail}"
        else:
            last = _working_end(item, parsed)
            written = f"{body[done:start]}{item[: parsed.start]}{text}{item[last:]}"
        pieces.append(written)
        length += len(written)
        grew = len(written) > end - done
        done = end
        gap = _gap(body, done) if grew else -1
        if gap >= 0 and length + gap - done - broken > _LONG:
            pieces += (body[done:gap], "\n\t")
            broken = length + gap - done
            length = broken + 2
            done = gap
    if not changed:
        return None
    pieces.append(body[done:])
    return Header("".join(pieces), header.type)


def _working_end(item: str, parsed: Parsed) -> int:
    """Where the address itself ends: comments behind it stay when it is replaced."""
    end = parsed.end
    at = item.find("(", parsed.start, end)
    while at >= 0:
        after = skip_comment(item, at)
        if after >= end or not item[after:end].strip():
            return parsed.start + len(item[parsed.start : at].rstrip())
        at = item.find("(", after, end)
    return end


def _gap(body: str, done: int) -> int:
    """Where a line may be broken behind the item that ends at `done`: after its comma and the white space that follows.
    -1: it is broken there, or nothing follows."""
    comma = body.find(",", done)
    if comma < 0 or body[done:comma].strip(" \t\n;"):
        return -1
    rest = body[comma + 1 :]
    gap = len(rest) - len(rest.lstrip(" \t"))
    return comma + 1 + gap if rest[gap : gap + 1] not in ("", "\n") else -1


def _encoded(ctx: Context, text: str) -> str:
    """A replacement of a whole item: what stands outside the angle brackets becomes an encoded word where it is not
    plain ASCII."""
    if all(" " <= char <= "~" or char == "\t" for char in text):
        return text
    from eximia.expand.mimewords import encode

    charset = str(ctx.process.main.headers_charset or "UTF-8")
    phrase, bracket, rest = text.partition("<")
    stripped = phrase.strip()
    if not bracket or not stripped:
        return text
    return f"{encode(stripped, charset)} <{rest}"


def rewrite_header_domain(ctx: Context, old: str, new: str) -> None:
    """Replace the domain `old` by `new` (which routing found by widening) in all address lines of the message."""
    wanted = old.lower()

    def change(parsed: Parsed, item: str) -> tuple[str, bool] | None:
        if parsed.domain.lower() != wanted:
            return None
        return f"{parsed.local_part}@{new}", False

    message = ctx.message
    lines: list[Header] = []
    for header in message.headers:
        lines.append(header)
        if header.type in _WHERE and wanted in header.text.lower():
            line = change_addresses(ctx, header, change, log_errors=False)
            if line is not None:
                header.type = DELETED
                lines.append(line)
    message.headers[:] = lines
