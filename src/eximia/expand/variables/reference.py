"""`$name` and `${name}`: finding the function that reads a variable.

Unknown names are found when the string is parsed. Names that are families (`$acl_c_...`, `$r_...`) are here; the
others are in the files that `catalogue` lists.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eximia.base.errors import ExpansionError
from eximia.base.pattern import pattern
from eximia.base.text import EMPTY, Untainted
from eximia.expand.nodes import Node, Run
from eximia.expand.parser import Unknown

if TYPE_CHECKING:
    from eximia.context import Context

_ACL_VARIABLE = pattern(r"acl_([cm])(?:([0-9_].*)|)$", re.DOTALL)
_FILTER_NUMBER = pattern(r"s?n[0-9]$")
_NUMBERED = pattern(r"(acl_arg|auth|regex|n|sn)([0-9])$")


class VariableReference(Node):
    """A use of a variable."""

    __slots__ = ("name", "run")

    def __init__(self, name: str, run: Run) -> None:
        self.name = name
        self.run = run

    def compile(self) -> Run:
        return self.run


class Captured(Node):
    """`$0`, `$1`..."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def compile(self) -> Run:
        number = self.number

        def run(ctx: Context) -> str:
            numeric = ctx.scope.numeric
            return numeric[number] if number < len(numeric) else EMPTY

        return run


def _acl_variable(kind: str, key: str, name: str) -> Run:
    """`$acl_c...` and `$acl_m...`; with strict_acl_vars they must have been set."""
    if kind == "c":

        def run_connection(ctx: Context) -> str:
            value = ctx.session.acl_vars.get(key)
            return value if value is not None else _unset(ctx, name)

        return run_connection

    def run_message(ctx: Context) -> str:
        value = ctx.message.acl_vars.get(key)
        return value if value is not None else _unset(ctx, name)

    return run_message


def _unset(ctx: Context, name: str) -> str:
    if getattr(ctx.process.main, "strict_acl_vars", False):
        raise ExpansionError(f'unknown variable name "{name}" (strict_acl_vars is set)')
    return EMPTY


def _router_variable(key: str) -> Run:
    def run(ctx: Context) -> str:
        return ctx.address.router_vars.get(key, EMPTY)

    return run


def _numbered(family: str, number: int) -> Run | None:
    """`$acl_arg1`, `$auth1`, `$regex1`, `$n0`, `$sn0`."""
    if family in ("acl_arg", "regex") and not number:
        return None
    index = number - 1

    def run_argument(ctx: Context) -> str:
        args = ctx.scope.acl_args
        return args[index] if index < len(args) else EMPTY

    def run_regex(ctx: Context) -> str:
        texts = ctx.message.regex_captures
        return texts[index] if index < len(texts) else EMPTY

    def run_auth(ctx: Context) -> str:
        texts = ctx.session.auth_vars
        return texts[index] if index < len(texts) else EMPTY

    if family == "auth":
        return run_auth if 1 <= number <= 4 else None
    if family == "acl_arg":
        return run_argument
    if family == "regex":
        return run_regex
    return _filter_number(number if family == "n" else number + 10, f"{family}{number}")


def _filter_number(index: int, name: str) -> Run:
    """A counter of filters, which exists only while one runs."""

    def run(ctx: Context) -> str:
        numbers = ctx.message.filter_numbers
        if index >= len(numbers):
            raise ExpansionError(f'unknown variable name "{name}"')
        return Untainted(numbers[index])

    return run


def resolve(name: str) -> Run | None:
    """The function that reads variable `name`; None when there is none."""
    from eximia.expand.variables.catalogue import find

    run = find(name)
    if run is not None:
        return run
    if name.startswith("acl_"):
        match = _ACL_VARIABLE.match(name)
        if match is not None:
            return _acl_variable(match[1], match[2] or "", name)
    elif name.startswith("r_"):
        return _router_variable(name[2:])
    match = _NUMBERED.match(name)
    return _numbered(match[1], int(match[2])) if match is not None else None


def reason_unknown(name: str) -> str:
    """What Exim adds to the message for names that look like ACL variables."""
    if not name.startswith("acl_"):
        return ""
    if name[:5] not in ("acl_c", "acl_m"):
        return " (user-defined ACL variables must start acl_c or acl_m)"
    return " (6th character of a user-defined ACL variable must be a digit or underscore)"


def reference(name: str, unknown: str) -> Node:
    """A use of variable `name`. Raises Trouble, with the message `unknown`, when there is none."""
    run = resolve(name)
    if run is None:
        raise Unknown(unknown + reason_unknown(name))
    if _FILTER_NUMBER.match(name):
        run = _unless_unknown(run, unknown)
    return VariableReference(name, run)


def _unless_unknown(run: Run, unknown: str) -> Run:
    """A filter's counter; outside of filters the message says how it was written."""

    def checked(ctx: Context) -> str:
        try:
            return run(ctx)
        except ExpansionError as failure:
            raise ExpansionError(unknown) from failure

    return checked
