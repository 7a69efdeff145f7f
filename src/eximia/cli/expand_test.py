"""Expansion testing: the arguments, or lines of standard input, expanded one after the other (-be, -bem; manual 5.3).

Lines may be continued with a backslash, define macros (`NAME = value`) and set ACL variables
(`set acl_m_x = value`, `set,t acl_m_x = value` for a tainted value).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ConfigError, ExpansionError
from eximia.base.pattern import pattern
from eximia.base.span import NOWHERE, Span
from eximia.base.text import Untainted
from eximia.expand import expand_text

if TYPE_CHECKING:
    from eximia.config.macros import Macros
    from eximia.context import Context

Write = Callable[[str], Any]
Complain = Callable[[ConfigError], Any]

PROMPT = "> "
_SPACE = " \t\n\r\v\f"
_MACRO = pattern(r"([A-Z][A-Za-z0-9_]*)\s*(==?)\s*(.*)", re.DOTALL)
_SET = pattern(r"set(,t)? (.*)", re.DOTALL)


def _silent(error: ConfigError) -> None:
    """Tells nobody."""


def expand_line(ctx: Context, text: str) -> str:
    """What is written for one string: its expansion, or why there is none."""
    try:
        return expand_text(Untainted(text), ctx)
    except ExpansionError as failure:
        return f"Failed: {failure.message}"


def run_arguments(
    ctx: Context, words: Iterable[str], macros: Macros, write: Write, complain: Complain = _silent
) -> int:
    """Each argument in turn. `complain` is told of macros that cannot be defined, which have no answer. The exit status
    is 0 whatever comes of it."""
    for word in words:
        answer = _answer(ctx, word, macros, complain)
        if answer is not None:
            write(f"{answer}\n")
    return 0


def run_lines(ctx: Context, lines: Iterable[str], macros: Macros, write: Write, complain: Complain = _silent) -> int:
    """Lines of standard input, each answered behind a prompt."""
    write(PROMPT)
    for line in joined(lines):
        answer = _answer(ctx, line, macros, complain)
        if answer is not None:
            write(f"{answer}\n")
        write(PROMPT)
    write("\n")
    return 0


def joined(lines: Iterable[str]) -> Iterator[str]:
    """Lines with their continuations: white space at the end of a line and, after a backslash, at the start of the
    next one goes."""
    held = ""
    holding = False
    for line in lines:
        text = line.rstrip(_SPACE)
        if holding:
            text = text.lstrip(_SPACE)
        if text.endswith("\\"):
            held += text[:-1]
            holding = True
            continue
        yield held + text
        held = ""
        holding = False
    if holding:
        yield held


def _answer(ctx: Context, text: str, macros: Macros, complain: Complain) -> str | None:
    """The answer to one string; None for a macro that cannot be defined, which has none."""
    setting = _SET.fullmatch(text)
    if setting is not None:
        return _set(ctx, setting, macros)
    definition = _MACRO.fullmatch(text)
    text = macros.substitute(text)[0]
    if definition is None and not "A" <= text[:1] <= "Z":
        return expand_line(ctx, text)
    try:
        if definition is None:
            # Where the reading of the configuration has come to.
            raise ConfigError("malformed macro definition", Span("", -1))
        name, sign, value = definition.groups()
        macros.define(name, macros.substitute(value)[0], again=sign == "==", span=NOWHERE)
    except ConfigError as error:
        complain(error)
        return None
    return f"Defined macro '{name}'"


def _set(ctx: Context, setting: re.Match[str], macros: Macros) -> str:
    """Obeys `set` as the ACL modifier does (Exim 4.97); the answer names the variable as Exim does."""
    from eximia.acl.parse import set_name

    tainted, text = setting.groups()
    text = macros.substitute(text)[0]
    try:
        name, text = set_name(text, f"set {text}", NOWHERE)
        if not text.startswith("="):
            return '"=" missing after ACL "\'-be\'" modifier'
        value = expand_text(Untainted(text[1:].lstrip(_SPACE)), ctx)
    except (ConfigError, ExpansionError) as failure:
        return failure.message if isinstance(failure, ConfigError) else f"Failed: {failure.message}"
    variables = ctx.session.acl_vars if name[4] == "c" else ctx.message.acl_vars
    variables[name[5:]] = str(value) + "" if tainted else Untainted(value)
    return f"variable {name[4:]} set"
