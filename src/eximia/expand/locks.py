"""What a postmaster can lock out of users' filter files (options `forbid_filter_...` of the redirect router)."""

from __future__ import annotations

#: item -> the option's ending, and Exim's message
ITEMS = {
    "dlfunc": ("dlfunc", "dynamically-loaded functions are not permitted"),
    "lookup": ("lookup", "lookup expansions are not permitted"),
    "perl": ("perl", "Perl calls are not permitted"),
    "readfile": ("readfile", "file insertions are not permitted"),
    "readsocket": ("readsocket", "socket insertions are not permitted"),
    "run": ("run", "running a command is not permitted"),
}
#: condition -> the same
CONDITIONS = {"exists": ("existstest", "File existence tests are not permitted")}
#: operator -> the same
OPERATORS = {"stat": ("existstest", "Use of the stat() expansion is not permitted")}

#: the endings of the options
NAMES = frozenset(ending for table in (ITEMS, CONDITIONS, OPERATORS) for ending, _ in table.values())


def refusal(locked: frozenset[str], table: dict[str, tuple[str, str]], name: str) -> str | None:
    """The message when `name` is locked out."""
    found = table.get(name)
    return found[1] if found is not None and found[0] in locked else None
