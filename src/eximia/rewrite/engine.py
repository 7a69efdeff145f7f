"""Applying rules to one address (manual 31.5 to 31.10). Header lines are `header_lines`' part."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from eximia.base.errors import Defer, ExpansionError, ForcedFailure, LookupDefer
from eximia.base.namedtuple import NamedTuple
from eximia.base.pattern import pattern
from eximia.context import AddressContext, Context, Scope
from eximia.expand import expand
from eximia.lists.match import ListError, UnexpandableList
from eximia.lists.matching import match_address
from eximia.lists.regex import BadRegex
from eximia.message.address import AddressSyntaxError, parse_address, split_address

from .rules import NAMES, RECIPIENT, SENDER, Rule, Rules
from .syntax import syntax_of

if TYPE_CHECKING:
    from eximia.message.address import Parsed

_VARIABLE = pattern(r"\$\{?([A-Za-z0-9_]+)")
#: Variables and items of replacements that give the same for the same address, within one message.
_OF_ADDRESS = frozenset(("local_part", "domain", "value", "lookup", "if", "lc", "uc", *"0123456789"))

#: How often a rule with the R flag is applied to its own result.
MOST_REPEATS = 10


class Rewritten(NamedTuple):
    """What became of an address. `whole` is the complete text that a rule with the w flag asks for, else empty."""

    address: str
    whole: str = ""


def config_rules(ctx: Context) -> Rules:
    """The rules of the configuration's rewrite section."""
    rules = ctx.process.config.rewrite
    return rules if isinstance(rules, Rules) else Rules()


def _panic(ctx: Context, text: str) -> None:
    if ctx.process.log is not None:
        ctx.process.log.panic(text, message_id=ctx.message.id)


class _Outcome(NamedTuple):
    """One rule on one address: the new text (None: no change), and whether to go on with further rules."""

    text: str | None
    parsed: Parsed | None
    goes_on: bool
    #: the log was told why the rule could not be applied
    told: bool = False


class UnusableRule(Exception):
    """A rule's pattern can never be used; `str` says why. Only -brw is told (`STRICT`), and ends."""


#: in a message's notes: unusable patterns raise
STRICT = "rewrite.strict"


def _qualified_recipient(ctx: Context, local_part: str) -> str:
    main = ctx.process.main
    return f"{local_part}@{main.qualify_recipient or main.qualify_domain or ctx.process.primary_hostname}"


def _scope(ctx: Context, numbers: tuple[str, ...], local_part: str = "", domain: str = "") -> Context:
    """A context in which a replacement is expanded: `$local_part`, `$domain`, `$0`..."""
    scope = Scope()
    scope.numeric = numbers
    return Context(ctx.process, ctx.session, ctx.message, AddressContext(local_part=local_part, domain=domain), scope)


def _unmatched(ctx: Context, rule: Rule, address: str, defer: Defer) -> _Outcome:
    """It cannot be told whether the rule matches. One whose pattern cannot be expanded is passed over."""
    broken = isinstance(defer, ListError)
    if isinstance(defer, UnexpandableList) or (broken and not defer.message):  # the log has it
        return _Outcome(None, None, goes_on=True, told=True)
    cause = defer.__cause__
    if STRICT in ctx.message.notes and (broken or (cause is not None and not isinstance(cause, LookupDefer))):
        raise UnusableRule(cause.fatal if isinstance(cause, BadRegex) else defer.message) from None
    _panic(ctx, f"Matching {rule.pattern.text} deferred while rewriting {address}: {defer.message}")
    return _Outcome(None, None, goes_on=False, told=True)


def _apply(ctx: Context, rule: Rule, address: str, where: str) -> _Outcome | None:
    """None when the rule does not match."""
    numbers: list[str] = []
    try:
        matched = match_address(rule.item, address, ctx, caseful=True, numbers=numbers)
    except Defer as defer:
        return _unmatched(ctx, rule, address, defer)
    if matched is None:
        return None
    if rule.replacement.text == "*":
        return _Outcome(None, None, goes_on=False)
    local_part, domain = split_address(address)
    try:
        new = expand(rule.replacement, _scope(ctx, (address, *numbers), local_part, domain))
    except ForcedFailure:
        return _Outcome(None, None, goes_on=not rule.quits)
    except ExpansionError as error:
        _panic(ctx, f"Expansion of {rule.replacement.text} failed while rewriting: {error.message}")
        return _Outcome(None, None, goes_on=False, told=True)
    try:
        parsed = parse_address(new, allow_null=where == SENDER, syntax=syntax_of(ctx))
    except AddressSyntaxError as error:
        _panic(ctx, f"Rewrite of {address} yielded unparseable address: {error.message} in address {new}")
        return _Outcome(None, None, goes_on=False, told=True)
    if parsed.address and not parsed.domain:
        if not rule.may_be_unqualified:
            _panic(ctx, f'Rewrite of {address} yielded unqualified address "{new}"')
            return _Outcome(None, None, goes_on=False, told=True)
        qualified = _qualified_recipient(ctx, parsed.address)
        new = new[: parsed.start] + qualified + new[parsed.end :]
        parsed = parsed._replace(address=qualified)
    return _Outcome(new, parsed, goes_on=not rule.quits)


@cache
def _depends_on_address(rule: Rule) -> bool:
    """Whether what a rule does to an address depends on nothing else that may change while a message is received."""
    words = _VARIABLE.findall(rule.replacement.text)
    if "$" in rule.pattern.text or "def:" in rule.replacement.text:
        return False
    return all(word in _OF_ADDRESS for word in words)


def apply_rules(ctx: Context, rules: Rules, address: str, where: str) -> Rewritten:
    """The address after all rules for `where` (a key of `rules.NAMES`)."""
    if where not in rules.where:
        return Rewritten(address)
    current = address
    whole = ""
    trace = ctx.process.trace
    selectors = None if ctx.process.log is None else ctx.process.log.selectors
    unchanged: dict[tuple[Rule, str], _Outcome | None] = ctx.message.notes.setdefault("rewrite.unchanged", {})
    for rule in rules.rules:
        if where not in rule.where:
            continue
        repeats = 0
        outcome: _Outcome | None = None
        # One address stands in several places of a message.
        known = trace is None and (rule, current) in unchanged
        if known:
            outcome = unchanged[rule, current]
        while not known:
            following = _apply(ctx, rule, current, where)
            if following is None:
                if not repeats and _depends_on_address(rule):
                    unchanged[rule, current] = None
                break
            outcome = following
            if outcome.text is None or outcome.parsed is None:
                if not repeats and not outcome.told and _depends_on_address(rule):
                    unchanged[rule, current] = outcome
                break
            if selectors is not None and selectors.address_rewrite:
                line = f'"{current}" from {NAMES[where]} rewritten as "{outcome.text}" by rule {rule.number}'
                ctx.process.log.main(line, message_id=ctx.message.id)
            if trace is not None:
                trace.step("rewrite", rule.pattern.span, current, outcome.text, f"rule {rule.number}")
            current = outcome.parsed.address
            whole = outcome.text if rule.whole else ""
            if not rule.repeats:
                break
            repeats += 1
            if repeats > MOST_REPEATS:
                _panic(ctx, f"rewrite rule repeat ignored after {MOST_REPEATS} times")
                break
        if outcome is not None and not outcome.goes_on:
            break
    return Rewritten(current, whole)


def rewrite_envelope(ctx: Context, address: str, kind: str) -> str:
    """An envelope address after the configuration's rules; `kind` is "F" (sender) or "T" (recipient). An empty
    sender is never rewritten."""
    if not address or not getattr(ctx.process.config, "rewrite", None):
        return address
    return apply_rules(ctx, config_rules(ctx), address, SENDER if kind == SENDER else RECIPIENT).address


def rewrite_sender(ctx: Context) -> None:
    """Rewrite the envelope sender of the message, once; `sender_address_unrewritten` then has what it was."""
    message = ctx.message
    if message.sender_address_unrewritten is None:
        new = rewrite_envelope(ctx, message.sender_address, SENDER)
        if new != message.sender_address:
            message.sender_address_unrewritten = message.sender_address
            message.sender_address = new


def rewrite_address(ctx: Context, address: str) -> str:
    """An address that a redirection generated."""
    return rewrite_envelope(ctx, address, RECIPIENT)


def rewrite_smtp(ctx: Context, text: str, place: str = "smtp recipient") -> str:
    """What a MAIL or RCPT command says, after the rules with the S flag; `text` need not be an address. The result
    is bare (no angle brackets). `place` is for the log."""
    rules = config_rules(ctx)
    if not rules.smtp:
        return text
    regexes = ctx.process.services.regexes
    current = text
    for rule in rules.rules:
        if not rule.smtp:
            continue
        try:
            pattern = expand(rule.pattern, ctx)
            found = regexes.search(pattern, current)
        except ForcedFailure:
            continue
        except ExpansionError as error:
            if STRICT in ctx.message.notes and isinstance(error, BadRegex):
                raise UnusableRule(error.fatal) from None
            _panic(ctx, f'failed to expand "{rule.pattern.text}" while checking for SMTP rewriting: {error.message}')
            continue
        if found is None:
            continue
        try:
            new = expand(rule.replacement, _scope(ctx, (current, *found.captures())))
        except ForcedFailure:
            if rule.quits:
                break
            continue
        except ExpansionError as error:
            _panic(ctx, f"Expansion of {rule.replacement.text} failed while rewriting: {error.message}")
            break
        try:
            parsed = parse_address(new, allow_null=True, syntax=syntax_of(ctx))
        except AddressSyntaxError as error:
            _panic(ctx, f"Rewrite of {current} yielded unparseable address: {error.message} in address {new}")
            break
        address = parsed.address
        if address and not parsed.domain:
            if not rule.may_be_unqualified:
                _panic(ctx, f'Rewrite of {current} yielded unqualified address "{new}"')
                break
            address = _qualified_recipient(ctx, address)
            new = new[: parsed.start] + address + new[parsed.end :]
        log = ctx.process.log
        if log is not None and log.selectors.address_rewrite:
            line = f'"{current}" from {place} rewritten as "{new}" by rule {rule.number}'
            log.main(line, message_id=ctx.message.id)
        current = address
        if rule.quits:
            break
    return current
