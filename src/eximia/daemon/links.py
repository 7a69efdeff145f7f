"""Checks between driver instances, when all of a section were read (manual 15, 33)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from eximia.authenticators.catalogue import unavailable
from eximia.base.errors import ConfigError
from eximia.config.binding import Instance
from eximia.config.suggest import did_you_mean


def check_routers(routers: Sequence[Instance[Any]]) -> Iterator[ConfigError]:
    """`pass_router` must name a later router, `redirect_router` any."""
    order = {router.name: index for index, router in enumerate(routers)}
    for router in routers:
        for option, must_follow in (("pass_router", True), ("redirect_router", False)):
            wanted = getattr(router.options, option)
            if wanted is None:
                continue
            if wanted not in order:
                message = f'new_router "{wanted}" not found for "{router.name}" router'
                yield ConfigError(message, router.given.spans[option], did_you_mean(wanted, order), where="")
            elif must_follow and order[wanted] <= order[router.name]:
                message = f'new_router "{wanted}" does not follow "{router.name}" router'
                yield ConfigError(message, router.given.spans[option], where="")


def check_authenticators(authenticators: Sequence[Instance[Any]]) -> Iterator[ConfigError]:
    """Every driver must be one that we have; no two may have the same public name on the same side."""
    for one in authenticators:
        why = unavailable(one.driver)
        if why:
            yield ConfigError(f"authenticator {one.name}: {one.driver} is not available", one.span, why, where="")
    for side in ("client", "server"):
        named: dict[str, Instance[Any]] = {}
        for one in authenticators:
            option = getattr(one.options, f"{side}_when")
            if option == "no" or getattr(one.options, option) is None:
                continue
            name = str(one.options.public_name)
            other = named.setdefault(name.lower(), one)
            if other is not one:
                both = f"two {side} authenticators ({other.name} and {one.name})"
                yield ConfigError(f"{both} have the same public name ({other.options.public_name})", one.span, where="")
