"""The manualroute router: hosts written down by the postmaster (manual 20)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from eximia.base.errors import Defer, ExpansionError, ForcedFailure
from eximia.base.listtext import split_list
from eximia.base.template import Template
from eximia.context import Address, Context
from eximia.expand import expand, expand_text
from eximia.lists import match_domain
from eximia.routers.assign import assign
from eximia.routers.host_lookup import HostPolicy
from eximia.routers.manual_list import Failures, RouteRule, find_hosts, next_word, read_options, read_rule
from eximia.routers.result import Answer, RouterDefer
from eximia.routers.router import Driver, RouteCall, Router
from eximia.transports.engine import is_local as is_local_transport

if TYPE_CHECKING:
    from eximia.routers.options.manualroute import ManualrouteOptions


class Manualroute(Driver):
    """Rules of route_list are taken apart once."""

    def __init__(self, router: Router) -> None:
        super().__init__(router)
        self.options = cast("ManualrouteOptions", router.options)
        options = self.options
        self.failures = Failures(options.host_find_failed, options.host_all_ignored)
        template = options.route_list
        self.rules: tuple[RouteRule, ...] = ()
        if template is not None:
            self.rules = tuple(read_rule(item, template) for item in split_list(template.text, ";") if item)

    def route(self, ctx: Context, address: Address, call: RouteCall) -> Answer:
        name = self.router.name
        found = self._from_data(ctx) if self.options.route_data is not None else self._from_list(ctx, address)
        if found is None:
            return Answer.DECLINE
        text, words = found
        try:
            rule = read_options(words, ctx)
        except RouterDefer as error:
            ctx.process.log.main(f"Error in {name} router: {error.message}", ctx.message.id)
            raise RouterDefer(f"error in router: {error.message}") from None
        assign(ctx, address, self.router, call.mode)
        if rule.transport:
            address.transport = ctx.process.config.transports.get(rule.transport)
        transport = address.transport
        if transport is None:
            if call.mode.verifying:
                return Answer.ACCEPT
            if text.strip():
                self._error(ctx, f"error in {name} router: no transport defined")
        elif is_local_transport(transport):
            address.result_data = text
            ctx.address.host = text
            return Answer.ACCEPT
        if not text.strip():
            if call.mode.verifying:
                return Answer.ACCEPT
            self._error(ctx, f"error in {name} router: no host(s) specified for domain {address.domain}")
        randomize = rule.randomize if rule.randomize is not None else self._randomize(ctx)
        policy = self._policy(ctx, address, by_name=rule.by_name, by_dns=rule.by_dns)
        if rule.ipv4_only or rule.ipv4_prefer:
            policy = HostPolicy(
                policy.use_dns,
                policy.use_hosts_file,
                rule.ipv4_only,
                rule.ipv4_prefer,
                policy.ignore,
                policy.dnssec_required,
                policy.dnssec_requested,
            )
        # A failure to find hosts is not the transport's.
        address.transport = None
        hosts, answer = find_hosts(ctx, address, call, text, policy, self.failures, randomize=randomize)
        if answer is not None:
            return answer
        address.transport = transport
        address.hosts = hosts
        address.randomized = randomize
        return Answer.ACCEPT

    def _error(self, ctx: Context, text: str) -> None:
        ctx.process.log.main(text, ctx.message.id)
        raise RouterDefer(text)

    def _from_list(self, ctx: Context, address: Address) -> tuple[str, tuple[str, ...]] | None:
        """The hosts and words of the first rule whose pattern matches."""
        scope = ctx.scope
        kept: Any = (scope.numeric, scope.value)
        try:
            for rule in self.rules:
                try:
                    match = match_domain(rule.pattern, address.domain, ctx)
                except Defer:
                    raise RouterDefer("lookup defer in route_list") from None
                if match is None:
                    continue
                scope.value = match.data
                try:
                    return expand(rule.hosts, ctx), rule.options
                except ForcedFailure:
                    return None
                except ExpansionError as error:
                    raise RouterDefer(
                        f'{self.router.name} router: failed to expand "{rule.hosts.text}": {error.message}'
                    ) from None
        finally:
            scope.numeric, scope.value = kept
        return None

    def _from_data(self, ctx: Context) -> tuple[str, tuple[str, ...]] | None:
        template = self.options.route_data
        assert template is not None
        try:
            text = expand(template, ctx)
        except ForcedFailure:
            return None
        except ExpansionError as error:
            raise RouterDefer(f'failed to expand "{template.text}": {error.message}') from None
        hosts, rest = next_word(text)
        if not hosts:
            return None
        if "$" in hosts or "\\" in hosts:
            try:
                hosts = expand_text(hosts, ctx)
            except ForcedFailure:
                return None
            except ExpansionError as error:
                raise RouterDefer(f'{self.router.name} router: failed to expand "{hosts}": {error.message}') from None
        return hosts, tuple(rest.split())

    def _randomize(self, ctx: Context) -> bool:
        value = self.options.hosts_randomize
        if isinstance(value, bool):
            return value
        return expand(value, ctx).strip().lower() in ("yes", "true", "1")

    def _policy(self, ctx: Context, address: Address, *, by_name: bool, by_dns: bool) -> HostPolicy:
        options = self.options

        def listed(template: Template | None) -> bool:
            if template is None:
                return False
            if template.text == "*" and ctx.process.trace is None:
                return True
            return match_domain(template, address.domain, ctx) is not None

        return HostPolicy(
            use_dns=not by_name,
            use_hosts_file=not by_dns,
            ignore=options.ignore_target_hosts,
            dnssec_required=listed(options.dnssec_require_domains),
            dnssec_requested=listed(options.dnssec_request_domains),
        )
