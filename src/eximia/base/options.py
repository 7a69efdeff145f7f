"""Declaring options once: parsing, `-bP`, errors, the checker and the reference read the same declaration.

An option is a field of a frozen dataclass, made with `option()`. The field's type is what code reads; its `Kind`
says how the text of the configuration becomes that value and how `-bP` prints it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from enum import Enum
from typing import Any


class Kind(Enum):
    """How an option is written, what its value is, and how `-bP` prints it (manual 6.10 to 6.21)."""

    BOOL = "boolean"
    EXPAND_BOOL = "boolean, expanded"  #: value: bool | Template
    INTEGER = "integer"
    EXPAND_INTEGER = "integer, expanded"  #: value: int | Template
    OCTAL = "octal integer"
    EXPAND_OCTAL = "octal integer, expanded"
    KILO = "integer, printed with K/M/G"
    FIXED = "fixed-point number"  #: value: int, thousandths
    TIME = "time"  #: value: int, seconds
    EXPAND_TIME = "time, expanded"
    TIME_LIST = "time list"
    STRING = "string"  #: value: str | None, used as it is
    EXPAND = "string, expanded"  #: value: Template | None
    STRING_LIST = "string list"  #: value: Template | None; items are read when used
    DOMAIN_LIST = "domain list"  #: this and the next three: Template | None
    HOST_LIST = "host list"
    ADDRESS_LIST = "address list"
    LOCAL_PART_LIST = "local part list"
    UID = "user, expanded"
    GID = "group, expanded"
    UID_LIST = "user list"
    GID_LIST = "group list"
    REWRITE = "rewriting rules"
    SPECIAL = "special"  #: the option's own parser


class Sink(Enum):
    """What an expanded value is used for, where taint matters to the checker."""

    NONE = ""
    FILE_NAME = "file name"
    COMMAND = "command"
    QUERY = "query"


@dataclasses.dataclass(frozen=True, slots=True)
class Declaration:
    """What is known of an option beside its type."""

    kind: Kind
    doc: str
    default: Any = None
    old_names: tuple[str, ...] = ()
    sink: Sink = Sink.NONE
    hidden: bool = False
    #: the option repeats: further settings are added with this separator
    append: str = ""
    #: ours, not in Exim
    own: bool = False
    name: str = ""


_KEY = "eximia.option"


def option(
    kind: Kind,
    doc: str,
    *,
    default: Any = None,
    old_names: tuple[str, ...] = (),
    sink: Sink = Sink.NONE,
    hidden: bool = False,
    append: str = "",
    own: bool = False,
    name: str = "",
) -> Any:
    """A dataclass field that declares an option. `name` is Exim's name where it is no Python identifier
    (`return`-like words); otherwise the field's name is the option's name."""
    declaration = Declaration(kind, doc, default, old_names, sink, hidden, append, own, name)
    return dataclasses.field(default=default, metadata={_KEY: declaration}, kw_only=True)


def declarations(cls: type) -> Iterator[tuple[str, Declaration]]:
    """(field name, declaration) of every option of a dataclass, inherited ones included."""
    for field in dataclasses.fields(cls):
        declaration = field.metadata.get(_KEY)
        if declaration is not None:
            yield field.name, declaration
