"""`-bP`: option values, drivers, lists, macros and the configuration itself (manual 5.2)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from eximia.base.pattern import pattern
from eximia.config.binding import Instance
from eximia.config.dump import dump
from eximia.config.main import MainOptions
from eximia.config.printing import HIDDEN, show_option, show_options
from eximia.daemon.drivers import FAMILIES
from eximia.daemon.environment import cleaned
from eximia.daemon.loading import Configuration

Out = Callable[[str], object]


class DeniedError(Exception):
    """Only admin users may see this."""


def show(
    configuration: Configuration,
    words: Sequence[str],
    out: Out,
    *,
    admin: bool = True,
    no_labels: bool = False,
) -> int:
    """Print what `words` (the arguments after `-bP`) ask for; `out` takes text with its newline. Returns the exit
    status: that of the last word, as with Exim."""
    printer = _Printer(configuration, out, admin=admin, labels=not no_labels)
    words = list(words)
    if not words:
        return printer.all_main()
    status = 0
    at = 0
    while at < len(words):
        word = words[at]
        argument = words[at + 1] if at + 1 < len(words) else None
        at += 1
        if word in _WITH_NAME and argument is not None:
            at += 1
            status = printer.named(word, argument)
        else:
            status = printer.word(word)
    return status


#: words that take the next word with them
#: what only admin users see of the configuration: hidden settings and macros
_SECRET = pattern(r"^(\s*hide\s[^=]*|[A-Z][A-Za-z0-9_]*\s*=?)=.*")
_WITH_NAME = frozenset({"router", "transport", "authenticator", "macro", "environment", "config"})


class _Printer:
    def __init__(self, configuration: Configuration, out: Out, *, admin: bool, labels: bool) -> None:
        self.configuration = configuration
        self.admin = admin
        self.labels = labels
        self._out = out
        self._hide = frozenset() if admin else frozenset(configuration.given.hidden)

    def _line(self, text: str) -> None:
        self._out(text + "\n")

    def _lines(self, texts: Iterable[str]) -> int:
        for text in texts:
            self._line(text)
        return 0

    def all_main(self) -> int:
        names = frozenset(MainOptions.declared)
        return self._lines(show_options(self.configuration.main, names, hide=self._hide, labels=self.labels))

    def word(self, word: str) -> int:
        """One word of the command line that takes no argument."""
        if word.startswith("+"):
            return self._named_list(word[1:])
        special = _SPECIAL.get(word)
        if special is not None:
            return special(self)
        for family in FAMILIES:
            if word == family.section:
                return self._lines(self._drivers(family.what))
            if word == f"{family.what}_list":
                return self._lines(instance.name for instance in self._instances(family.what))
        return self._option(word)

    def _option(self, word: str) -> int:
        name = MainOptions.renamed.get(word, word)
        one = MainOptions.declared.get(name)
        if one is None:
            self._line(f"{word} is not a known option")
            return 1
        value = getattr(self.configuration.main, one.field)
        self._line(show_option(one, value, hidden=name in self._hide, labels=self.labels, name=word))
        return 0

    def named(self, word: str, name: str) -> int:
        """A driver instance or a macro. As with Exim, `config` and `environment` take a word and do nothing with it."""
        if word == "macro":
            return self._macro(name)
        if word == "config":
            return self.config()
        for instance in self._instances(word):
            if instance.name == name:
                return self._lines(self._driver(word, instance))
        self._line(f"{word} {name} not found")
        return 1

    def _macro(self, name: str) -> int:
        self._admin_only()
        value = self.configuration.macros.get(name)
        if value is None:
            self._line(f"macro {name} not found")
            return 1
        self._line(f"{name}={value}" if self.labels else value)
        return 0

    def _admin_only(self) -> None:
        if not self.admin:
            raise DeniedError

    def macros(self) -> int:
        self._admin_only()
        items = self.configuration.macros.items()
        return self._lines(f"{name}={value}" if self.labels else value for name, value in items)

    def macro_names(self) -> int:
        self._admin_only()
        return self._lines(name for name, _ in self.configuration.macros.items())

    def config_file(self) -> int:
        self._line(self.configuration.path)
        return 0

    def config(self) -> int:
        lines = dump(self.configuration.file, str(self.configuration.main.exim_version))
        return self._lines(lines if self.admin else (_SECRET.sub(rf"\1= {HIDDEN}", line) for line in lines))

    def environment(self) -> int:
        left = cleaned(self.configuration.main, os.environ)
        return self._lines(f"{name}={value}" if self.labels else name for name, value in sorted(left.items()))

    def local_scan(self) -> int:
        self._line("local_scan() options are not supported")
        return 1

    def _instances(self, what: str) -> list[Instance[Any]]:
        return self.configuration.instances.get(what, [])

    def _drivers(self, what: str) -> Iterator[str]:
        for instance in self._instances(what):
            yield ""
            yield f"{instance.name} {what}:"
            yield from self._driver(what, instance)

    def _driver(self, what: str, instance: Instance[Any]) -> Iterator[str]:
        """Generic options first, then the driver's own. What is hidden in one instance is hidden in all of its
        driver."""
        generic = next(family.generic for family in FAMILIES if family.what == what)
        hide: set[str] = set()
        if not self.admin:
            for other in self._instances(what):
                if other.driver == instance.driver:
                    hide |= other.given.hidden
        names = frozenset(instance.options.declared)
        shared = frozenset(generic.declared)
        yield from show_options(instance.options, shared, hide=hide, labels=self.labels)
        yield from show_options(instance.options, names - shared, hide=hide, labels=self.labels)

    def _named_list(self, name: str) -> int:
        found = list(self.configuration.lists.by_name(name))
        if not found:
            self._line(f'no address, domain, host, or local part list called "{name}" exists')
            return 1
        for one in found:
            text = HIDDEN if one.hide and not self.admin else one.template.text
            self._line(f"{one.kind.replace('_', '')}list {name} = {text}" if self.labels else text)
        return 0


_SPECIAL: dict[str, Callable[[_Printer], int]] = {
    "all": _Printer.all_main,
    "config": _Printer.config,
    "config_file": _Printer.config_file,
    "configure_file": _Printer.config_file,
    "environment": _Printer.environment,
    "local_scan": _Printer.local_scan,
    "macro_list": _Printer.macro_names,
    "macros": _Printer.macros,
}
