"""Macros of the configuration file: definition, redefinition, substitution (manual 6.4 to 6.9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from eximia.base.errors import ConfigError
from eximia.base.span import Span

#: prefix of the names of a family of built-in macros -> how to make its names and values
Families = Mapping[str, Callable[[], Mapping[str, str]]]


class MacroError(ConfigError):
    """A definition of a macro that is wrong: Exim does not name its end a death in the log."""


class BuiltinMacros:
    """Macros that tell what the program can do. A family is made when a line has its prefix: most configurations
    never mention one, and there are hundreds."""

    __slots__ = ("_families", "_known", "_made", "_probes")

    def __init__(self, families: Families, probes: Mapping[str, Callable[[str], bool]] | None = None) -> None:
        """`probes`: family -> tells whether a macro of it is there; asked only for those that a line mentions."""
        self._families = families
        self._probes = probes or {}
        self._made: dict[str, tuple[tuple[str, str], ...]] = {}
        self._known: dict[str, bool] = {}

    def _family(self, prefix: str) -> tuple[tuple[str, str], ...]:
        made = self._made.get(prefix)
        if made is None:
            # Reverse order: of two names the longer comes first, so that the shorter does not spoil it.
            made = tuple(sorted(self._families[prefix]().items(), reverse=True))
            self._made[prefix] = made
        return made

    def within(self, text: str) -> Iterator[tuple[str, str]]:
        """The (name, value) of every built-in macro that `text` contains."""
        if "_" in text:
            for prefix in self._families:
                if prefix in text:
                    for item in self._family(prefix):
                        if item[0] in text and self._there(prefix, item[0]):
                            yield item

    def _there(self, prefix: str, name: str) -> bool:
        probe = self._probes.get(prefix)
        if probe is None:
            return True
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = probe(name)
        return known

    def all(self) -> Iterator[tuple[str, str]]:
        """Every built-in macro."""
        for prefix in self._families:
            yield from (item for item in self._family(prefix) if self._there(prefix, item[0]))


class Macros:
    """The macros in force, in the order in which they were defined."""

    __slots__ = ("_builtin", "_from_command_line", "_values")

    def __init__(self, builtin: BuiltinMacros, command_line: Mapping[str, str] | None = None) -> None:
        self._builtin = builtin
        #: name -> value; a dictionary keeps the order
        self._values: dict[str, str] = dict(command_line or {})
        self._from_command_line = frozenset(self._values)

    def substitute(self, text: str, start: int = 0) -> tuple[str, bool]:
        """`text` with every macro at or after `start` replaced, and whether there was one. Each macro is looked
        for in turn, in the text that the earlier ones left."""
        if text.islower():
            return text, False  # every name of a macro has a capital
        head, tail = text[:start], text[start:]
        found = False
        for name, value in self._builtin.within(tail):
            tail = tail.replace(name, value)
            found = True
        for name, value in self._values.items():
            if name in tail:
                tail = tail.replace(name, value)
                found = True
        return (head + tail if found else text), found

    def define(self, name: str, value: str, *, again: bool, span: Span) -> None:
        """A definition (`=`), or with `again` a redefinition (`==`). What the command line defined stays.
        Raises ConfigError."""
        if name in self._from_command_line:
            return
        known = name in self._values
        if again:
            if not known:
                raise self._error(f'can\'t redefine an undefined macro "{name}"', span)
        elif known:
            raise self._error(f'macro "{name}" is already defined (use "==" if you want to redefine it)', span)
        else:
            self._check_name(name, span)
        self._values[name] = value

    def _check_name(self, name: str, span: Span) -> None:
        for earlier, _ in self._builtin.within(name):
            raise self._substring(name, earlier, span)
        for earlier in self._values:
            if earlier in name:
                raise self._substring(name, earlier, span)

    def _substring(self, name: str, earlier: str, span: Span) -> ConfigError:
        return self._error(
            f'"{name}" cannot be defined as a macro because previously defined macro "{earlier}" is a substring',
            span,
            f'define "{name}" before "{earlier}", or choose another name',
        )

    @staticmethod
    def _error(message: str, span: Span, hint: str = "") -> ConfigError:
        return MacroError(message, span, hint, where="")

    def get(self, name: str) -> str | None:
        """The value of a macro, None when there is none."""
        value = self._values.get(name)
        if value is not None:
            return value
        for builtin, value in self._builtin.within(name):
            if builtin == name:
                return value
        return None

    def items(self) -> Iterator[tuple[str, str]]:
        """Every macro in order, the built-in ones first."""
        yield from self._builtin.all()
        yield from self._values.items()
