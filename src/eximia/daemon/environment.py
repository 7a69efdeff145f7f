"""The environment that the program and its helpers see (manual 14, `keep_environment` and `add_environment`)."""

from __future__ import annotations

import os
from collections.abc import Mapping

from eximia.base.errors import ConfigError
from eximia.base.listtext import split_list
from eximia.config.main import MainOptions

WARNING = "Warning: purging the environment.\n Suggested action: use keep_environment."


def cleaned(main: MainOptions, environ: Mapping[str, str]) -> dict[str, str]:
    """What is left of `environ`, and what is added. Raises ConfigError for a pattern that cannot be used."""
    kept: dict[str, str] = {}
    if main.keep_environment is not None:
        patterns = split_list(main.keep_environment.text)
        kept = {name: value for name, value in environ.items() if _matches(name, patterns)}
    if main.add_environment is not None:
        for item in split_list(main.add_environment.text):
            name, equals, value = item.partition("=")
            if name and equals:
                kept[name] = value
    return kept


def clean(main: MainOptions) -> bool:
    """Make our own environment what it should be. True when something was thrown away that the postmaster should
    have been asked about. Raises ConfigError."""
    before = dict(os.environ)
    after = cleaned(main, before)
    os.environ.clear()
    os.environ.update(after)
    return must_warn(main, before)


def must_warn(main: MainOptions, environ: Mapping[str, str]) -> bool:
    """Whether something was thrown away without the postmaster having said so."""
    return main.keep_environment is None and bool(environ)


def _matches(name: str, patterns: list[str]) -> bool:
    """A list of patterns as in manual 10: the first that matches decides, `!` negates, and a list that ends with a
    negated item lets through what nothing matched."""
    wanted = True
    for pattern in patterns:
        wanted = not pattern.startswith("!")
        text = pattern.lstrip("! \t")
        if text.startswith("^"):
            from eximia.lists.regex import Regex

            found = Regex(text).search(name) is not None
        elif text.startswith("*"):
            found = name.lower().endswith(text[1:].lower())
        elif text.startswith("/"):
            found = _in_file(name, text)
        else:
            found = name == text
        if found:
            return wanted
    return not wanted


def _in_file(name: str, path: str) -> bool:
    try:
        with open(path, encoding="latin-1") as file:
            lines = [line.partition("#")[0].strip() for line in file]
    except OSError as error:
        raise ConfigError(f"failed to open {path} when checking keep_environment: {error.strerror}", where="") from None
    return any(line and _matches(name, [line]) for line in lines)
