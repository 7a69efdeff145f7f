"""Each section of the configuration, handed to the layer that knows it. All errors of a section are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from eximia.base.errors import ConfigError
from eximia.base.template import Template
from eximia.config.binding import Instance, bind_instances
from eximia.config.values import ValueReader

if TYPE_CHECKING:
    from .drivers import Family
    from .loading import Configuration


def bind_section(section: str, configuration: Configuration, reader: ValueReader) -> Iterator[ConfigError]:
    """Make of a section what its layer works with; yields what is wrong."""
    return _BINDERS[section](configuration, reader)


def _drivers(family: Family, configuration: Configuration, reader: ValueReader) -> list[ConfigError]:
    """Bind the instances of a family of drivers."""
    blocks = getattr(configuration.file, family.section)
    instances, errors = bind_instances(family.what, blocks, family.options, family.generic, reader)
    configuration.instances[family.what] = instances
    return errors


def _authenticators(configuration: Configuration, reader: ValueReader) -> Iterator[ConfigError]:
    from .drivers import AUTHENTICATORS
    from .links import check_authenticators

    errors = _drivers(AUTHENTICATORS, configuration, reader)
    yield from errors
    configuration.authenticators = configuration.instances["authenticator"]
    if not errors:
        yield from check_authenticators(configuration.authenticators)


def _transports(configuration: Configuration, reader: ValueReader) -> Iterator[ConfigError]:
    from .drivers import TRANSPORTS

    yield from _drivers(TRANSPORTS, configuration, reader)
    instances: list[Instance[Any]] = configuration.instances["transport"]
    configuration.transports = {one.name: one for one in instances}
    for one in instances:
        if one.options.headers_rewrite is not None:
            yield from _header_rules(one.options.headers_rewrite)


def _header_rules(option: Template) -> Iterator[ConfigError]:
    from eximia.rewrite.rules import transport_rules

    try:
        transport_rules(option)
    except ConfigError as error:
        yield error


def _routers(configuration: Configuration, reader: ValueReader) -> Iterator[ConfigError]:
    from .drivers import ROUTERS
    from .links import check_routers

    errors = _drivers(ROUTERS, configuration, reader)
    yield from errors
    instances: list[Instance[Any]] = configuration.instances["router"]
    if errors:
        return
    yield from check_routers(instances)


def _acls(configuration: Configuration, reader: ValueReader) -> Iterator[ConfigError]:
    from eximia.acl.parse import parse_acl

    for block in configuration.file.acls:
        configuration.acls[block.name], errors = parse_acl(block.name, block.span, block.lines)
        yield from errors


def _retry(configuration: Configuration, reader: ValueReader) -> Iterator[ConfigError]:
    from eximia.retry.rules import parse_rule

    rules = []
    for line in configuration.file.retry:
        try:
            rules.append(parse_rule(line.text, line.span))
        except ConfigError as error:
            yield error
    configuration.retry = rules


def _rewrite(configuration: Configuration, reader: ValueReader) -> Iterator[ConfigError]:
    from eximia.rewrite.rules import bind_rules

    configuration.rewrite, errors = bind_rules(configuration.file.rewrite)
    yield from errors


def _local_scan(configuration: Configuration, reader: ValueReader) -> Iterator[ConfigError]:
    message = "local_scan() options not supported: (LOCAL_SCAN_HAS_OPTIONS not defined in Local/Makefile)"
    yield ConfigError(message, configuration.file.begun["local_scan"])


_BINDERS: dict[str, Callable[[Configuration, ValueReader], Iterator[ConfigError]]] = {
    "acl": _acls,
    "authenticators": _authenticators,
    "local_scan": _local_scan,
    "retry": _retry,
    "rewrite": _rewrite,
    "routers": _routers,
    "transports": _transports,
}
