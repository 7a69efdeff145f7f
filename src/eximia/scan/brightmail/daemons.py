"""Rspamd and SpamAssassin's spamd as Brightmail engines: score, action and symbols become outcomes and rule numbers.

Recipients with the same opt-in list share a verdict. Its first word is the `Settings-ID` of Rspamd, or spamd's
user.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from eximia.base.listtext import split_list
from eximia.context import Context
from eximia.scan import rspamd, spam

from .verdicts import ALTERNATE, DEFAULT, DISCARD, encode

_ALTERNATE_ACTIONS = frozenset(("add header", "rewrite subject", "quarantine"))
_DISCARD_ACTIONS = frozenset(("reject", "discard"))
_WORD = re.compile(r"[A-Z][A-Z0-9_]{2,}")


def by_rspamd(ctx: Context, servers: str) -> list[str]:
    """An engine."""
    verdicts = []
    for optin, recipients in _groups(ctx):
        found = rspamd.ask(ctx, servers, recipients, settings=optin)
        action = DEFAULT
        if found.action in _DISCARD_ACTIONS:
            action = DISCARD
        elif found.action in _ALTERNATE_ACTIONS:
            action = ALTERNATE
        symbols = {symbol.partition("(")[0] for symbol in found.symbols}
        verdicts.append(_verdict(ctx, recipients, _by_score(ctx, action, found.score), symbols, found.score))
    return verdicts


def by_spamd(ctx: Context, servers: str) -> list[str]:
    """An engine."""
    verdicts = []
    for optin, recipients in _groups(ctx):
        found = spam.ask(ctx, optin or "nobody", servers)
        action = ALTERNATE if found.spam else DEFAULT
        symbols = set(_WORD.findall(found.report))
        verdicts.append(_verdict(ctx, recipients, _by_score(ctx, action, found.score), symbols, found.score))
    return verdicts


def _groups(ctx: Context) -> Iterable[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for recipient in ctx.message.recipients:
        words = split_list(recipient.bmi_optin)
        groups.setdefault(words[0] if words else "", []).append(recipient.address)
    return groups.items()


def _by_score(ctx: Context, action: str, score: float) -> str:
    limit = ctx.process.main.bmi_discard_score
    return DISCARD if limit is not None and score * 1000 >= limit else action


def _verdict(ctx: Context, recipients: list[str], action: str, symbols: set[str], score: float) -> str:
    main = ctx.process.main
    location = main.bmi_alternate_location if action == ALTERNATE else ""
    rules = []
    for item in split_list(main.bmi_rules or ""):
        number, _, names = item.partition("=")
        if symbols.intersection(name.strip() for name in names.split(",")):
            rules.append(number.strip())
    return encode(recipients, action, location, rules, f"{score:.2f} {' '.join(sorted(symbols))}"[:1000])
