"""`eximia check [FILE]`: everything that is wrong or doubtful in a configuration, with file and line.

Exim stops at the first error and tells nothing of what only goes wrong when mail comes. The exit status is 1 for
errors, 0 otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eximia.base.errors import ConfigError
from eximia.config.files import Trust
from eximia.config.messages import checker_text
from eximia.config.site import Site, load
from eximia.daemon.loading import Configuration, examine

from .show_options import Out


def check(paths: Sequence[str], out: Out, *, macros: Mapping[str, str] | None = None, site: Site | None = None) -> int:
    """Check the first of `paths` that exists (none: the site's configuration) and report to `out`."""
    try:
        site = site or load()
        trust = Trust(anybody=True) if paths else site.trust
        configuration = examine(site, paths=paths or None, macros=macros, trust=trust)
    except ConfigError as error:
        out(f"error: {checker_text(error)}\n")
        return 1
    return report(configuration, out)


def report(configuration: Configuration, out: Out) -> int:
    """Report on a configuration that was read."""
    from eximia.daemon.checking import warnings

    for error in configuration.errors:
        out(f"error: {checker_text(error)}\n")
    doubts = list(warnings(configuration))
    for doubt in doubts:
        out(f"warning: {checker_text(doubt)}\n")
    out(f"{configuration.path}: {_count(len(configuration.errors), 'error')}, {_count(len(doubts), 'warning')}\n")
    return 1 if configuration.errors else 0


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def command(words: Sequence[str]) -> int:
    """`eximia check [-DNAME=VALUE]... [FILE]...`"""
    import sys

    macros: dict[str, str] = {}
    paths: list[str] = []
    for word in words:
        if word.startswith("-D"):
            name, _, value = word[2:].partition("=")
            macros[name.strip()] = value.strip()
        elif word.startswith("-"):
            sys.stderr.write("usage: eximia check [-DNAME=VALUE]... [FILE]...\n")
            return 2
        else:
            paths.append(word)
    return check(paths, sys.stdout.write, macros=macros)
