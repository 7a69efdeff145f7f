"""From settings to options: names, negation, repetition, defaults (manual 6.11 and 6.23).

Works for the main section and for every kind of driver; what is special to one option is in its declaration.
Errors are appended to a list in the order of the file, in Exim's words, with hints of our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from eximia.base.catalogue import Catalogue
from eximia.base.errors import ConfigError
from eximia.base.listtext import split_list
from eximia.base.options import Declaration, Kind, OptionSet
from eximia.base.span import Span
from eximia.base.template import Template
from eximia.base.text import Untainted

from .lines import BLANK
from .sections import Block
from .settings import Setting, split_setting, without_negation
from .values import ValueReader, find_user

Options = TypeVar("Options", bound=OptionSet)

_SWITCHES = (Kind.BOOL, Kind.EXPAND_BOOL)
_USERS = (Kind.UID, Kind.EXPAND_UID)


class Given:
    """Beside the values: which options were set, where, and which are hidden."""

    __slots__ = ("hidden", "old_names", "spans")

    def __init__(self) -> None:
        #: name in the configuration -> where it was set
        self.spans: dict[str, Span] = {}
        self.hidden: set[str] = set()
        #: (old name, current name, where)
        self.old_names: list[tuple[str, str, Span]] = []


class Instance(Generic[Options]):
    """A driver instance: `options` holds all of its values."""

    __slots__ = ("driver", "given", "name", "options", "runner", "span")

    def __init__(self, name: str, span: Span, driver: str, options: Options, given: Given) -> None:
        self.name = name
        self.span = span
        self.driver = driver
        self.options = options
        self.given = given
        #: what the section's layer made of it, when first asked for
        self.runner: Any = None

    def __repr__(self) -> str:
        return f"Instance({self.name!r}, {self.options!r})"


class _Unknown(Exception):
    """A name that no option has."""


class Binder:
    """Collects values of one option set."""

    def __init__(self, options: type[OptionSet], reader: ValueReader) -> None:
        self.options = options
        self.values: dict[str, Any] = {}
        self.given = Given()
        self._reader = reader
        #: groups that come with a user given by name
        self._groups: dict[str, int] = {}

    def find(self, name: str) -> tuple[Declaration, bool]:
        """The option that `name` sets and whether it is negated. Raises _Unknown."""
        declared, renamed = self.options.declared, self.options.renamed
        found = declared.get(name) or declared.get(renamed.get(name, ""))
        if found is not None:
            return found, False
        positive = without_negation(name)
        if positive is not None:
            found = declared.get(positive) or declared.get(renamed.get(positive, ""))
            if found is not None:
                return found, True
        raise _Unknown

    def set(self, setting: Setting) -> None:
        """Obey a setting. Raises ConfigError, or _Unknown."""
        one, negated = self.find(setting.name)
        span = setting.line.span
        written = without_negation(setting.name) or setting.name if negated else setting.name
        if written in self.given.spans and not one.append:
            raise ConfigError(f'"{setting.name}" option set for the second time', span)
        self.given.spans[written] = span
        if written != one.name:
            self.given.old_names.append((written, one.name, span))
        if setting.hidden:
            self.given.hidden.add(one.name)
        value = self._value(one, setting, span, negated=negated)
        if one.sets:
            for name in one.sets:
                self.values[self.options.declared[name].field] = value
        elif one.append:
            self.values[one.field] = _appended(self.values.get(one.field), value, one.append)
        else:
            self.values[one.field] = value

    def _value(self, one: Declaration, setting: Setting, span: Span, *, negated: bool) -> Any:
        rest = setting.rest
        if one.kind in _SWITCHES:
            if negated or not rest:
                if rest:
                    raise ConfigError(f"extra characters follow boolean option {setting.name}", span)
                return not negated
            if rest[0] != "=":
                raise ConfigError(f"extra characters follow boolean option {setting.name}", span)
        elif negated:
            raise ConfigError("negation prefix applied to a non-boolean option", span)
        elif not rest:
            raise ConfigError(f"unexpected end of line (data missing) after {setting.name}", span)
        elif rest[0] != "=":
            raise ConfigError(f'missing "=" after {setting.name}', span)
        text = rest[1:].lstrip(BLANK)
        value = self._reader.read(one.kind, setting.name, text, span)
        if one.kind in _USERS and isinstance(value, int) and not text.isdigit():
            self._note_group(one, text, span)
        return value

    def _note_group(self, one: Declaration, text: str, span: Span) -> None:
        group = self.options.declared.get(one.name.replace("user", "group"))
        if group is not None:
            gid = find_user(text.strip('"'), span)[1]
            if gid is not None:
                self._groups[group.field] = gid

    def finish(self, name: str) -> tuple[dict[str, Any], list[str]]:
        """All values, defaults included, and Exim's complaints about their combination."""
        for field, gid in self._groups.items():
            if field != "exim_group":  # the group we run as was fixed with the site, as Exim's at build time
                self.values.setdefault(field, gid)
        given = frozenset(self.values)
        values = {one.field: one.default for one in self.options.declared.values() if not one.sets}
        values.update(self.values)
        if values.get("public_name", name) is None:
            values["public_name"] = Untainted(name)
        return values, list(self.options.settle(values, given))


def _appended(old: Any, new: Any, how: str) -> Any:
    """The value of an option that may be set several times (manual 15: condition, headers_add, headers_remove, set).
    `old` is None at the first setting; `how` is the separator of the list that they make, or "condition"."""
    if how == "condition":
        if old is None:
            return new
        both = f"${{if and{{{{bool_lax{{{old.text}}}}}{{bool_lax{{{new.text}}}}}}}}}"
        return Template(both, old.span)
    if isinstance(new, Template):
        return Template(_joined("" if old is None else old.text, new.text, how), (old or new).span)
    return Untainted(_joined(old or "", new, how))


def _joined(before: str, after: str, separator: str) -> str:
    """A list with the items of another, which may have a separator of its own."""
    for item in split_list(after, separator):
        before += (separator if before else "") + item.replace(separator, separator * 2)
    return before


def bind_main(
    options: type[Options], settings: Iterable[Setting], reader: ValueReader
) -> tuple[Options, Given, list[ConfigError]]:
    """The main section's options. Settings in error are left at their defaults."""
    binder = Binder(options, reader)
    errors: list[ConfigError] = []
    for setting in settings:
        try:
            binder.set(setting)
        except ConfigError as error:
            errors.append(error)
        except _Unknown:
            message = f'main option "{setting.name}" unknown'
            errors.append(ConfigError(message, setting.line.span, _suggest(setting.name, options)))
    values, _ = binder.finish("")
    return options(**values), binder.given, errors


def bind_instances(
    what: str,
    blocks: Sequence[Block],
    catalogue: Catalogue[type[Options]],
    generic: type[Options],
    reader: ValueReader,
) -> tuple[list[Instance[Options]], list[ConfigError]]:
    """The instances of one section. `what` is `router`, `transport` or `authenticator`; `generic` declares the
    options that may stand before `driver =`. An instance in error is left out."""
    section = _Section(what, catalogue, generic, reader)
    found = [section.bind(block) for block in blocks]
    for error in section.late:
        error.found_at = _last_line(blocks[-1])
    return [one for one in found if one is not None], section.errors + section.late


class _Section(Generic[Options]):
    """Binds the blocks of a section and collects what is wrong with them."""

    def __init__(
        self, what: str, catalogue: Catalogue[type[Options]], generic: type[Options], reader: ValueReader
    ) -> None:
        self.what = what
        self.catalogue = catalogue
        self.generic = generic
        self.reader = reader
        self.errors: list[ConfigError] = []
        #: what Exim finds when the whole section was read: wrong settings of generic options
        self.late: list[ConfigError] = []

    def bind(self, block: Block) -> Instance[Options] | None:
        """One instance, None when it is in error."""
        before = len(self.errors)
        binder = Binder(self.generic, self.reader)
        options: type[Options] | None = None
        for line in block.lines:
            setting = split_setting(line)
            self._set(binder, setting, chosen="driver" in binder.values)
            if setting.name == "driver" and options is None:
                options = self._driver(block, binder, setting)
                binder.options = options or self.generic
        if "driver" not in binder.values and len(self.errors) == before:
            self.errors.append(ConfigError(f'no driver defined for {self.what} "{block.name}"', block.span, where=""))
        if options is None or len(self.errors) > before:
            return None
        values, complaints = binder.finish(block.name)
        for complaint in complaints:
            late = complaint.startswith(f"\n  {{name}} {self.what}:")
            (self.late if late else self.errors).append(self._complaint(block, complaint))
        if complaints:
            return None
        return Instance(block.name, block.span, str(binder.values["driver"]), options(**values), binder.given)

    def _set(self, binder: Binder, setting: Setting, *, chosen: bool) -> None:
        span = setting.line.span
        if not setting.name:
            self.errors.append(ConfigError(f"option setting expected: {setting.line.text}", span))
            return
        try:
            binder.set(setting)
        except ConfigError as error:
            self.errors.append(error)
        except _Unknown:
            message = f'option "{setting.name}" unknown'
            if not chosen:
                message += ' ("driver" must be specified before any private options)'
            self.errors.append(ConfigError(message, span, _suggest(setting.name, binder.options)))

    def _driver(self, block: Block, binder: Binder, setting: Setting) -> type[Options] | None:
        """The options of the driver that a block has just chosen."""
        driver = str(binder.values.get("driver") or "")
        options = self.catalogue.get(driver)
        if options is None and "driver" in binder.values:
            message = f'{self.what} {block.name}: cannot find {self.what} driver "{driver}"'
            near = self.catalogue.nearest(driver)
            self.errors.append(ConfigError(message, setting.line.span, f'did you mean "{near}"?' if near else ""))
        return options

    def _complaint(self, block: Block, text: str) -> ConfigError:
        """A text that begins with a newline is the whole message, with {name} in it; others are said
        "for r1 router"."""
        if text.startswith("\n"):
            error = ConfigError(text.lstrip().replace("{name}", block.name), block.span, where="")
        else:
            error = ConfigError(text, block.span, where=f"for {block.name} {self.what}")
        error.found_at = _last_line(block)
        return error


def _last_line(block: Block) -> Span:
    return block.lines[-1].span if block.lines else block.span


def _suggest(name: str, options: type[OptionSet]) -> str:
    from .suggest import did_you_mean

    return did_you_mean(name, [*options.declared, *options.renamed])
