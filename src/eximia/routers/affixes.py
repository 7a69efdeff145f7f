"""`local_part_prefix` and `local_part_suffix` (manual 15): which affix a local part has, and its wild part."""

from __future__ import annotations

from collections.abc import Sequence

from eximia.base.namedtuple import NamedTuple


class Affix(NamedTuple):
    """What was matched: the text itself (as it stands in the local part) and what `*` stood for."""

    text: str
    wild: str


def match_prefix(local_part: str, prefixes: Sequence[str]) -> Affix | None:
    """The first prefix that fits. A `*` at its start stands for the longest possible text; the compared part is
    caseless. The whole local part may be the prefix."""
    lower = local_part.lower()
    for prefix in prefixes:
        if prefix.startswith("*"):
            fixed = prefix[1:].lower()
            at = lower.rfind(fixed)
            if at >= 0:
                return Affix(local_part[: at + len(fixed)], local_part[:at])
        elif lower.startswith(prefix.lower()):
            return Affix(local_part[: len(prefix)], "")
    return None


def match_suffix(local_part: str, suffixes: Sequence[str]) -> Affix | None:
    """The first suffix that fits; a `*` at its end stands for the longest possible text."""
    lower = local_part.lower()
    for suffix in suffixes:
        if suffix.endswith("*"):
            fixed = suffix[:-1].lower()
            at = lower.find(fixed)
            if at >= 0:
                return Affix(local_part[at:], local_part[at + len(fixed) :])
        elif lower.endswith(suffix.lower()):
            return Affix(local_part[len(local_part) - len(suffix) :], "")
    return None
