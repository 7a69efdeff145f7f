"""Named lists (manual 10.6): `domainlist`, `hostlist`, `addresslist`, `localpartlist`."""

from __future__ import annotations

from collections.abc import Iterator

from eximia.base.errors import ConfigError
from eximia.base.span import Span
from eximia.base.template import Template

from .lines import split_name
from .quoting import read_string
from .settings import Setting

#: word in the file -> (kind, results that depend on lookups may be kept)
LIST_WORDS = {
    "addresslist": ("address", False),
    "addresslist_cache": ("address", True),
    "domainlist": ("domain", False),
    "domainlist_cache": ("domain", True),
    "hostlist": ("host", False),
    "hostlist_cache": ("host", True),
    "localpartlist": ("local_part", False),
    "localpartlist_cache": ("local_part", True),
}
#: kind -> how Exim's messages call it
_SPOKEN = {"address": "address", "domain": "domain", "host": "host", "local_part": "local part"}


class NamedList:
    """One of them. `cache` is set by the `_cache` words: a result is kept even when it came from a lookup."""

    __slots__ = ("cache", "hide", "kind", "name", "span", "template")

    def __init__(self, kind: str, name: str, template: Template, *, cache: bool, hide: bool) -> None:
        self.kind = kind
        self.name = name
        self.template = template
        self.cache = cache
        self.hide = hide
        self.span: Span = template.span


class NamedLists:
    """All of them; each kind has names of its own."""

    __slots__ = ("by_kind",)

    def __init__(self) -> None:
        self.by_kind: dict[str, dict[str, NamedList]] = {kind: {} for kind in _SPOKEN}

    def get(self, kind: str, name: str) -> NamedList | None:
        """The list of a kind (`domain`, `host`, `address`, `localpart`), None when there is none."""
        return self.by_kind[kind].get(name)

    def of(self, kind: str) -> Iterator[NamedList]:
        """All lists of a kind."""
        return iter(self.by_kind[kind].values())

    def define(self, setting: Setting) -> None:
        """Obey a line such as `domainlist NAME = VALUE`. Raises ConfigError."""
        kind, cache = LIST_WORDS[setting.name]
        span = setting.line.span
        name, after = split_name(setting.rest)
        if not setting.rest.startswith("=", after):
            raise ConfigError(f"missing '=' after \"{name}\"", span)
        if name in self.by_kind[kind]:
            raise ConfigError(f'duplicate name "{name}" for a named {_SPOKEN[kind]} list', span)
        value = read_string(setting.rest[after + 1 :].lstrip(), name, span)
        self.by_kind[kind][name] = NamedList(kind, name, Template(value, span), cache=cache, hide=setting.hidden)

    def by_name(self, name: str) -> Iterator[NamedList]:
        """The lists of any kind that have this name, in the order in which `-bP +NAME` prints them."""
        for lists in self.by_kind.values():
            if name in lists:
                yield lists[name]
