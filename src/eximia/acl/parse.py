"""From logical lines to ACLs (manual 44.17 to 44.21), with Exim's words for what is wrong.

The section of the configuration, a file and the text of an option are read by the same code. Lines come joined
(continuations) and stripped of comments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from eximia.base.errors import ConfigError
from eximia.base.span import Span
from eximia.base.template import Template

from .catalogue import HANDLERS
from .model import VERBS, Acl, Item, ItemKind, Statement

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_SPECIAL = {
    "message": ItemKind.MESSAGE,
    "log_message": ItemKind.LOG_MESSAGE,
    "endpass": ItemKind.ENDPASS,
    "set": ItemKind.SET,
}


class Line(Protocol):
    """A logical line of the configuration."""

    @property
    def text(self) -> str: ...
    @property
    def span(self) -> Span: ...


class TextLine:
    """A logical line of a file or an inline ACL."""

    __slots__ = ("span", "text")

    def __init__(self, text: str, span: Span) -> None:
        self.text = text
        self.span = span


def logical_lines(text: str, span: Span) -> Iterator[TextLine]:
    """The logical lines of `text`, which starts at `span`: continuations joined, comments and blanks dropped."""
    held = ""
    number = 0
    for number, line in enumerate(text.split("\n")):
        stripped = line.strip()
        if stripped.startswith("#") or (not stripped and not held):
            continue
        if stripped.endswith("\\"):
            held += stripped[:-1]
            continue
        yield TextLine(held + stripped, Span(span.file, span.line + number))
        held = ""
    if held:
        yield TextLine(held, Span(span.file, span.line + number))


def _name_of(text: str, start: int = 0) -> str:
    end = start
    while end < len(text) and text[end] in _NAME:
        end += 1
    return text[start:end]


def parse_acl(name: str, span: Span, lines: Iterable[Line]) -> tuple[Acl, list[ConfigError]]:
    """The ACL `name` of the configuration, and what is wrong in its lines."""
    acl = Acl(name, span, [])
    errors: list[ConfigError] = []
    for line in lines:
        try:
            add_line(acl.statements, line.text, line.span)
        except ConfigError as error:
            errors.append(ConfigError(f"error in ACL: {error.message}", error.span, error.hint))
    return acl, errors


def parse_text(name: str, text: str, span: Span) -> Acl:
    """The ACL that `text` holds: a file's contents or an inline ACL. Raises ConfigError."""
    statements: list[Statement] = []
    for line in logical_lines(text, span):
        stripped = line.text.strip()
        if stripped[len(_name_of(stripped)) :].lstrip().startswith(":"):
            # Here begins another ACL, as in the section of a configuration file.
            break
        add_line(statements, line.text, line.span if name else span)
    return Acl(name, span, statements)


def add_line(statements: list[Statement], line: str, span: Span) -> None:
    """Read one logical line: a verb (with its first condition) or one more condition of the last statement."""
    text = line.strip()
    name = _name_of(text)
    if name in VERBS:
        statements.append(Statement(name, span))
        text = text[len(name) :].lstrip()
        if not text:
            return
    elif not statements:
        if not name:
            raise ConfigError(f'malformed ACL line "{line}"', span)
        raise _unknown_verb(name, line, span)
    statements[-1].items.append(_item(statements[-1].verb, text, line, span))


def _unknown_verb(name: str, line: str, span: Span) -> ConfigError:
    from difflib import get_close_matches

    near = get_close_matches(name, VERBS, n=1)
    return ConfigError(f'unknown ACL verb "{name}" in "{line}"', span, f'did you mean "{near[0]}"?' if near else "")


def _item(verb: str, text: str, line: str, span: Span) -> Item:
    rest = text
    negated = rest.startswith("!")
    if negated:
        rest = rest[1:].lstrip()
    name = _name_of(rest)
    kind = _SPECIAL.get(name, ItemKind.HANDLED)
    if not name or (kind == ItemKind.HANDLED and name not in HANDLERS):
        near = HANDLERS.nearest(name) if name else None
        hint = f'did you mean "{near}"?' if near else ""
        raise ConfigError(f'unknown ACL condition/modifier in "{line}"', span, hint)
    modifier = kind != ItemKind.HANDLED or name in MODIFIERS
    if negated and modifier:
        raise ConfigError(f'ACL error: negation is not allowed with "{name}"', span)
    if kind == ItemKind.ENDPASS:
        if not VERBS[verb]:
            raise ConfigError(f'ACL error: "endpass" is not allowed with "{verb}"', span)
        return Item(kind, name, Template("", span))
    rest = rest[len(name) :].lstrip()
    variable = ""
    if kind == ItemKind.SET:
        variable, rest = _variable(rest, text, span)
    if not rest.startswith("="):
        what = "modifier" if modifier else "condition"
        raise ConfigError(f'"=" missing after ACL "{name}" {what}', span)
    return Item(kind, name, Template(rest[1:].strip(), span), negated=negated, variable=variable)


def _variable(rest: str, text: str, span: Span) -> tuple[str, str]:
    """The name after `set`, and what follows it."""
    for settable in SETTABLE:
        if _name_of(rest) == settable:
            return settable, rest[len(settable) :].lstrip()
    if rest.startswith(("$acl_c", "$acl_m")):
        # The documents' own example for DMARC is written so.
        rest = rest[1:]
    return set_name(rest, text, span)


def set_name(rest: str, text: str, span: Span) -> tuple[str, str]:
    """The name of the ACL variable that `rest` starts with, and what follows it. `text`: the whole for messages.
    Raises ConfigError."""
    where = f'in ACL modifier "{text}"'
    if not rest.startswith(("acl_c", "acl_m")):
        raise ConfigError(f'invalid variable name after "set" {where} (must start "acl_c" or "acl_m")', span)
    if not (rest[5:6].isdigit() or rest[5:6] == "_"):
        raise ConfigError(
            f'invalid variable name after "set" {where} (digit or underscore must follow acl_c or acl_m)', span
        )
    name = _name_of(rest)
    after = rest[len(name) :]
    if after and after[0] != "=" and not after[0].isspace():
        raise ConfigError(f'invalid character "{after[0]}" in variable name {where}', span)
    return name, after.lstrip()


#: variables besides acl_c* and acl_m* that `set` can change
SETTABLE = ("dkim_verify_status", "dkim_verify_reason")

#: what cannot be negated, and is called a modifier in messages
MODIFIERS = frozenset(
    {
        "add_header",
        "bmi_optin",
        "continue",
        "control",
        "delay",
        "log_reject_target",
        "logwrite",
        "queue",
        "remove_header",
        "udpsend",
    }
)
