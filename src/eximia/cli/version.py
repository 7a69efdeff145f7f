"""`-bV`, `--help`: what this program is (manual 5.3)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eximia.base.catalogue import Catalogue
    from eximia.config.site import Site
    from eximia.daemon.invocation import Invocation


def introduction(call: Invocation) -> int:
    from eximia.daemon.letters import INTRODUCTION

    del call
    sys.stderr.write(INTRODUCTION)
    return 1


def show(call: Invocation) -> int:
    """What is built in comes first, as with Exim: an error of the configuration comes after it."""
    from eximia.cli.opening import clean_environment, open_configuration, open_process, open_site

    site = open_site()
    sys.stdout.write(built_in(site))
    sys.stdout.flush()
    if call.debug:
        open_process(call)  # stops whoever may not debug
        sys.stdout.write(libraries())
        sys.stdout.flush()
    configuration = open_configuration(call)
    clean_environment(call, configuration)
    sys.stdout.write(
        f"Configuration file search path is {':'.join(site.configuration)}\n"
        f"Configuration file is {configuration.path}\n"
    )
    return 0


def built_in(site: Site) -> str:
    """The part of -bV that does not depend on the configuration."""
    from eximia import __version__
    from eximia.config.main import MainOptions
    from eximia.daemon.features import words
    from eximia.daemon.version import COMPILE_DATE, COMPILE_NUMBER

    formats = {"appendfile": "appendfile/maildir/mailstore/mbx"}
    transports = [formats.get(each, each) for each in working("eximia.transports.catalogue", "DRIVERS")]
    lines = [
        f"Exim version {MainOptions.exim_version} #{COMPILE_NUMBER} built {COMPILE_DATE}",
        f"This is Eximia {__version__}",
        "Hints DB:",
        f" Using SQLite {sqlite_version()}",
        f"Support for: {' '.join(words())}",
        f"Lookups (built-in): {' '.join(working('eximia.lookups.catalogue', 'LOOKUPS'))}",
        f"Authenticators: {' '.join(working('eximia.authenticators.catalogue', 'DRIVERS'))}",
        f"Routers: {' '.join(working('eximia.routers.catalogue', 'DRIVERS'))}",
        f"Transports: {' '.join(transports)}",
        f"Malware: {' '.join(working('eximia.scan.scanners.catalogue', 'SCANNERS'))}",
        f"Fixed never_users: {':'.join(str(each) for each in site.never_users)}",
        f"Configure owner: {site.configure_owner or 0}:{site.configure_group or 0}",
        "Size of off_t: 8",
    ]
    return "\n".join(lines) + "\n"


def libraries() -> str:
    """With debugging: the interpreter and the libraries that run."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from eximia.tls.binding import TlsUnavailable, library_version

    lines = [f"Interpreter: {platform.python_implementation()} {platform.python_version()}"]
    try:
        lines.append(f"Library version: OpenSSL: Runtime: {library_version()}")
    except TlsUnavailable as error:
        lines.append(f"Library version: OpenSSL: {error}")
    lines.append(f"Library version: SQLite: Runtime: {sqlite_version()}")
    for name in ("cffi", "greenlet", "pcre2", "uvloop"):
        try:
            lines.append(f"Library version: {name}: Runtime: {version(name)}")
        except PackageNotFoundError:
            lines.append(f"Library version: {name}: not installed")
    return "\n".join(lines) + "\n"


def sqlite_version() -> str:
    from importlib import import_module

    return str(import_module("sqlite3").sqlite_version)


def working(module: str, name: str) -> list[str]:
    """The names of a catalogue, less those that are there only to be refused with a clear message."""
    from importlib import import_module

    try:
        catalogue: Catalogue[object] = getattr(import_module(module), name)
    except ModuleNotFoundError:
        return []
    return [each for each in catalogue if ".refused:" not in catalogue.where(each)]
