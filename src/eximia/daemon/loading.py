"""From the name of a configuration file to a `Configuration` that the program works with.

Composes what the layers offer: this is the one place that knows them all. Reading is all that happens here; nothing
is opened, looked up or compiled that the call may not need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eximia.base.errors import ConfigError
from eximia.config.binding import Given, Instance, bind_main
from eximia.config.files import Trust, find, read_trusted
from eximia.config.macros import Macros
from eximia.config.main import MainOptions
from eximia.config.messages import merged
from eximia.config.named_lists import NamedLists
from eximia.config.sections import ConfigFile, read
from eximia.config.site import Site
from eximia.config.values import Expander, ValueReader

from . import main_settings
from .builtin_macros import builtin_macros
from .section_binders import bind_section


class Configuration:
    """Everything that was read and bound. `errors` is empty for one that may be used."""

    __slots__ = (
        "_routers",
        "acls",
        "authenticators",
        "errors",
        "file",
        "given",
        "instances",
        "lists",
        "macros",
        "main",
        "named_lists",
        "path",
        "retry",
        "rewrite",
        "site",
        "transports",
    )

    def __init__(self, site: Site, file: ConfigFile) -> None:
        self.site = site
        self.file = file
        self.path = file.path
        self.macros = file.macros
        self.lists: NamedLists = file.lists
        #: kind (domain, host, address, local_part) -> name -> list
        self.named_lists = file.lists.by_kind
        self.main = MainOptions()
        #: which main options were set, where, and which are hidden
        self.given = Given()
        #: router, transport, authenticator -> its instances in order
        self.instances: dict[str, list[Instance[Any]]] = {}
        #: name -> ACL
        self.acls: dict[str, Any] = {}
        #: made by their layers from the instances and lines
        self._routers: Any = None
        self.transports: Any = {}
        self.authenticators: Any = ()
        self.retry: Any = ()
        self.rewrite: Any = ()
        self.errors: list[ConfigError] = []

    @property
    def routers(self) -> Any:
        """The chain of routers, made when the first address is routed: most calls of the command line need none."""
        if self._routers is None:
            from eximia.routers.router import make_chain

            self._routers = make_chain(self.instances.get("router", ()))
        return self._routers


def load(
    site: Site,
    *,
    paths: Sequence[str] | None = None,
    macros: Mapping[str, str] | None = None,
    trust: Trust | None = None,
    expander: Expander | None = None,
    whole: bool = True,
) -> Configuration:
    """Read and bind. `paths` are the files of -C, the first that exists is taken (None: the site's); `macros` those
    of -D; `trust` says who may own the files; `expander` expands the few options that are expanded now. Only
    the main part is read if not `whole`. Raises ConfigError, the first error."""
    configuration = examine(site, paths=paths, macros=macros, trust=trust, expander=expander, whole=whole)
    if configuration.errors:
        error = configuration.errors[0]
        error.main = configuration.main
        raise error
    return configuration


#: as in Exim, who may change an included file is the matter of whoever includes it
_INCLUDED = Trust(anybody=True)


def examine(
    site: Site,
    *,
    paths: Sequence[str] | None = None,
    macros: Mapping[str, str] | None = None,
    trust: Trust | None = None,
    expander: Expander | None = None,
    whole: bool = True,
) -> Configuration:
    """Like `load`, but all errors are in the result. Raises ConfigError only when there is no file to read."""
    trust = site.trust if trust is None else trust
    path, text = find(site.configuration if paths is None else paths, trust)
    known = Macros(builtin_macros(), macros)
    file = read(path, text, known, lambda name: read_trusted(name, _INCLUDED), whole=whole)
    configuration = Configuration(site, file)
    reader = ValueReader(expander)
    main, configuration.given, errors = bind_main(MainOptions, file.main, reader)
    errors += main_settings.check(main, configuration.given)
    try:
        configuration.main = main_settings.completed(main, site, expander)
    except ConfigError as error:
        errors.append(error)
    for section in file.begun:
        errors += bind_section(section, configuration, reader)
    configuration.errors = merged(file.seen, file.errors, errors)
    return configuration
