"""Running an address through the routers (manual 3.8 to 3.12, 15).

One address in, one `Routed` out; children are not followed here. What happens to deferred and failed addresses, retry
times and duplicates is `delivery`'s business; printing is `cli`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.base.errors import Defer, ExpansionError, ForcedFailure, LookupDefer
from eximia.base.template import Template
from eximia.base.text import EMPTY, Untainted, lower, marked
from eximia.context import Address, AddressContext, Context, Errno, Outcome, Result
from eximia.expand import expand
from eximia.lookups.types import OpenFailure
from eximia.message.address import split_address, unquote_local_part

from .affixes import match_prefix, match_suffix
from .assign import forget_identity
from .children import unseen_copy
from .host_lookup import translated
from .result import Answer, Mode, Routed, RouterDefer, RouterFail, Verdict
from .router import RouteCall, Router, RouterChain

if TYPE_CHECKING:
    from eximia.base.trace import Trace

UNROUTEABLE = "Unrouteable address"
#: an address with more ancestors than these goes round in a loop
_MOST_ANCESTORS = 101


def split(address: Address) -> None:
    """Fill in the parts of an address and the name that duplicates know it by."""
    local_part, domain = split_address(address.address)
    if type(address.address) is Untainted:
        address.local_part_original = Untainted(local_part)
        address.domain = Untainted(lower(domain))
        address.local_part = Untainted(lower(local_part))
    else:
        address.local_part_original = local_part
        address.domain = lower(domain)
        address.local_part = lower(local_part)
    if '"' in local_part or "\\" in local_part:
        address.local_part = marked(unquote_local_part(address.local_part), local_part)
    address.full_local_part = address.local_part
    if not address.unique:
        address.unique = f"{_homonym_prefix(address)}{local_part}@{address.domain}"


def split_for(ctx: Context, address: Address) -> None:
    """Like `split`, but an address with a percent sign may stand for another, of which it becomes the parent
    (`percent_hack_domains`). Where that cannot be told the address has an outcome: it is deferred."""
    split(address)
    if ctx.process.main.percent_hack_domains is None or "%" not in address.local_part:
        return
    from eximia.rewrite.percent_hack import reinterpreted

    try:
        meant = reinterpreted(ctx, address.address)
    except Defer as error:
        if error.message:
            ctx.process.log.panic(error.message, ctx.message.id)
        address.outcome = Outcome(Result.DEFERRED, "cannot check percent_hack_domains", Errno.LIST_DEFER)
        return
    if meant != address.address:
        original = Address(address.address)
        split(original)
        original.parent = address.parent
        original.child_count = original.children_pending = 1
        address.parent = original
        address.address = meant
        address.unique = ""
        split(address)


def _homonym_prefix(address: Address) -> str:
    """A child that has the same address as an ancestor is told apart by `\\<number>\\`, one more than the number
    of the nearest such ancestor. The case of local parts counts."""
    if address.parent is None:
        return ""
    text = _caseful(address.address)
    parent: Address | None = address.parent
    while parent is not None:
        if _caseful(parent.address) == text:
            number, mark, _rest = parent.unique[1:].partition("\\")
            return f"\\{int(number) + 1}\\" if mark and parent.unique[0] == "\\" and number.isdigit() else "\\0\\"
        parent = parent.parent
    return ""


def variables_of(address: Address) -> AddressContext:
    """The variables that belong to an address, as a router sees them first."""
    parent = address.parent
    if parent is None:
        return AddressContext(
            local_part=address.local_part,
            domain=address.domain,
            original_local_part=address.full_local_part,
            original_domain=address.domain,
            address_data=address.address_data,
            router_vars=address.variables,
            self_hostname=address.self_hostname,
        )
    top = address.top
    return AddressContext(
        local_part=address.local_part,
        domain=address.domain,
        original_local_part=top.full_local_part,
        original_domain=top.domain,
        parent_local_part=parent.full_local_part,
        parent_domain=parent.domain,
        address_data=address.address_data,
        router_vars=address.variables,
        self_hostname=address.self_hostname,
        return_path=address.errors_address or "",
    )


def route_address(ctx: Context, address: Address, mode: Mode = Mode.DELIVER) -> Routed:
    """Route one address. Fills in `address` (transport, hosts... or `outcome`) and tells the verdict."""
    if not address.domain:
        split_for(ctx, address)
        if address.outcome is not None:
            return Routed(Verdict.DEFERRED)
    chain: RouterChain = ctx.process.config.routers
    variables = variables_of(address)
    variables.verify_mode = "S" if mode is Mode.VERIFY_SENDER else "R" if mode is Mode.VERIFY_RECIPIENT else ""
    ctx = ctx.for_address(variables)
    trace = ctx.process.trace
    router: Router | None = address.start_router or chain.first
    last: Router | None = None
    decline_text, log_only = "", False
    if trace is not None:
        trace.debug("route", f">>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>\nrouting {address.address}")
    if router is not None and address.parent is not None and _loops(address):
        ctx.process.log.panic(f"routing loop for {address.address}", ctx.message.id)
        return _deferred(ctx, address, router, RouterDefer(""))
    while router is not None:
        last = router
        variables.router_name = router.name
        if trace is not None:
            trace.debug("route", f"--------> {router.name} router <--------")
        try:
            why = _skip_reason(ctx, address, router, mode)
            if trace is not None:
                _debug_considered(trace, address, router, why)
            if why:
                if trace is not None:
                    trace.step("router", router.span, f"{router.name} for {address.address}", "skipped", why)
                router = last.following
                continue
            call = RouteCall(last, mode, address.errors_address)
            answer = _run(ctx, address, last, call)
        except RouterFail as error:
            return _failed(ctx, address, last, error)
        except RouterDefer as error:
            return _deferred(ctx, address, last, error)
        except (Defer, ExpansionError) as error:
            return _deferred(ctx, address, last, RouterDefer(error.message))
        if trace is not None:
            trace.step("router", router.span, f"{router.name} for {address.address}", answer.value, call.decline_text)
            _debug_answer(trace, address, router, call, answer)
        if answer is Answer.DECLINE or answer is Answer.PASS:
            forget_identity(address)
        if answer is Answer.DECLINE:
            decline_text, log_only = call.decline_text, call.log_only
            try:
                more = _boolean(ctx, router, router.options.more, "more", default=True)
            except RouterDefer as error:
                return _deferred(ctx, address, router, error)
            if not more:
                if trace is not None:
                    trace.debug("route", '"more" is false: skipping remaining routers')
                break
            router = router.following
        elif answer is Answer.PASS:
            decline_text, log_only = call.decline_text, call.log_only
            router = router.pass_router or router.following
        else:
            return _accepted(ctx, address, router, call, answer)
    if trace is not None:
        trace.debug("route", "no more routers")
    # What the last router found out comes first; the other texts were written for senders.
    told = "" if decline_text else _cannot_route(ctx, last) or UNROUTEABLE
    address.router = None
    address.outcome = Outcome(Result.FAILED, decline_text or told, user_message=told, pass_message=not log_only)
    return Routed(Verdict.FAILED)


def _loops(address: Address) -> bool:
    """Redirections made it again and again."""
    depth = 0
    parent = address.parent
    while parent is not None:
        depth += 1
        parent = parent.parent
    return depth > _MOST_ANCESTORS


def _debug_considered(trace: Trace, address: Address, router: Router, why: str) -> None:
    """Debug text: what the router saw, and whether it is run."""
    where = f"local_part={address.local_part} domain={address.domain}"
    then = f"{router.name} router skipped: {why}" if why else f"calling {router.name} router"
    trace.debug("route", f"{where}\n{then}")


def _debug_answer(trace: Trace, address: Address, router: Router, call: RouteCall, answer: Answer) -> None:
    """Debug text: what the router made of the address."""
    name = router.name
    if answer is Answer.DECLINE:
        trace.debug("route", f"{name} router declined for {address.address}")
        return
    if answer is Answer.PASS:
        trace.debug("route", f"{name} router passed for {address.address}")
        return
    lines = [f"{name} router generated {child.address}" for child in call.children]
    transport = address.transport.name if address.transport is not None else "<none>"
    unseen = "" if router.options.unseen is False else " (unseen)"
    lines += [f"routed by {name} router{unseen}", f"  envelope to: {address.address}", f"  transport: {transport}"]
    lines += [f"  host {host.name} [{host.address or 'unknown'}]" for host in address.hosts]
    trace.debug("route", "\n".join(lines))


def _skip_reason(ctx: Context, address: Address, router: Router, mode: Mode) -> str:
    """Why the router is skipped, "" when it is to run; sets the variables that preconditions set."""
    options = router.options
    parent = address.parent
    if parent is not None and _ran_before(address, router):
        return "it handled an ancestor"
    local_part = address.local_part_original
    address.caseful_local_part = options.caseful_local_part
    if not options.caseful_local_part:
        local_part = lower(local_part)
    if '"' in local_part or "\\" in local_part:
        local_part = unquote_local_part(local_part)
    variables = ctx.address
    address.full_local_part = local_part = marked(local_part, address.local_part_original)
    if parent is None:
        variables.original_local_part = local_part
    if router.affixed:
        stripped = _strip_affixes(address, router, local_part)
        if stripped is None:
            return "affix mismatch"
        local_part = stripped
        variables.local_part_prefix, variables.local_part_prefix_v = address.prefix, address.prefix_v
        variables.local_part_suffix, variables.local_part_suffix_v = address.suffix, address.suffix_v
    elif address.prefix or address.suffix:
        address.prefix = address.prefix_v = address.suffix = address.suffix_v = EMPTY
        variables.local_part_prefix = variables.local_part_prefix_v = EMPTY
        variables.local_part_suffix = variables.local_part_suffix_v = EMPTY
    address.local_part = variables.local_part = marked(local_part, address.local_part_original)
    variables.domain_data = address.domain_data = ""
    variables.local_part_data = address.local_part_data = ""
    variables.home = ""
    variables.local_user_uid = variables.local_user_gid = None
    why = _wrong_mode(router, mode)
    if why:
        return why
    for check in router.checks:
        why = check(ctx, address, mode)
        if why:
            return why
    return ""


def _strip_affixes(address: Address, router: Router, local_part: str) -> str | None:
    """The local part without prefix and suffix; None when a mandatory one is missing."""
    options = router.options
    address.prefix = address.prefix_v = address.suffix = address.suffix_v = EMPTY
    if router.prefixes is not None:
        affix = match_prefix(local_part, router.prefixes)
        if affix is not None:
            address.prefix = affix.text if affix.wild else Untainted(affix.text)
            address.prefix_v = affix.wild
            local_part = local_part[len(affix.text) :]
        elif not options.local_part_prefix_optional:
            return None
    if router.suffixes is not None:
        affix = match_suffix(local_part, router.suffixes)
        if affix is not None:
            address.suffix = affix.text if affix.wild else Untainted(affix.text)
            address.suffix_v = affix.wild
            local_part = local_part[: len(local_part) - len(affix.text)]
        elif not options.local_part_suffix_optional:
            return None
    return local_part


def _ran_before(address: Address, router: Router) -> bool:
    """True when an ancestor of the same name (or any, without repeat_use) was handled by this router."""
    repeat = getattr(router.options, "repeat_use", True)
    same = _caseful if router.options.caseful_local_part else lower
    text = same(address.address)
    parent = address.parent
    while parent is not None:
        if parent.router is router and (not repeat or same(parent.address) == text):
            return True
        parent = parent.parent
    return False


def _caseful(address: str) -> str:
    """The address with its domain in lower case."""
    local_part, at, domain = address.rpartition("@")
    return f"{local_part}{at}{lower(domain)}"


def _wrong_mode(router: Router, mode: Mode) -> str:
    options = router.options
    if mode is Mode.DELIVER:
        return "verify_only is set" if options.verify_only else ""
    if mode is Mode.VERIFY_RECIPIENT:
        return "" if options.verify_recipient else "no_verify_recipient is set"
    if mode is Mode.VERIFY_SENDER:
        return "" if options.verify_sender else "no_verify_sender is set"
    if options.verify_only:
        return "verify_only is set"
    if mode is Mode.TEST:
        return "" if options.address_test else "no_address_test is set"
    return "" if options.expn else "no_expn is set"


def _run(ctx: Context, address: Address, router: Router, call: RouteCall) -> Answer:
    """Set the router's variables and address data, then ask its driver."""
    variables = ctx.address
    options = router.options
    if router.variables:
        values = dict(address.variables)
        address.variables = variables.router_vars = values
        for name, template in router.variables:
            if not name.startswith("r_"):
                text = f"bad router variable name '{name}' in router '{router.name}'"
                ctx.process.log.panic(text, ctx.message.id)
                raise RouterDefer(text)
            try:
                values[name[2:]] = expand(template, ctx)
            except ForcedFailure:
                return Answer.DECLINE
            except ExpansionError as error:
                raise RouterDefer(
                    f'failed to expand set option "{template.text}" in {router.name} router: {error.message}',
                    errno=Errno.EXPAND_FAIL,
                ) from None
    if options.address_data is not None:
        try:
            address.address_data = variables.address_data = expand(options.address_data, ctx)
        except ForcedFailure:
            return Answer.DECLINE
        except ExpansionError as error:
            raise RouterDefer(
                f'expansion of "{options.address_data.text}" failed in {router.name} router: {error.message}'
            ) from None
    return router.driver.route(ctx, address, call)


def _accepted(ctx: Context, address: Address, router: Router, call: RouteCall, answer: Answer) -> Routed:
    """The router took the address: look at fail_verify and `unseen`."""
    options = router.options
    mode = call.mode
    address.router = router
    if (mode is Mode.VERIFY_SENDER and options.fail_verify_sender) or (
        mode is Mode.VERIFY_RECIPIENT and options.fail_verify_recipient
    ):
        address.outcome = Outcome(Result.FAILED, f"{router.name} router forced verify failure", pass_message=True)
        return Routed(Verdict.FAILED)
    address.log_as_local = options.log_as_local
    address.disable_logging = options.disable_logging
    address.dsn_lasthop = options.dsn_lasthop
    if options.fallback_hosts is not None:
        try:
            address.fallback_hosts = expand(options.fallback_hosts, ctx)
        except ForcedFailure:
            address.fallback_hosts = None
        except ExpansionError as error:
            why = f'failed to expand "fallback_hosts" in {router.name} router: {error.message}'
            defer = RouterDefer(why, errno=Errno.EXPAND_FAIL)
            return _deferred(ctx, address, router, defer)
    if options.translate_ip_address is not None and address.hosts:
        try:
            address.hosts = translated(ctx, router, address.hosts)
        except RouterDefer as error:
            return _deferred(ctx, address, router, error)
    children = call.children
    if options.unseen is not False and answer is not Answer.REROUTED:
        try:
            unseen = _boolean(ctx, router, options.unseen, "unseen", default=False)
        except RouterDefer as error:
            return _deferred(ctx, address, router, error)
        if unseen and router.following is not None:
            children = [_copy(address, router, call), *children]
    verdict = {
        Answer.ACCEPT: Verdict.ACCEPTED,
        Answer.DISCARD: Verdict.DISCARDED,
    }.get(answer, Verdict.CHILDREN)
    _adopt(address, children)
    return Routed(verdict, children)


def _copy(address: Address, router: Router, call: RouteCall) -> Address:
    """The clone after an `unseen` router. The address becomes, as it were, a parent with two children: itself as this
    router delivers it, and the clone; both get names of their own for the journal."""
    parent = unseen_copy(address)
    parent.parent = address.parent
    parent.router = router  # which is skipped for a descendant of the same name
    parent.unique = address.unique
    parent.local_part, parent.local_part_original = address.local_part, address.local_part_original
    parent.full_local_part = address.full_local_part
    parent.domain = address.domain
    parent.child_count = parent.children_pending = 2
    address.parent = parent
    address.unique = f"{address.unique}/{router.name}"
    copy = unseen_copy(address)
    copy.parent = parent
    copy.errors_address = call.errors_before
    copy.start_router = router.following
    return copy


def _adopt(address: Address, children: list[Address]) -> None:
    """Generated addresses begin at redirect_router, and are counted with their parent."""
    router: Router = address.router
    for child in children:
        if child.parent is not address:
            continue
        if child.start_router is None and router.redirect_router is not None:
            child.start_router = router.redirect_router
        address.child_count += 1
        address.children_pending += 1


def _failed(ctx: Context, address: Address, router: Router, error: RouterFail) -> Routed:
    address.router = router
    address.disable_logging = router.options.disable_logging
    address.outcome = Outcome(
        Result.FAILED,
        error.message,
        errno=max(0, error.errno),
        user_message=error.user_message,
        pass_message=error.pass_message,
    )
    _trace_end(ctx, router, address, "failed", error.message)
    _adopt(address, error.children)
    return Routed(Verdict.FAILED, error.children)


def _deferred(ctx: Context, address: Address, router: Router, error: RouterDefer) -> Routed:
    address.router = router
    address.transport = None
    address.disable_logging = router.options.disable_logging
    address.outcome = Outcome(
        Result.DEFERRED,
        error.message,
        errno=error.errno,
        user_message=error.user_message,
        freeze=error.freeze,
        pass_message=error.pass_message,
        cause=_cause(error),
    )
    _trace_end(ctx, router, address, "deferred", error.message)
    _adopt(address, error.children)
    # It is not done when they are.
    address.children_pending += 1
    return Routed(Verdict.DEFERRED, error.children)


def _cause(error: RouterDefer) -> str:
    """What a lookup said, when the option that made the router defer asked one: the trouble is raised for its error."""
    behind = error.__context__
    if isinstance(behind, LookupDefer):
        return behind.cause
    return behind.message if isinstance(behind, OpenFailure) else ""


def _trace_end(ctx: Context, router: Router, address: Address, outcome: str, why: str) -> None:
    trace = ctx.process.trace
    if trace is not None:
        trace.step("router", router.span, f"{router.name} for {address.address}", outcome, why)
        if outcome == "failed":
            trace.debug("route", f"{router.name} router forced address failure")
        else:
            trace.debug("route", f"{router.name} router: defer for {address.address}\n  message: {why}")


def _boolean(ctx: Context, router: Router, value: bool | Template, option: str, *, default: bool) -> bool:
    """An expanded boolean option. Raises RouterDefer."""
    if isinstance(value, bool):
        return value
    try:
        text = expand(value, ctx).strip()
    except ForcedFailure:
        return default
    except ExpansionError as error:
        raise RouterDefer(f'failed to expand "{option}" in {router.name} router: {error.message}') from None
    lowered = text.lower()
    if lowered in ("true", "yes"):
        return True
    if lowered in ("false", "no"):
        return False
    raise RouterDefer(f'"{text}" is not a valid value for the "{option}" option in the {router.name} router')


def _cannot_route(ctx: Context, router: Router | None) -> str:
    """The text of cannot_route_message of the last router that was considered, "" when there is none."""
    if router is None or router.options.cannot_route_message is None:
        return ""
    try:
        return expand(router.options.cannot_route_message, ctx)
    except ForcedFailure:
        return ""
    except ExpansionError as error:
        ctx.process.log.panic(
            f"failed to expand cannot_route_message in {router.name} router: {error.message}", ctx.message.id
        )
        return ""
