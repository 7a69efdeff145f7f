"""The tests of Sieve (RFC 5228 section 5, 5435). Each reads its arguments and gives its value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .matching import COMPARATORS, ENGLISH_CASEMAP, NUMERIC, matches
from .message_parts import ADDRESS_FIELDS, address_part, field_addresses, field_values, is_field_name
from .replies import parse_mailto

if TYPE_CHECKING:
    from .interpreter import Sieve

_PARTS = ("localpart", "domain", "all", "user", "detail")


class _Arguments:
    """The tagged arguments of a comparing test."""

    __slots__ = ("comparator", "match_type", "part")

    def __init__(self, sieve: Sieve, *, parts: bool) -> None:
        self.comparator = ""
        self.match_type = ""
        self.part = ""
        script = sieve.script
        while True:
            tag = script.tag("comparator", "is", "contains", "matches", *(_PARTS if parts else ()))
            if not tag:
                break
            if tag == "comparator":
                self._comparator(sieve)
            elif tag in _PARTS:
                if self.part:
                    raise script.wrong("address part already specified")
                if tag in ("user", "detail"):
                    sieve.need("subaddress")
                self.part = tag
            else:
                if self.match_type:
                    raise script.wrong("match type already specified")
                self.match_type = tag
        self.comparator = self.comparator or ENGLISH_CASEMAP
        self.match_type = self.match_type or "is"
        self.part = self.part or "all"
        if self.comparator == NUMERIC and self.match_type != "is":
            raise script.wrong("comparator does not offer specified matchtype")

    def _comparator(self, sieve: Sieve) -> None:
        script = sieve.script
        if self.comparator:
            raise script.wrong("comparator already specified")
        name = script.string()
        if name is None:
            raise script.wrong("missing comparator")
        if name.lower() not in COMPARATORS:
            raise script.wrong("invalid comparator")
        self.comparator = name.lower()
        if self.comparator == NUMERIC:
            sieve.need("comparator-i;ascii-numeric")

    def match(self, keys: list[str], text: str) -> bool:
        return any(matches(key, text, self.comparator, self.match_type) for key in keys)


def _lists(sieve: Sieve, what: str) -> tuple[list[str], list[str]]:
    """The two string lists of a comparing test."""
    names = sieve.script.strings()
    if names is None:
        raise sieve.script.wrong(f"{what} string list expected")
    keys = sieve.script.strings()
    if keys is None:
        raise sieve.script.wrong("key string list expected")
    return names, keys


def _header(sieve: Sieve, evaluate: bool) -> bool:
    arguments = _Arguments(sieve, parts=False)
    names, keys = _lists(sieve, "header")
    if not all(map(is_field_name, names)):
        raise sieve.script.wrong("invalid header field")
    if not evaluate:
        return False
    return any(arguments.match(keys, value) for name in names for value in field_values(sieve.ctx, name))


def _address(sieve: Sieve, evaluate: bool) -> bool:
    arguments = _Arguments(sieve, parts=True)
    names, keys = _lists(sieve, "header")
    if not all(name.lower() in ADDRESS_FIELDS for name in names):
        raise sieve.script.wrong("invalid header field")
    if not evaluate:
        return False
    for name in names:
        for address in field_addresses(sieve.ctx, name):
            part = address_part(address, arguments.part)
            if part is not None and arguments.match(keys, part):
                return True
    return False


def _envelope(sieve: Sieve, evaluate: bool) -> bool:
    sieve.need("envelope")
    arguments = _Arguments(sieve, parts=True)
    names, keys = _lists(sieve, "envelope")
    if not all(name.lower() in ("from", "to") for name in names):
        raise sieve.script.wrong("invalid envelope string")
    if not evaluate:
        return False
    address = sieve.ctx.address
    recipient = f"{address.local_part_prefix}{address.local_part}{address.local_part_suffix}@{address.domain}"
    for name in names:
        to = name.lower() == "to"
        text = recipient if to else sieve.ctx.message.sender_address
        part = address_part(text, arguments.part, sieve.setup.user if to else None, sieve.setup.detail if to else None)
        if part is not None and arguments.match(keys, part):
            return True
    return False


def _exists(sieve: Sieve, evaluate: bool) -> bool:
    names = sieve.script.strings()
    if names is None:
        raise sieve.script.wrong("header string list expected")
    if not all(map(is_field_name, names)):
        raise sieve.script.wrong("invalid header field")
    return evaluate and all(any(True for _ in field_values(sieve.ctx, name)) for name in names)


def _size(sieve: Sieve, evaluate: bool) -> bool:
    over = sieve.script.tag("over", "under")
    if not over:
        raise sieve.script.wrong("missing :over or :under")
    number = sieve.script.number()
    if number < 0:
        raise sieve.script.wrong("missing number")
    size = sieve.ctx.message.size
    return evaluate and (size > number if over == "over" else size < number)


def _several(sieve: Sieve, evaluate: bool, *, every: bool) -> bool:
    """`allof`, `anyof`: what decides ends the evaluation, not the reading."""
    script = sieve.script
    if not script.accept("("):
        raise script.wrong("missing test list")
    value = every
    while True:
        open_ = evaluate and value == every
        found = sieve.test(evaluate=open_)
        if open_:
            value = found
        if script.accept(","):
            continue
        if script.accept(")"):
            return evaluate and value
        raise script.wrong("missing end of test list")


def _not(sieve: Sieve, evaluate: bool) -> bool:
    value = sieve.test(evaluate=evaluate)
    return evaluate and not value


def _valid_notify_method(sieve: Sieve, evaluate: bool) -> bool:
    sieve.need("enotify")
    uris = sieve.script.strings()
    if uris is None:
        raise sieve.script.wrong("URI string list expected")
    return evaluate and all(parse_mailto(uri) is not None for uri in uris)


TESTS: dict[str, Callable[[Sieve, bool], bool]] = {
    "address": _address,
    "allof": lambda sieve, evaluate: _several(sieve, evaluate, every=True),
    "anyof": lambda sieve, evaluate: _several(sieve, evaluate, every=False),
    "envelope": _envelope,
    "exists": _exists,
    "false": lambda sieve, evaluate: False,
    "header": _header,
    "not": _not,
    "size": _size,
    "true": lambda sieve, evaluate: evaluate,
    "valid_notify_method": _valid_notify_method,
}
