"""From settings to options: names, negation, repetition, defaults (manual 6.11 and 6.23).

Works for the main section and for every kind of driver; what is special to one option is in its declaration.
Errors are appended to a list in the order of the file, in Exim's words, with hints of our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from eximia.base.catalogue import Catalogue
from eximia.base.errors import ConfigError
from eximia.base.options import Declaration, Kind, OptionSet
from eximia.base.span import Span
from eximia.base.template import Template
from eximia.base.text import Untainted

from .lines import BLANK
from .sections import Block
from .settings import Setting, split_setting, without_negation
from .values import ValueReader, find_user

O = TypeVar("O", bound=OptionSet)  # noqa: E741

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


class Instance(Generic[O]):
    """A driver instance: `options` holds all of its values."""

    __slots__ = ("driver", "given", "name", "options", "runner", "span")

    def __init__(self, name: str, span: Span, driver: str, options: O, given: Given) -> None:
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
        elif one.append and one.field in self.values:
            self.values[one.field] = _appended(self.values[one.field], value, one.append)
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
    """The value of an option that was set again (manual 15: condition, headers_add, headers_remove, set)."""
    if not isinstance(old, Template):
        return Untainted(f"{old}{how}{new}")
    before, after = str(old.text), str(new.text)
    if how == "condition":
        both = f"${{if and{{{{bool_lax{{{before}}}}}{{bool_lax{{{after}}}}}}}}}"
        return Template(both, old.span)
    if not after.strip(BLANK):
        return old
    return Template((before.rstrip("\n") if how == "\n" else before) + how + after, old.span)


def bind_main(options: type[O], settings: Iterable[Setting], reader: ValueReader) -> tuple[O, Given, list[ConfigError]]:
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
    catalogue: Catalogue[type[O]],
    generic: type[O],
    reader: ValueReader,
) -> tuple[list[Instance[O]], list[ConfigError]]:
    """The instances of one section. `what` is `router`, `transport` or `authenticator`; `generic` declares the
    options that may stand before `driver =`. An instance in error is left out."""
    instances: list[Instance[O]] = []
    errors: list[ConfigError] = []
    late: list[ConfigError] = []
    for block in blocks:
        found = _bind_block(what, block, catalogue, generic, reader, errors, late)
        if found is not None:
            instances.append(found)
    for error in late:
        error.found_at = _last_line(blocks[-1])
    return instances, errors + late


def _last_line(block: Block) -> Span:
    return block.lines[-1].span if block.lines else block.span


def _bind_block(
    what: str,
    block: Block,
    catalogue: Catalogue[type[O]],
    generic: type[O],
    reader: ValueReader,
    errors: list[ConfigError],
    late: list[ConfigError],
) -> Instance[O] | None:
    """`late` takes what Exim finds only when the whole section was read: wrong settings of generic options."""
    binder = Binder(generic, reader)
    before = len(errors)
    driver = ""
    for line in block.lines:
        setting = split_setting(line)
        if not setting.name:
            errors.append(ConfigError(f"option setting expected: {line.text}", line.span))
            continue
        try:
            binder.set(setting)
        except ConfigError as error:
            errors.append(error)
        except _Unknown:
            message = f'option "{setting.name}" unknown'
            if not driver:
                message += ' ("driver" must be specified before any private options)'
            errors.append(ConfigError(message, line.span, _suggest(setting.name, binder.options)))
        if setting.name == "driver" and not driver:
            driver = str(binder.values.get("driver") or "")
            options = catalogue.get(driver)
            if options is not None:
                binder.options = options
            elif driver:
                message = f'{what} {block.name}: cannot find {what} driver "{driver}"'
                near = catalogue.nearest(driver)
                errors.append(ConfigError(message, line.span, f'did you mean "{near}"?' if near else ""))
    if not driver and len(errors) == before:
        errors.append(ConfigError(f'no driver defined for {what} "{block.name}"', block.span, where=""))
    if len(errors) > before:
        return None
    values, complaints = binder.finish(block.name)
    for complaint in complaints:
        (late if complaint.startswith(f"\n  {{name}} {what}:") else errors).append(_complaint(what, block, complaint))
    return None if complaints else Instance(block.name, block.span, driver, binder.options(**values), binder.given)  # type: ignore[arg-type]


def _complaint(what: str, block: Block, text: str) -> ConfigError:
    """A text that begins with a newline is the whole message, with {name} in it; others are said "for r1 router"."""
    if text.startswith("\n"):
        error = ConfigError(text.lstrip().replace("{name}", block.name), block.span, where="")
    else:
        error = ConfigError(text, block.span, where=f"for {block.name} {what}")
    error.found_at = _last_line(block)
    return error


def _suggest(name: str, options: type[OptionSet]) -> str:
    from .suggest import did_you_mean

    return did_you_mean(name, [*options.declared, *options.renamed])
