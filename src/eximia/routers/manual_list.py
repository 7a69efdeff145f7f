"""The rules of `route_list` and `route_data`, and turning a list of hosts into addresses (manual 20.2 to 20.7).

Shared by manualroute and queryprogram.
"""

from __future__ import annotations

from eximia.base.dataclass import dataclass, replace
from eximia.base.namedtuple import NamedTuple
from eximia.base.template import Template, one_item
from eximia.base.text import Untainted
from eximia.config.quoting import unquote
from eximia.context import Address, Context, Errno, Host

from .host_items import read_host_items
from .host_lookup import Found, HostPolicy, find_addresses, spread
from .local_host import is_local
from .mx import MxOutcome, MxPolicy, find_mx
from .result import Answer, Mode, RouterDefer, RouterFail
from .router import RouteCall
from .self_option import apply_self


class RouteRule(NamedTuple):
    """One rule of route_list: `pattern` is a list of one item."""

    pattern: Template
    hosts: Template
    options: tuple[str, ...]


@dataclass(slots=True)
class RuleOptions:
    """The words after the hosts."""

    transport: str = ""
    randomize: bool | None = None
    by_name: bool = False
    by_dns: bool = False
    ipv4_only: bool = False
    ipv4_prefer: bool = False


def next_word(text: str) -> tuple[str, str]:
    """A word or a text in double quotes, and the rest. The mark of taint is kept."""
    mark = Untainted if type(text) is Untainted else str
    text = text.lstrip()
    if text[:1] == '"':
        value, end = unquote(text)
        return mark(value), mark(text[end:] if end >= 0 else "")
    end = next((pos for pos, char in enumerate(text) if char.isspace()), len(text))
    return mark(text[:end]), mark(text[end:])


def read_rule(item: str, template: Template) -> RouteRule:
    """One item of route_list."""
    pattern, rest = next_word(item)
    hosts, rest = next_word(rest)
    # A separator that cannot occur makes the pattern a list of one item whatever is in it.
    one = one_item(pattern, template.span)
    return RouteRule(one, Template(hosts, template.span), tuple(rest.split()))


def read_options(words: tuple[str, ...], ctx: Context) -> RuleOptions:
    """What the words mean. Raises RouterDefer for unknown ones; the caller logs."""
    options = RuleOptions()
    for at, word in enumerate(words):
        if word == "randomize":
            options.randomize = True
        elif word == "no_randomize":
            options.randomize = False
        elif word == "byname":
            options.by_name = True
        elif word == "bydns":
            options.by_dns = True
        elif word == "ipv4_only":
            options.ipv4_only = True
        elif word == "ipv4_prefer":
            options.ipv4_prefer = True
        elif ctx.process.config.transports.get(word) is not None:
            options.transport = word
        else:
            raise RouterDefer(f'unknown routing option or transport name "{" ".join(words[at:])}"')
    return options


@dataclass(frozen=True, slots=True)
class Failures:
    """What to do about hosts that are not found: the values of host_find_failed and host_all_ignored."""

    find_failed: str = "freeze"
    all_ignored: str = "defer"


def find_hosts(
    ctx: Context,
    address: Address,
    call: RouteCall,
    text: str,
    policy: HostPolicy,
    failures: Failures,
    *,
    randomize: bool,
) -> tuple[list[Host], Answer | None]:
    """Look up every host of the list `text`. With an Answer (decline, pass, rerouted) the hosts do not matter.
    Raises RouterFail and RouterDefer."""
    router = call.router
    hosts: list[Host] = []
    some_ignored = False
    sending = False  # to this host, as the first of the list
    for group, item in enumerate(read_host_items(text, randomize=randomize)):
        host = Host(item.name, port=item.port, sort_key=group)
        if item.mx:
            found, answer, local = _from_mx(ctx, address, call, host, policy, first=not hosts or sending)
            if answer is not None:
                return [], answer
            if local:
                break
            sending = sending or (
                not hosts and router.self_action.what == "send" and any(is_local(ctx, one) for one in found)
            )
        else:
            result = find_addresses(ctx, item.name, policy)
            if result.found is Found.AGAIN:
                if router.options.pass_on_timeout:
                    return [], Answer.PASS
                raise _unfinished(item.name)
            host.name = item.name.removesuffix(".")
            # an address that ignore_target_hosts has is one that does not exist
            found = spread(host, result) if result.found is Found.ADDRESSES else []
            if found and not sending and any(is_local(ctx, one) for one in found):
                if hosts:
                    break
                sending = router.self_action.what == "send"
                if not sending:
                    answer = apply_self(ctx, address, call, item.name, by_mx=False)
                    if answer is not None:
                        return [], answer
        if not found:
            if not item.mx and policy.use_hosts_file:
                _log_missing(ctx, call.mode, item.name)
            failed = f'lookup of host "{host.name}" failed in {router.name} router'
            if not host.name:  # an MX record of RFC 7505
                failed += ": syntax error in name"
            answer = _act(failures.find_failed, failed, Errno.UNKNOWN_HOST)
            if answer is not None:
                return [], answer
            some_ignored = True
            continue
        hosts += found
    if not hosts and some_ignored:
        text = (
            f"lookup failed for all hosts in {router.name} router: "
            f"host_find_failed={failures.find_failed} host_all_ignored={failures.all_ignored}"
        )
        answer = _act(failures.all_ignored, text)
        if answer is not None:
            return [], answer
    return hosts, None


def _from_mx(
    ctx: Context, address: Address, call: RouteCall, host: Host, policy: HostPolicy, *, first: bool
) -> tuple[list[Host], Answer | None, bool]:
    """The hosts of `name/MX`: (hosts, answer to give, stop the list here). `host` takes the name of the first of them
    when none can be used."""
    found = find_mx(ctx, host.name, MxPolicy(replace(policy, use_hosts_file=False), record_required=True))
    if found.outcome is MxOutcome.AGAIN:
        if call.router.options.pass_on_timeout:
            return [], Answer.PASS, False
        raise _unfinished(found.first)
    if found.outcome is MxOutcome.LOCAL:
        if not first:
            return [], None, True
        if call.router.self_action.what != "send":
            answer = apply_self(ctx, address, call, host.name, by_mx=True)
            if answer is not None:
                return [], answer, False
    if not found.hosts:
        host.name = found.first
    for one in found.hosts:
        one.sort_key = host.sort_key
        if host.port:
            one.port = host.port
    return found.hosts, None, False


def _unfinished(name: str) -> RouterDefer:
    return RouterDefer(f"host lookup for {name} did not complete (DNS timeout?)", errno=Errno.DNS_DEFER)


def _log_missing(ctx: Context, mode: Mode, name: str) -> None:
    """A line in the main log, when a message is delivered or comes in."""
    log = ctx.process.log
    during = ""
    # While a message is delivered addresses are verified, too: those of errors_to.
    delivering = mode is Mode.DELIVER or (ctx.message.id and "errors_to" in ctx.message.notes)
    if not delivering:
        session = ctx.session
        if not (mode.verifying and (session.smtp_stdin or session.sender_host_address)):
            return
        from eximia.logs.lines.hosts import connection

        during = f" (during {connection(session, log.selectors)})"
    if log.selectors.host_lookup_failed:
        log.main(f"no IP address found for host {name}{during}", ctx.message.id)


def _act(action: str, text: str, errno: int = -1) -> Answer | None:
    if action == "ignore":
        return None
    if action == "decline":
        return Answer.DECLINE
    if action == "pass":
        return Answer.PASS
    if action == "fail":
        raise RouterFail(text)
    raise RouterDefer(text, errno=errno, freeze=action == "freeze")
