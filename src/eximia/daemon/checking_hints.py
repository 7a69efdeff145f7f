"""What would mend what the checker found: the name that may have been meant, or what is missing."""

from __future__ import annotations

from collections.abc import Iterable

from eximia.base.pattern import pattern
from eximia.config.suggest import did_you_mean

_VARIABLE = pattern(r'unknown variable (?:name |in )?"(?:\$\{)?(\w+)')
_OPERATOR = pattern(r'unknown expansion operator "(\w+)"')
_ITEM = pattern(r'"\$\{(\w+)" is not a known operator')
_CONDITION = pattern(r'unknown condition "(\w+)"')
_LOOKUP = pattern(r'unknown lookup type "(\w+)"')


def missing_acl(name: str, known: Iterable[str]) -> str:
    """For an ACL that does not exist."""
    return did_you_mean(name, known) or f'write it behind "{name}:" in the section "begin acl"'


def missing_list(kind: str, name: str, known: Iterable[str]) -> str:
    """For a named list that does not exist."""
    return did_you_mean(name, known) or f'define it with "{kind.replace("_", "")}list {name} = ..."'


def missing_transport(name: str, known: Iterable[str]) -> str:
    """For a transport that does not exist."""
    return did_you_mean(name, known) or f'write it behind "{name}:" in the section "begin transports"'


def for_string(message: str) -> str:
    """For a string that cannot be expanded, from the message that says why."""
    from eximia.expand.conditions.catalogue import CONDITIONS
    from eximia.expand.items.catalogue import ITEMS
    from eximia.expand.items.lookup_type import QUERY, SINGLE_KEY
    from eximia.expand.operators.catalogue import OPERATORS
    from eximia.expand.variables.catalogue import VARIABLES

    known: tuple[tuple[object, Iterable[str]], ...] = (
        (_VARIABLE.search(message), VARIABLES),
        (_OPERATOR.search(message), OPERATORS),
        (_ITEM.search(message), (*ITEMS, *OPERATORS, *VARIABLES)),
        (_CONDITION.search(message), CONDITIONS),
        (_LOOKUP.search(message), (*SINGLE_KEY, *QUERY)),
    )
    for found, names in known:
        if found is not None:
            return did_you_mean(found[1], names)  # type: ignore[index]
    if "curly-bracket" in message or "missing }" in message or "missing '}'" in message:
        return 'each "{" needs its "}"'
    return ""
