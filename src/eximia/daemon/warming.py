"""What a worker imports and compiles before it serves, so that the first messages need not wait for it.

Parts are imported when they are first used, because the command line needs few of them; a server needs those that
receiving and delivering mail with its configuration takes.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from eximia.acl.catalogue import HANDLERS
from eximia.base.dataclass import fields, is_dataclass
from eximia.base.template import Template
from eximia.expand.engine import compile_text
from eximia.transports.catalogue import DRIVERS

if TYPE_CHECKING:
    from eximia.context import Process

#: packages of which all modules are imported; those of the catalogues are asked for by the configuration
_PACKAGES: Final = (
    "acl",
    "acl.verify",
    "delivery",
    "lists",
    "protocols.smtp.client",
    "protocols.smtp.server",
    "reception",
    "reception.commands",
    "routers",
    "routers.redirect",
    "spool",
    "transports",
    "transports.smtp",
)


def warm(process: Process) -> None:
    """Import and compile it."""
    for name in _PACKAGES:
        package = import_module(f"eximia.{name}")
        for module in pkgutil.iter_modules(package.__path__):
            import_module(f"{package.__name__}.{module.name}")
    import_module("pcre2")
    config = process.config
    for acl in config.acls.values():
        for statement in acl.statements:
            for item in statement.items:
                if item.name in HANDLERS:
                    item.handler = HANDLERS.get(item.name)
                _compile([item.template])
    for router in config.routers.routers:  # making the chain imports the drivers
        _compile(_values(router.options))
    for transport in config.transports.values():
        DRIVERS.get(str(transport.options.driver))
        _compile(_values(transport.options))
    _compile(_values(config.main))


def _values(options: Any) -> Iterable[Any]:
    if is_dataclass(options):
        return [getattr(options, field.name) for field in fields(options)]
    return [getattr(options, one.field) for one in type(options).declared.values()]


def _compile(values: Iterable[Any]) -> None:
    """What is wrong in a string is found when it is evaluated, if ever."""
    for value in values:
        if isinstance(value, Template) and not value.constant and value.compiled is None:
            value.compiled = compile_text(value.text)
