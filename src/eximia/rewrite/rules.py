"""Rewriting rules as they are written: `pattern replacement flags` (manual 31.4, 31.7)."""

from __future__ import annotations

from collections.abc import Iterable

from eximia.base.errors import ConfigError
from eximia.base.listtext import split_list
from eximia.base.namedtuple import NamedTuple
from eximia.base.span import Span
from eximia.base.template import Template, one_item
from eximia.config.lines import Line
from eximia.config.quoting import unquote

#: what a rule may apply to: the letters of its flags
SENDER = "F"
RECIPIENT = "T"
HEADERS = "sftcbr"
#: how each is called in log lines and by -brw, in the order of -brw
NAMES = {
    "s": "sender:",
    "f": "from:",
    "t": "to:",
    "c": "cc:",
    "b": "bcc:",
    "r": "reply-to:",
    SENDER: "env-from",
    RECIPIENT: "env-to",
}

_GROUPS = {"E": SENDER + RECIPIENT, "h": HEADERS}
_BLANK = " \t"


class Rule(NamedTuple):
    """One rule. `where` has the letters it applies to."""

    pattern: Template
    #: the pattern as a list of one item
    item: Template
    replacement: Template
    where: frozenset[str]
    number: int
    #: Q: the result may lack a domain
    may_be_unqualified: bool = False
    #: q: no further rules
    quits: bool = False
    #: R: again on its own result
    repeats: bool = False
    #: w: the whole item of a header line is replaced
    whole: bool = False
    #: S: applied to what MAIL and RCPT say
    smtp: bool = False

    def __hash__(self) -> int:
        # Rules are kept as keys for each address of a message.
        return self.number


class Rules(NamedTuple):
    """A section's or a transport's rules, in order."""

    rules: tuple[Rule, ...] = ()
    #: there are rules with the S flag
    smtp: bool = False
    #: letters that some rule applies to
    where: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.rules)


def _word(text: str) -> tuple[str, str]:
    """The first word or quoted string of `text`, and what follows it."""
    text = text.lstrip(_BLANK)
    if text.startswith('"'):
        value, end = unquote(text)
        return (value, text[end:]) if end >= 0 else (value, "")
    end = 0
    while end < len(text) and text[end] not in _BLANK:
        end += 1
    return text[:end], text[end:]


def parse_rule(text: str, span: Span, number: int, *, transport: bool = False) -> Rule:
    """One rule; those of transports are for header lines only. Raises ConfigError."""
    pattern, rest = _word(text)
    replacement, flags = _word(rest)
    if not replacement and not rest.strip(_BLANK):
        raise ConfigError("missing rewrite replacement string", span)
    where: set[str] = set()
    letters: set[str] = set()
    for letter in flags:
        if letter in _BLANK:
            continue
        if letter in _GROUPS:
            where.update(_GROUPS[letter])
        elif letter in NAMES:
            where.add(letter)
        elif letter in "QqRwS":
            letters.add(letter)
        else:
            raise ConfigError(
                f"unknown rewrite flag character '{letter}' (could be missing quotes round replacement item)", span
            )
    if "S" in letters and not pattern.startswith(("^", "\\N^")):
        raise ConfigError("rewrite rule has the S flag but is not a regular expression", span)
    if transport and (where & {SENDER, RECIPIENT} or "S" in letters):
        raise ConfigError("rewrite rule specifies a non-header rewrite - not allowed at transport time -", span)
    if not where and "S" not in letters:
        where.update(HEADERS if transport else NAMES)
    return Rule(
        Template(pattern, span),
        one_item(pattern, span),
        Template(replacement, span),
        frozenset(where),
        number,
        may_be_unqualified="Q" in letters,
        quits="q" in letters,
        repeats="R" in letters,
        whole="w" in letters,
        smtp="S" in letters,
    )


def _collect(rules: Iterable[Rule]) -> Rules:
    made = tuple(rules)
    where: frozenset[str] = frozenset().union(*(rule.where for rule in made))
    return Rules(made, any(rule.smtp for rule in made), where)


def bind_rules(lines: Iterable[Line]) -> tuple[Rules, list[ConfigError]]:
    """The rules of the section `begin rewrite`, and what is wrong in its lines."""
    rules: list[Rule] = []
    errors: list[ConfigError] = []
    for line in lines:
        try:
            rules.append(parse_rule(line.text, line.span, len(rules) + 1))
        except ConfigError as error:
            errors.append(error)
    return _collect(rules), errors


def transport_rules(option: Template) -> Rules:
    """The rules of a transport's `headers_rewrite`, parsed once. Raises ConfigError."""
    if option.parsed is None:
        items = split_list(option.text)
        option.parsed = _collect(
            parse_rule(item, option.span, number, transport=True) for number, item in enumerate(items, 1)
        )
    rules: Rules = option.parsed
    return rules
