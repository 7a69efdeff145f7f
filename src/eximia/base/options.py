"""Declaring options once: parsing, `-bP`, errors, the checker and the reference read the same declaration.

An option is a class attribute of an `OptionSet`, made with `option()`. Its annotation says what code reads; its
`Kind` says how the text of the configuration becomes that value and how `-bP` prints it.

This is not the standard library's `dataclasses`: there are some 700 options, and making dataclasses of them would
take longer than everything else that a call such as `sendmail -t` does before it reads its message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, ClassVar, Self


class Kind(Enum):
    """How an option is written, what its value is, and how `-bP` prints it (manual 6.10 to 6.21)."""

    BOOL = "boolean"
    EXPAND_BOOL = "boolean, expanded"  #: value: bool | Template
    INTEGER = "integer"
    KILO = "integer, printed with K or M"
    KIBI = "integer in units of 1024"  #: value: number of 1024s; a bare number counts 1024s
    EXPAND_INTEGER = "integer, expanded"  #: value: Template, read when used
    OCTAL = "octal integer"
    EXPAND_OCTAL = "octal integer, expanded"  #: value: int | Template
    FIXED = "fixed-point number"  #: value: int, thousandths
    TIME = "time"  #: value: int, seconds
    EXPAND_TIME = "time, expanded"  #: value: int, seconds, or a Template
    TIME_LIST = "time list"  #: value: tuple of seconds
    STRING = "string"  #: value: Untainted | None, used as it is
    EXPAND = "string, expanded"  #: value: Template | None
    STRING_LIST = "string list"  #: value: Template | None; items are read when used
    DOMAIN_LIST = "domain list"  #: this and the next three: Template | None
    HOST_LIST = "host list"
    ADDRESS_LIST = "address list"
    LOCAL_PART_LIST = "local part list"
    UID = "user"  #: value: int | None, looked up when the configuration is read
    GID = "group"
    EXPAND_UID = "user, expanded"  #: value: int, or a Template when it has a `$`
    EXPAND_GID = "group, expanded"
    UID_LIST = "user list"  #: value: tuple of numbers; expanded when the configuration is read
    GID_LIST = "group list"
    REWRITE = "rewriting rules"  #: value: Template | None; the rewrite layer parses it
    SPECIAL = "special"  #: the option's own parser


class Sink(Enum):
    """What an expanded value is used for, where taint matters to the checker."""

    NONE = ""
    FILE_NAME = "file name"
    COMMAND = "command"
    QUERY = "query"


class Declaration:
    """What is known of an option beside its type. Made by `option()`."""

    __slots__ = (
        "append",
        "default",
        "doc",
        "field",
        "kind",
        "name",
        "old_names",
        "own",
        "secret",
        "sets",
        "shown",
        "sink",
    )

    def __init__(
        self,
        kind: Kind,
        doc: str,
        default: Any,
        old_names: tuple[str, ...],
        sink: Sink,
        secret: bool,
        append: str,
        own: bool,
        name: str,
        sets: tuple[str, ...],
        shown: Callable[[str], str] | None,
    ) -> None:
        self.kind = kind
        self.doc = doc
        self.default = default
        self.old_names = old_names
        self.sink = sink
        #: holds passwords or the like: the checker advises `hide`
        self.secret = secret
        #: the option repeats: further settings are added with this separator
        self.append = append
        #: ours, not in Exim
        self.own = own
        #: the name in the configuration
        self.name = name
        #: the attribute's name, the same unless it is a word of Python
        self.field = name
        #: a boolean that has no value of its own but sets these
        self.sets = sets
        #: what `-bP` makes of the value's text, where it does not show the text itself
        self.shown = shown


def option(
    kind: Kind,
    doc: str,
    *,
    default: Any = None,
    old_names: tuple[str, ...] = (),
    sink: Sink = Sink.NONE,
    secret: bool = False,
    append: str = "",
    own: bool = False,
    name: str = "",
    sets: tuple[str, ...] = (),
    shown: Callable[[str], str] | None = None,
) -> Any:
    """Declare an option. `name` is Exim's name where it is no Python identifier (`from`); otherwise the
    attribute's name is the option's name. For the other arguments see `Declaration`."""
    return Declaration(kind, doc, default, old_names, sink, secret, append, own, name, sets, shown)


class OptionSet:
    """Base of classes that declare options. Instances are read-only; values not given have their defaults."""

    #: every option, by its name in the configuration, inherited ones included
    declared: ClassVar[Mapping[str, Declaration]] = {}
    #: old name -> current name
    renamed: ClassVar[Mapping[str, str]] = {}
    _defaults: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        declared: dict[str, Declaration] = {}
        for base in reversed(cls.__mro__):
            if base is cls:
                for field, value in list(vars(cls).items()):
                    if type(value) is Declaration:
                        value.field = field
                        value.name = value.name or field
                        declared[value.name] = value
                        setattr(cls, field, value.default)
            elif issubclass(base, OptionSet):
                declared.update(base.declared)
        cls.declared = declared
        cls.renamed = {old: name for name, one in declared.items() for old in one.old_names}
        cls._defaults = {one.field: one.default for one in declared.values() if not one.sets}

    def __init__(self, /, **values: Any) -> None:
        for field in values:
            if field not in self._defaults:
                raise TypeError(f"{type(self).__name__} has no option {field!r}")
        # One full dictionary for each instance: reading an option is then one dictionary look-up.
        self.__dict__.update(self._defaults)
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"options are read-only: {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"options are read-only: {name}")

    def __repr__(self) -> str:
        differing = ", ".join(f"{k}={v!r}" for k, v in self.__dict__.items() if self._defaults.get(k) != v)
        return f"{type(self).__name__}({differing})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = None  # type: ignore[assignment]

    def replace(self, /, **values: Any) -> Self:
        """A copy with other values."""
        return type(self)(**{**self.__dict__, **values})

    @classmethod
    def settle(cls, values: dict[str, Any], given: frozenset[str]) -> Iterator[str]:
        """Called when all settings of one instance were read: may change `values` (by attribute name) where one
        option's default follows from another, and yields Exim's wording for combinations that are wrong.
        `given` holds the attribute names that were set. Overridden by drivers; the result is consumed to the end."""
        return iter(())


def declarations(cls: type[OptionSet]) -> Iterator[tuple[str, Declaration]]:
    """(name, declaration) of every option of a class, inherited ones included."""
    return iter(cls.declared.items())
