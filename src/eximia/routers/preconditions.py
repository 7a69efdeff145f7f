"""The preconditions of a router, in the order of manual 3.12, each as a function made when the configuration is read.

Affixes, the tests of the mode (verify, address_test, expn) and the variables of `set` are `engine`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eximia.base.errors import Defer, ExpansionError, ForcedFailure, LookupDefer
from eximia.base.listtext import split_list
from eximia.base.template import Template
from eximia.base.text import marked
from eximia.context import Address, Context
from eximia.expand import expand
from eximia.lists import match_address, match_domain, match_local_part
from eximia.message.address import unquote_local_part

from .local_user import find_user
from .require_files import files_as_required
from .result import Mode, RouterDefer

if TYPE_CHECKING:
    from .router import Router

#: "" when met, else why the router is skipped
Check = Callable[[Context, Address, Mode], str]


def build_checks(router: Router) -> tuple[Check, ...]:
    """The checks of `router` in their order; only for options that are set."""
    options = router.options
    name = router.name
    checks: list[Check] = []
    if options.domains is not None:
        checks.append(_domains(options.domains))
    if options.local_parts is not None:
        checks.append(_local_parts(options.local_parts, caseful=options.caseful_local_part))
    if options.check_local_user:
        checks.append(_local_user)
    if options.router_home_directory is not None:
        checks.append(_home(options.router_home_directory))
    if options.debug_print is not None:
        checks.append(_debug_print(options.debug_print))
    if options.senders is not None:
        checks.append(_senders(options.senders))
    if options.require_files is not None:
        checks.append(_files(options.require_files))
    if options.condition is not None:
        checks.append(_condition(options.condition, name))
    checks += _brightmail(router)
    return tuple(checks)


def _domains(template: Template) -> Check:
    def check(ctx: Context, address: Address, mode: Mode) -> str:
        try:
            match = match_domain(template, address.domain, ctx)
        except (Defer, ExpansionError):
            raise RouterDefer("domains check lookup or other defer") from None
        if match is None:
            return "domains mismatch"
        ctx.address.domain_data = address.domain_data = match.data or ""
        return ""

    return check


def _local_parts(template: Template, *, caseful: bool) -> Check:
    def check(ctx: Context, address: Address, mode: Mode) -> str:
        try:
            match = match_local_part(template, _as_it_came(address), ctx, caseful=caseful)
        except (Defer, ExpansionError):
            raise RouterDefer("local_parts check lookup or other defer") from None
        if match is None:
            return "local_parts mismatch"
        ctx.address.local_part_data = address.local_part_data = match.data or ""
        return ""

    return check


def _as_it_came(address: Address) -> str:
    """The local part without affixes whose case was not touched: a list may say `+caseful` (manual 10.21)."""
    text = address.local_part_original
    if '"' in text or "\\" in text:
        text = unquote_local_part(text)
    if address.prefix or address.suffix:
        text = text[len(address.prefix) : len(text) - len(address.suffix)]
    return marked(text, address.local_part_original)


def _local_user(ctx: Context, address: Address, mode: Mode) -> str:
    user = find_user(ctx.process, address.local_part)
    if user is None:
        return f"{address.local_part} is not a local user"
    ctx.address.local_part_data = address.local_part_data = user.name
    ctx.address.local_user_uid = user.uid
    ctx.address.local_user_gid = user.gid
    ctx.address.home = user.home
    return ""


def _home(template: Template) -> Check:
    def check(ctx: Context, address: Address, mode: Mode) -> str:
        try:
            ctx.address.home = expand(template, ctx)
        except ForcedFailure:
            pass
        except ExpansionError as error:
            raise RouterDefer(
                f'failed to expand "{template.text}" for router_home_directory: {error.message}'
            ) from None
        return ""

    return check


def _debug_print(template: Template) -> Check:
    def check(ctx: Context, address: Address, mode: Mode) -> str:
        trace = ctx.process.trace
        if trace is None and mode is not Mode.TEST:
            return ""
        try:
            text = expand(template, ctx)
        except ExpansionError as error:
            text = f'failed to expand debug_output "{template.text}": {error.message}'
        if text and not text.endswith("\n"):
            text += "\n"
        if mode is Mode.TEST:
            say = ctx.message.notes.get("debug_print")
            if say is not None:
                say(text)
        elif trace is not None:
            trace.debug("route", text)
        return ""

    return check


def _senders(template: Template) -> Check:
    def check(ctx: Context, address: Address, mode: Mode) -> str:
        sender = "" if mode is Mode.VERIFY_SENDER else ctx.message.sender_address
        try:
            match = match_address(template, sender, ctx)
        except (Defer, ExpansionError):
            raise RouterDefer("senders check lookup or other defer") from None
        return "" if match is not None else "senders mismatch"

    return check


def _files(template: Template) -> Check:
    items = [Template(item, template.span) for item in split_list(template.text)]

    def check(ctx: Context, address: Address, mode: Mode) -> str:
        return "" if files_as_required(ctx, items) else "file check"

    return check


_FALSE = frozenset({"", "0", "no", "false"})


def _condition(template: Template, name: str) -> Check:
    def check(ctx: Context, address: Address, mode: Mode) -> str:
        try:
            text = expand(template, ctx)
        except ForcedFailure:
            return "condition failure"
        except LookupDefer as error:
            raise RouterDefer(f"condition check defer: {error.message}") from None
        except ExpansionError as error:
            # The manual says that this defers; the program it describes logs it and skips the router.
            ctx.process.log.panic(
                f'failed to expand condition "{template.text}" for {name} router: {error.message}',
                ctx.message.id,
            )
            return "condition failure"
        return "condition failure" if text.strip().lower() in _FALSE else ""

    return check


def _brightmail(router: Router) -> list[Check]:
    """The conditions on a Brightmail verdict (features row 2), read from what the scan left with the message."""
    options = router.options
    flags = (options.bmi_deliver_default, options.bmi_deliver_alternate, options.bmi_dont_deliver)
    if not any(flags) and not options.bmi_rule:
        return []
    from eximia.scan.brightmail.verdicts import ALTERNATE, DEFAULT, DISCARD, rules_of, verdict_for

    wanted_rules = rules_of(options.bmi_rule)

    def check(ctx: Context, address: Address, mode: Mode) -> str:
        verdict = verdict_for(ctx, address.top.address)
        default, alternate, dont = flags
        if default and verdict is not None and verdict.action != DEFAULT:
            return "bmi_deliver_default is set and the verdict is not the default"
        if alternate and (verdict is None or verdict.action != ALTERNATE):
            return "bmi_deliver_alternate is set and there is no alternate verdict"
        if dont and (verdict is None or verdict.action != DISCARD):
            return "bmi_dont_deliver is set and the verdict is to deliver"
        if wanted_rules and (verdict is None or not wanted_rules & verdict.rules):
            return "bmi_rule does not match"
        return ""

    return [check]
