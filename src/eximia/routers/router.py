"""A router of the configuration, made ready: its driver, its links to other routers, its preconditions as a list of
functions so that an address pays only for what is set (manual 3.10, 3.12, 15)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from eximia.base.listtext import split_list
from eximia.base.span import NOWHERE, Span
from eximia.base.template import Template
from eximia.context import Address, Context

from .preconditions import Check, build_checks
from .self_option import read_self

if TYPE_CHECKING:
    from eximia.config.binding import Instance

    from .options.generic import RouterOptions
    from .result import Answer, Mode
    from .self_option import SelfAction


class RouteCall:
    """What a driver is given beside context and address: why we route, and what it may hand back."""

    __slots__ = ("children", "decline_text", "errors_before", "headers", "log_only", "mode", "router")

    def __init__(self, router: Router, mode: Mode, errors_before: str | None = None) -> None:
        self.router = router
        self.mode = mode
        #: the address's errors address before this router; that of its copy that goes on
        self.errors_before = errors_before
        #: with CHILDREN, REROUTED, and list items that go on beside a failure
        self.children: list[Address] = []
        #: with DECLINE: said in the bounce when no later router takes the address
        self.decline_text = ""
        #: that text is for the log alone
        self.log_only = False
        #: header lines set by a driver
        self.headers: list[str] = []


class Driver:
    """Base of the router drivers. One instance for each router; `route` may be called for many addresses at once."""

    def __init__(self, router: Router) -> None:
        self.router = router

    def route(self, ctx: Context, address: Address, call: RouteCall) -> Answer:
        """Route `address`. Raises RouterFail, RouterDefer, and what lists and expansions raise."""
        raise NotImplementedError


class Router:
    """One router instance. `following` is the next in the file."""

    __slots__ = (
        "affixed",
        "checks",
        "driver",
        "driver_name",
        "following",
        "index",
        "name",
        "options",
        "pass_router",
        "prefixes",
        "redirect_router",
        "retry_use_local_part",
        "self_action",
        "span",
        "suffixes",
        "variables",
    )

    def __init__(self, name: str, driver_name: str, options: RouterOptions, span: Span = NOWHERE) -> None:
        self.name = name
        self.driver_name = driver_name
        self.options = options
        self.span = span
        self.index = 0
        self.following: Router | None = None
        self.pass_router: Router | None = None
        self.redirect_router: Router | None = None
        self.prefixes = _items(options.local_part_prefix)
        self.suffixes = _items(options.local_part_suffix)
        # an empty list is one that nothing matches
        self.affixed = self.prefixes is not None or self.suffixes is not None
        self.self_action: SelfAction = read_self(options.self)
        self.variables = _variables(options.set, span)
        self.retry_use_local_part: bool = options.retry_use_local_part
        self.checks: tuple[Check, ...] = build_checks(self)
        self.driver: Driver = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Router({self.name!r})"


def _items(template: Template | None) -> tuple[str, ...] | None:
    return tuple(split_list(template.text)) if template is not None else None


def _variables(text: str | None, span: Span) -> tuple[tuple[str, Template], ...]:
    """The settings of `set`: (name without `r_`, value)."""
    found = []
    for item in split_list(text, ";") if text else ():
        name, equals, value = item.partition("=")
        name = name.strip()
        if not equals:
            continue
        found.append((name, Template(value.strip(), span)))
    return tuple(found)


class RouterChain:
    """All routers in their order."""

    __slots__ = ("by_name", "routers")

    def __init__(self, routers: Sequence[Router], driver_class: Callable[[str], Any]) -> None:
        """Link the routers and make their drivers; `driver_class` finds a driver by its name."""
        self.routers = tuple(routers)
        self.by_name = {router.name: router for router in routers}
        for index, router in enumerate(self.routers):
            router.index = index
            router.following = self.routers[index + 1] if index + 1 < len(self.routers) else None
        for router in self.routers:
            self._link(router)
            driver: type[Driver] = driver_class(router.driver_name)
            router.driver = driver(router)

    @property
    def first(self) -> Router | None:
        return self.routers[0] if self.routers else None

    def _link(self, router: Router) -> None:
        options = router.options
        if options.pass_router:
            router.pass_router = self.by_name[options.pass_router]
        if options.redirect_router:
            router.redirect_router = self.by_name[options.redirect_router]


def make_chain(instances: Iterable[Instance[Any]]) -> RouterChain:
    """The routers of a configuration; contradictions in it were found when it was read."""
    from .catalogue import DRIVERS

    routers = [Router(one.name, one.driver, one.options, one.span) for one in instances]
    return RouterChain(routers, DRIVERS.get)
