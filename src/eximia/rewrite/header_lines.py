"""Rewriting and qualifying the addresses of header lines (manual 31.1, 31.10, 48.21)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.template import Template
from eximia.message.address import AddressSyntaxError, addresses_in, parse_address, skip_comment
from eximia.message.header import DELETED, Header

from .engine import apply_rules, config_rules, syntax_of
from .rules import Rules, transport_rules

if TYPE_CHECKING:
    from eximia.context import Context
    from eximia.message.address import Parsed

#: header type (the letter of the spool format) -> the letter of rules
_WHERE = {"S": "s", "F": "f", "T": "t", "C": "c", "B": "b", "R": "r"}
_RECIPIENT_LINES = frozenset("TCB")

#: A line longer than this is broken after an address that grew, when at least `_SOME` of it stands already.
_LONG = 78
_SOME = 40

#: What becomes of an item: (new text, replaces the whole item); None: it stays.
Change = Callable[["Parsed", str], "tuple[str, bool] | None"]


def rewrite_headers(
    ctx: Context, headers: list[Header] | None = None, rules: Template | Rules | None = None
) -> list[Header]:
    """Header lines after the rules of the configuration, or those of a transport's `headers_rewrite`.

    Without `headers` the message's own are rewritten in place, as when a message is received: the old line stays,
    marked as deleted, before the new one, and unqualified addresses are completed where the message may have them.
    With `headers` a new list is given, in which untouched lines are the same objects.
    """
    if headers is None:
        _rewrite_message(ctx)
        return list(ctx.message.headers)
    if isinstance(rules, Template):
        rules = transport_rules(rules)
    elif rules is None:
        rules = config_rules(ctx)
    result = []
    for header in headers:
        new = rewrite_line(ctx, header, rules) if header.type in _WHERE else None
        result.append(header if new is None else new)
    return result


def qualify_headers(ctx: Context) -> None:
    """Complete unqualified addresses in the message's header lines, where it may have them (manual 31)."""
    message = ctx.message
    if message.allow_unqualified_sender or message.allow_unqualified_recipient:
        _replace(ctx, Rules())


def _rewrite_message(ctx: Context) -> None:
    rules = config_rules(ctx)
    if rules or ctx.message.allow_unqualified_sender or ctx.message.allow_unqualified_recipient:
        _replace(ctx, rules)


def _replace(ctx: Context, rules: Rules) -> None:
    """Put new lines after the old ones, which are marked as deleted."""
    message = ctx.message
    changed = False
    lines: list[Header] = []
    for header in message.headers:
        lines.append(header)
        if header.type not in _WHERE:
            continue
        new = rewrite_line(ctx, header, rules, qualify=True)
        if new is not None:
            header.type = DELETED
            lines.append(new)
            changed = True
    if changed:
        message.headers[:] = lines


def rewrite_line(ctx: Context, header: Header, rules: Rules, *, qualify: bool = False) -> Header | None:
    """The line after `rules`; None when nothing changed. `qualify` completes addresses without a domain, when the
    message may have such."""
    where = _WHERE[header.type]
    recipient = header.type in _RECIPIENT_LINES
    message = ctx.message
    complete = qualify and (message.allow_unqualified_recipient if recipient else message.allow_unqualified_sender)
    applies = where in rules.where
    if not applies and not complete:
        return None
    if not applies and not _may_lack_domain(header.text):
        return None
    domain = _default_domain(ctx, recipient=recipient) if complete else ""

    def change(parsed: Parsed, item: str) -> tuple[str, bool] | None:
        address = parsed.address
        if not parsed.domain:
            if not domain:
                return None
            address = f"{address}@{domain}"
        new = apply_rules(ctx, rules, address, where)
        if new.whole:
            return _encoded(ctx, new.whole), True
        return None if new.address == parsed.address else (new.address, False)

    return change_addresses(ctx, header, change, log_errors=applies)


def _may_lack_domain(text: str) -> bool:
    """Whether any item of the line has no at sign: a quick way past the usual lines."""
    body = text.partition(":")[2]
    return any("@" not in body[start:end] for start, end in addresses_in(body))


def _default_domain(ctx: Context, *, recipient: bool) -> str:
    main = ctx.process.main
    own = main.qualify_domain or ctx.process.primary_hostname
    return str((main.qualify_recipient or own) if recipient else own)


def change_addresses(ctx: Context, header: Header, change: Change, *, log_errors: bool = True) -> Header | None:
    """A new line in which `change` was asked about every address; None when it changed none. Items that do not parse
    stay as they are, with a line in the log."""
    head, colon, body = header.text.partition(":")
    syntax = syntax_of(ctx)
    pieces: list[str] = [head, colon]
    done = 0
    changed = False
    for start, end in addresses_in(body):
        item = body[start:end]
        try:
            parsed = parse_address(item, syntax=syntax)
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
            pieces += (body[done:start], text, tail)
        else:
            last = _working_end(item, parsed)
            pieces += (body[done:start], item[: parsed.start], text, item[last:])
        done = end
        done = _break_long_line(pieces, body, done)
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


def _break_long_line(pieces: list[str], body: str, done: int) -> int:
    """After an address that changed: break the line behind the next comma when it has become too long. Gives where
    the rest of `body` begins."""
    before = "".join(pieces).rpartition("\n")[2]
    rest = body[done:].partition("\n")[0]
    if not rest.startswith(",") or len(before) < _SOME or len(before) + len(rest) <= _LONG:
        return done
    gap = 1 + len(rest[1:]) - len(rest[1:].lstrip(" \t"))
    if not rest[gap:]:
        return done
    pieces.append(rest[:gap] + "\n\t")
    return done + gap


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
