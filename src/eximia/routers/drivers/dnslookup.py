"""The dnslookup router: hosts from SRV, MX and address records (manual 17)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.listtext import split_list
from eximia.base.template import Template
from eximia.context import Address, Context
from eximia.dns.resolv_conf import candidates
from eximia.expand import expand
from eximia.lists import match_domain
from eximia.routers.assign import assign
from eximia.routers.children import child_of, rewrite_domain
from eximia.routers.host_lookup import HostPolicy, valid_domain
from eximia.routers.mx import MxFound, MxOutcome, MxPolicy, find_mx
from eximia.routers.result import Answer, Mode, RouterDefer
from eximia.routers.router import Driver, RouteCall
from eximia.routers.self_option import apply_self

if TYPE_CHECKING:
    from eximia.routers.options.dnslookup import DnslookupOptions

_FALSE = frozenset({"", "0", "no", "false"})


class Dnslookup(Driver):
    """See the module's docstring."""

    def route(self, ctx: Context, address: Address, call: RouteCall) -> Answer:
        options = cast("DnslookupOptions", self.router.options)
        domain = address.domain
        if not valid_domain(domain) or domain.startswith("["):
            call.decline_text = f'mail domain "{domain}" is syntactically invalid'
            return Answer.DECLINE
        policy = self._policy(ctx, options, domain)
        found = MxFound(MxOutcome.NOT_FOUND)
        name = domain
        for name in self._candidates(ctx, options, domain, call.mode):
            found = find_mx(ctx, name, policy)
            if found.outcome not in (MxOutcome.NOT_FOUND, MxOutcome.NO_RECORD, MxOutcome.IGNORED):
                break
        outcome = found.outcome
        if outcome is MxOutcome.AGAIN:
            if options.pass_on_timeout:
                return Answer.PASS
            raise RouterDefer("host lookup did not complete")
        if outcome in (MxOutcome.NO_SERVICE, MxOutcome.DEAD):
            call.decline_text = found.text
            return self._declined(ctx, options, domain)
        if outcome is MxOutcome.INSECURE:
            raise RouterDefer("host lookup done insecurely")
        if outcome is MxOutcome.NO_RECORD:
            return Answer.DECLINE
        if outcome in (MxOutcome.NOT_FOUND, MxOutcome.IGNORED):
            call.decline_text = found.text
            return self._declined(ctx, options, domain)
        if outcome is MxOutcome.LOCAL:
            if ctx.process.trace is not None:
                ctx.process.trace.debug("route", "local host has lowest MX")
            answer = apply_self(ctx, address, call, found.local_name or domain, by_mx=found.from_record)
            if answer is not None:
                return answer
        if options.check_secondary_mx and not found.secondary and outcome is not MxOutcome.LOCAL:
            return Answer.DECLINE
        if name != domain:
            if options.rewrite_headers:
                rewrite_domain(ctx, domain, name)
            call.children.append(child_of(address, f"{address.local_part_original}@{name}"))
            return Answer.REROUTED
        assign(ctx, address, self.router, call.mode)
        address.hosts = found.hosts
        address.local_host_removed = found.secondary
        return Answer.ACCEPT

    def _declined(self, ctx: Context, options: DnslookupOptions, domain: str) -> Answer:
        if self._fails_softly(ctx, options, domain):
            raise RouterDefer("missing MX, or all MXs point to missing A records, and defer requested")
        return Answer.DECLINE

    def _fails_softly(self, ctx: Context, options: DnslookupOptions, domain: str) -> bool:
        template = options.fail_defer_domains
        return template is not None and match_domain(template, domain, ctx) is not None

    def _policy(self, ctx: Context, options: DnslookupOptions, domain: str) -> MxPolicy:
        required = options.dnssec_require_domains
        requested = options.dnssec_request_domains
        addresses = HostPolicy(
            ipv4_only=_true(ctx, options.ipv4_only, "ipv4_only", self.router.name),
            ipv4_prefer=_true(ctx, options.ipv4_prefer, "ipv4_prefer", self.router.name),
            ignore=options.ignore_target_hosts,
            dnssec_required=required is not None and match_domain(required, domain, ctx) is not None,
            # The usual `*` is only worth a match when somebody reads what matched.
            dnssec_requested=(requested.text == "*" and ctx.process.trace is None)
            or match_domain(requested, domain, ctx) is not None,
        )

        def listed(template: Template | None) -> bool:
            return template is not None and match_domain(template, domain, ctx) is not None

        services: tuple[str, ...] = ()
        if options.check_srv is not None:
            try:
                services = tuple(item for item in split_list(expand(options.check_srv, ctx)) if item)
            except ForcedFailure:
                pass
            except ExpansionError as error:
                raise RouterDefer(
                    f'{self.router.name} router: failed to expand "{options.check_srv.text}": {error.message}'
                ) from None
        return MxPolicy(
            addresses,
            services,
            srv_failure_is_none=listed(options.srv_fail_domains),
            mx_failure_is_none=listed(options.mx_fail_domains),
            record_required=listed(options.mx_domains),
        )

    def _candidates(self, ctx: Context, options: DnslookupOptions, domain: str, mode: Mode) -> list[str]:
        """The names to look up in turn: as the resolver would complete it, as it is, and widened."""
        settings = getattr(ctx.process.ports.resolver, "settings", None)
        if settings is None:
            names = [domain]
        else:
            names = candidates(
                domain, settings, qualify_single=options.qualify_single, search_parents=options.search_parents
            )
        if options.widen_domains is not None and not (mode is Mode.VERIFY_SENDER and options.rewrite_headers):
            names += [f"{domain}.{item.lower()}" for item in split_list(expand(options.widen_domains, ctx)) if item]
        return names


def _true(ctx: Context, template: Template | None, option: str, router: str) -> bool:
    if template is None:
        return False
    try:
        return expand(template, ctx).strip().lower() not in _FALSE
    except ForcedFailure:
        return False
    except ExpansionError as error:
        raise RouterDefer(f'failed to expand "{option}" in {router} router: {error.message}') from None
