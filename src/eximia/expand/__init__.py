"""The string expansion language (manual chapter 11): parsing, the items, operators, conditions and variables.

Strings are parsed once to nodes and compiled once to closures; see `nodes`, `parser`, `engine`. Lookups, lists, ACLs
and regular expressions are reached through `ctx.process.services`.
"""

from __future__ import annotations

from .engine import (
    check_condition,
    compile_text,
    expand,
    expand_bool,
    expand_int,
    expand_octal,
    expand_text,
    expand_time,
)

__all__ = [
    "check_condition",
    "compile_text",
    "expand",
    "expand_bool",
    "expand_int",
    "expand_octal",
    "expand_text",
    "expand_time",
]
