"""The queryprogram router: asks a command (manual 21)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from eximia.base.pattern import pattern
from eximia.base.ports import HelperResult, Identity
from eximia.base.text import from_bytes
from eximia.context import Address, Context, Errno, Kind
from eximia.message.address import Syntax, qualify
from eximia.routers.assign import assign, assign_errors, assign_headers, group_of, user_of
from eximia.routers.children import child_of, rewritten
from eximia.routers.host_lookup import HostPolicy
from eximia.routers.manual_list import Failures, find_hosts
from eximia.routers.redirect.lists import Item, ListPolicy, RedirectDataError, Verdict, parse_list
from eximia.routers.result import Answer, RouterDefer, RouterFail
from eximia.routers.router import Driver, RouteCall, Router
from eximia.transports.commands import CommandError, command_arguments

if TYPE_CHECKING:
    from eximia.routers.options.queryprogram import QueryprogramOptions

#: longer answers are cut
_LONGEST = 1023
_FIELD = pattern(r"\s*([A-Za-z]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"|\S*)")


class Queryprogram(Driver):
    """See the module's docstring."""

    def __init__(self, router: Router) -> None:
        super().__init__(router)
        self.options = cast("QueryprogramOptions", router.options)

    def route(self, ctx: Context, address: Address, call: RouteCall) -> Answer:
        name = self.router.name
        line = self._ask(ctx)
        word, rest = [*line.split(None, 1), "", ""][:2]
        verb = word.lower()
        if verb == "decline":
            return Answer.DECLINE
        if verb == "pass":
            return Answer.PASS
        if verb == "fail":
            raise RouterFail(rest, pass_message=True)
        if verb in ("defer", "freeze"):
            raise RouterDefer(rest, freeze=verb == "freeze")
        if verb == "redirect":
            return self._redirect(ctx, address, call, rest)
        if verb == "accept":
            return self._accept(ctx, address, call, rest)
        ctx.process.log.panic(f"{name} router: bad command yield: {word} {rest}", ctx.message.id, main=False)
        raise RouterDefer(f"bad command yield: {word} {rest}")

    def _ask(self, ctx: Context) -> str:
        """Run the command; what it wrote, which should be one line."""
        options = self.options
        name = self.router.name
        assert options.command is not None
        try:
            argv = command_arguments(ctx, options.command.text, what="queryprogram router", addresses=())
        except CommandError as error:
            raise RouterDefer(error.message) from None
        if "/" not in argv[0]:  # no path is searched
            raise RouterDefer(f"{name} router: command returned non-zero code 127")
        argv = [word.partition("\0")[0] for word in argv]
        result: HelperResult = ctx.process.ports.helpers.run(
            argv,
            timeout=options.timeout,
            cwd=options.current_directory,
            identity=self._identity(ctx),
            max_output=_LONGEST + 1,
            merge_errors=True,
        )
        if result.failure:
            raise RouterDefer(f"{name} router: command returned non-zero code 127")
        if result.timed_out:
            raise RouterDefer(f"{name} router: command timed out", freeze=True)
        if result.status < 0:
            raise RouterDefer(f"{name} router: killed by signal {-result.status}")
        if result.status:
            raise RouterDefer(f"{name} router: command returned non-zero code {result.status}")
        if not result.output:
            raise RouterDefer(f"{name} router: command failed to return data")
        return from_bytes(result.output[:_LONGEST]).strip()

    def _identity(self, ctx: Context) -> Identity:
        user, group = self.options.command_user, self.options.command_group
        assert user is not None
        uid, gid, login = user_of(ctx, self.router, user)
        if group is not None:
            return Identity(uid, group_of(ctx, self.router, group))
        if gid is None:
            raise RouterDefer(f"command_user set without command_group for {self.router.name} router")
        return Identity(uid, gid, login)

    def _redirect(self, ctx: Context, address: Address, call: RouteCall, text: str) -> Answer:
        main = ctx.process.main
        policy = ListPolicy(
            allow_fail=True,
            forbid_blackhole=True,
            forbid_include=True,
            syntax=Syntax(
                True,
                main.strip_trailing_dot,
                main.allow_utf8_domains or ctx.message.smtputf8,
                main.strip_excess_angle_brackets,
            ),
        )
        try:
            found = parse_list(text, policy, lambda path: "")
        except RedirectDataError as error:
            raise RouterDefer(f"error in redirect data: {error.message}", errno=Errno.BAD_REDIRECT) from None
        assign_errors(ctx, address, self.router, call.mode)
        assign_headers(ctx, address, self.router)
        domain = str(main.qualify_recipient or main.qualify_domain)
        children = [self._child(ctx, address, item, domain) for item in found.items]
        if found.verdict is Verdict.FAIL:
            raise RouterFail(found.text, user_message=found.text, pass_message=True, children=children)
        if not children:
            raise RouterDefer("error in redirect data: no addresses supplied", errno=Errno.BAD_REDIRECT)
        call.children += children
        return Answer.CHILDREN

    def _child(self, ctx: Context, address: Address, item: Item, domain: str) -> Address:
        """A new address; deliveries to files and pipes are forbidden."""
        if item.kind is Kind.ADDRESS:
            return child_of(address, rewritten(ctx, qualify(item.text, domain)))
        child = child_of(address, item.text, item.kind)
        child.unique = f"{item.text}:{address.unique}"
        child.forbidden = f"delivery to {'pipe' if item.kind is Kind.PIPE else 'file'} forbidden"
        return child

    def _accept(self, ctx: Context, address: Address, call: RouteCall, rest: str) -> Answer:
        fields: dict[str, str] = {}
        for match in _FIELD.finditer(rest):
            fields.setdefault(match[1].lower(), _plain(match[2]))
        if "data" in fields:
            address.address_data = ctx.address.address_data = fields["data"]
        assign(ctx, address, self.router, call.mode)
        wanted = fields.get("transport")
        if wanted:
            transport = ctx.process.config.transports.get(wanted)
            if transport is None:
                self._panic(ctx, f"unknown transport name {wanted} yielded by command")
            address.transport = transport
        hosts = fields.get("hosts", "")
        if not hosts:
            return Answer.ACCEPT
        lookup = fields.get("lookup", "").lower()
        if lookup not in ("", "byname", "bydns"):
            self._panic(ctx, f'bad lookup type "{fields["lookup"]}" yielded by command')
        policy = HostPolicy(
            use_dns=lookup != "byname",
            use_hosts_file=lookup != "bydns",
            ignore=self.options.ignore_target_hosts,
        )
        found, answer = find_hosts(ctx, address, call, hosts, policy, Failures("defer", "defer"), randomize=False)
        if answer is not None:
            address.transport = None
            return answer
        address.hosts = found
        return Answer.ACCEPT

    def _panic(self, ctx: Context, text: str) -> None:
        ctx.process.log.panic(f"{self.router.name} router: {text}", ctx.message.id, main=False)
        raise RouterDefer(text)


def _plain(value: str) -> str:
    """A field's value without its quotes."""
    if value.startswith('"') and value.endswith('"') and len(value) >= 2:
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
