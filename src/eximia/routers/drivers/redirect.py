"""The redirect router: aliases, forward files, filters (manual 22).

What the data says is read by `redirect.lists` and by `filters`; here it becomes addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.text import marked
from eximia.context import Address, Context, Errno, FilterDelivery, FilterResult, Kind, Outcome, Result
from eximia.expand import expand
from eximia.expand.locks import NAMES as LOCKED_NAMES
from eximia.filters.recognition import filter_kind
from eximia.message.address import Syntax, qualify
from eximia.routers.assign import assign_errors, assign_headers, assign_identity, find_transport
from eximia.routers.children import child_of, rewritten
from eximia.routers.redirect.files import IncludeReader, read_redirect_file
from eximia.routers.redirect.filtering import run_filter, write_log_lines
from eximia.routers.redirect.lists import (
    Item,
    ListPolicy,
    RedirectDataError,
    Redirection,
    Verdict,
    parse_list,
)
from eximia.routers.redirect.notices import tell_syntax_errors
from eximia.routers.result import Answer, Mode, RouterDefer, RouterFail
from eximia.routers.router import Driver, RouteCall, Router

if TYPE_CHECKING:
    from eximia.routers.options.redirect import RedirectOptions


#: verdicts of a filter that leave nothing to the routers that follow
_ENDS = ("fail", "defer", "freeze", "delivered")


class Redirect(Driver):
    """See the module's docstring."""

    def __init__(self, router: Router) -> None:
        super().__init__(router)
        self.options = cast("RedirectOptions", router.options)
        self._locked = frozenset(name for name in LOCKED_NAMES if getattr(self.options, f"forbid_filter_{name}"))

    def route(self, ctx: Context, address: Address, call: RouteCall) -> Answer:
        options = self.options
        # Identity first: files are read as the user, and special children run as him.
        assign_identity(ctx, address, self.router)
        qualify_domain = ""
        if options.qualify_domain is not None:
            try:
                qualify_domain = expand(options.qualify_domain, ctx)
            except ForcedFailure:
                return Answer.DECLINE
            except ExpansionError as error:
                raise RouterDefer(f'failed to expand "{options.qualify_domain.text}": {error.message}') from None
        if options.srs is not None and not self._srs(ctx, address, call):
            return Answer.DECLINE
        data = self._data(ctx, address)
        if data is None:
            return Answer.DECLINE
        kind = filter_kind(data)
        if kind:
            return self._filter(ctx, address, call, data, qualify_domain, sieve=kind == "sieve")
        return self._list(ctx, address, call, data, qualify_domain)

    def _srs(self, ctx: Context, address: Address, call: RouteCall) -> bool:
        """False when the router declines: the address is no SRS address."""
        from eximia.routers.redirect.srs import begin

        way = begin(ctx, self.options)
        if way is not None:
            if not way.back(address):
                return False
            address.srs_sender = way.sender(address, call.mode) or address.srs_sender
        return True

    def _data(self, ctx: Context, address: Address) -> str | None:
        options = self.options
        if options.data is None:
            return read_redirect_file(ctx, options, address)
        try:
            return expand(options.data, ctx)
        except ForcedFailure:
            return None
        except ExpansionError as error:
            raise RouterDefer(f'failed to expand "{options.data.text}": {error.message}') from None

    # Lists

    def _list(self, ctx: Context, address: Address, call: RouteCall, data: str, qualify_domain: str) -> Answer:
        options = self.options
        main = ctx.process.main
        policy = ListPolicy(
            options.allow_defer,
            options.allow_fail,
            options.forbid_blackhole,
            options.forbid_include,
            options.include_directory or "",
            options.skip_syntax_errors,
            Syntax(
                True,
                main.strip_trailing_dot,
                main.allow_utf8_domains or ctx.message.smtputf8,
                main.strip_excess_angle_brackets,
            ),
        )
        try:
            found = parse_list(data, policy, IncludeReader(ctx, address))
        except RedirectDataError as error:
            source = "data" if self.options.data is not None else "file"
            raise RouterDefer(f"error in redirect {source}: {error.message}", errno=Errno.BAD_REDIRECT) from None
        if found.errors:
            self._skipped(ctx, found)
        if found.verdict is Verdict.NOTHING:
            return Answer.DECLINE
        if found.verdict is Verdict.DISCARD:
            return Answer.DISCARD
        assign_errors(ctx, address, self.router, call.mode)
        assign_headers(ctx, address, self.router)
        children = [self._child(ctx, address, item, qualify_domain) for item in found.items]
        if found.verdict is Verdict.FAIL:
            text = self._coded(found.text)
            raise RouterFail(text, user_message=text, pass_message=True, children=children)
        if found.verdict is Verdict.DEFER:
            text = self._coded(found.text)
            # Nothing is delivered yet, and who is told when it is given up is not what this router says.
            address.errors_address = call.errors_before
            raise RouterDefer(text, user_message=text, pass_message=True)
        call.children += children
        return Answer.CHILDREN

    def _coded(self, text: str) -> str:
        """The text of `:fail:` and `:defer:`, without its SMTP code when those are not wanted."""
        if not self.options.forbid_smtp_code:
            return text
        words = text.split(" ", 2)
        if len(words) > 1 and len(words[0]) == 3 and words[0].isdigit():
            parts = words[1].split(".")
            if len(words) > 2 and len(parts) == 3 and all(part.isdigit() for part in parts):
                return words[2]
            return text[4:]
        return text

    def _skipped(self, ctx: Context, found: Redirection) -> None:
        log = ctx.process.log
        for message in found.errors:
            log.main(f"{self.router.name} router: skipped error: {message}", ctx.message.id)
        tell_syntax_errors(ctx, self.router, self.options, found.errors, some=bool(found.items))

    def _child(self, ctx: Context, address: Address, item: Item, qualify_domain: str) -> Address:
        if item.kind is not Kind.ADDRESS:
            return self._special(ctx, address, item.kind, item.text)
        text = item.text
        if item.qualify_incoming:
            text = marked(f"{text}@{address.domain}", text)
        elif "@" not in text:
            text = marked(qualify(text, self._default_domain(ctx, address, qualify_domain)), text)
        return self._address(ctx, address, text)

    def _default_domain(self, ctx: Context, address: Address, qualify_domain: str) -> str:
        if self.options.qualify_preserve_domain:
            return address.domain
        return qualify_domain or str(ctx.process.main.qualify_recipient or ctx.process.main.qualify_domain)

    def _address(self, ctx: Context, address: Address, text: str) -> Address:
        options = self.options
        if options.check_ancestor:
            lower = text.lower()
            ancestor = address.parent
            while ancestor is not None:
                if ancestor.address.lower() == lower:
                    text = address.address
                    break
                ancestor = ancestor.parent
        if options.rewrite:
            text = rewritten(ctx, text)
        child = child_of(address, text)
        child.hide_child = options.hide_child_in_errmsg or address.hide_child
        child.one_time = options.one_time
        if options.one_time and child.onetime_parent < 0:
            child.onetime_parent = -2  # delivery knows the number of the top-level recipient
        return child

    def _special(self, ctx: Context, address: Address, kind: Kind, text: str) -> Address:
        """A pipe, file, directory or reply, with the transport that the option for it names."""
        options = self.options
        child = child_of(address, text, kind)
        child.unique = f"{'>' if kind is Kind.REPLY else ''}{text}:{address.unique}"
        child.local_part = address.local_part
        child.local_part_original = address.local_part_original
        child.domain = address.domain
        child.prefix, child.prefix_v = address.prefix, address.prefix_v
        child.suffix, child.suffix_v = address.suffix, address.suffix_v
        child.local_part_data, child.domain_data = address.local_part_data, address.domain_data
        child.hide_child = options.hide_child_in_errmsg
        child.router = self.router
        child.uid, child.gid, child.user_name = address.uid, address.gid, address.user_name
        child.initgroups = address.initgroups
        child.home_directory = address.home_directory
        child.current_directory = address.current_directory
        name, template, word = {
            Kind.PIPE: ("pipe_transport", options.pipe_transport, "delivery to pipe"),
            Kind.FILE: ("file_transport", options.file_transport, "delivery to file"),
            Kind.DIRECTORY: ("directory_transport", options.directory_transport, "delivery to file"),
            Kind.REPLY: ("reply_transport", options.reply_transport, "autoreply"),
        }[kind]
        forbidden = (
            options.one_time
            or {
                Kind.PIPE: options.forbid_pipe,
                Kind.FILE: options.forbid_file,
                Kind.DIRECTORY: options.forbid_file,
                Kind.REPLY: options.forbid_filter_reply,
            }[kind]
        )
        if forbidden:
            child.forbidden = f"{word} forbidden"
        try:
            child.transport = find_transport(ctx, self.router, template, name)
        except RouterDefer as error:
            child.setup_error = error.message
        else:
            if child.transport is None:
                child.setup_error = f"{name} unset in {self.router.name} router"
        return child

    # Filters

    def _filter(
        self, ctx: Context, address: Address, call: RouteCall, text: str, qualify_domain: str, *, sieve: bool
    ) -> Answer:
        options = self.options
        wrong = f"error in filter {'file' if options.data is None else 'data'}: "
        if not options.allow_filter:
            raise RouterDefer(f"{wrong}filtering not enabled", errno=Errno.BAD_REDIRECT)
        if options.forbid_sieve_filter if sieve else options.forbid_exim_filter:
            what = "Sieve" if sieve else "Exim"
            raise RouterDefer(f"{wrong}{what} filtering not enabled", errno=Errno.BAD_REDIRECT)
        default_domain = self._default_domain(ctx, address, qualify_domain)
        result = run_filter(ctx, options, address, text, "sieve" if sieve else "exim", default_domain)
        write_log_lines(ctx, address, result, call.mode, wrong)
        if result.verdict == "error":
            if options.skip_syntax_errors and not sieve:
                ctx.process.log.main(f"{self.router.name} router: skipped error: {result.message}", ctx.message.id)
                tell_syntax_errors(ctx, self.router, options, [result.message], some=False)
                return Answer.DECLINE
            raise RouterDefer(f"{wrong}{result.message}", errno=Errno.BAD_REDIRECT)
        if result.verdict == "freeze" and ctx.message.manually_thawed:
            # Whoever thawed the message has looked at it.
            call.decline_text, call.log_only = result.log_message or result.message, True
            return Answer.DECLINE
        if not result.deliveries and result.verdict not in _ENDS:
            return Answer.DECLINE
        assign_errors(ctx, address, self.router, call.mode)
        assign_headers(ctx, address, self.router)
        children = [self._filtered(ctx, address, delivery) for delivery in result.deliveries]
        if result.verdict in ("fail", "defer", "freeze"):
            if result.verdict == "defer":
                address.errors_address = call.errors_before
            self._end(call, result, children)
        if result.verdict == "delivered":
            if not children:
                address.outcome = Outcome(Result.DELIVERED, "discarded")
                return Answer.DISCARD
            call.children += children
            return Answer.CHILDREN
        # Deliveries were set up, but none of them significant: the address itself goes on to the other routers.
        copy = child_of(address, address.address)
        copy.dsn_flags, copy.dsn_orcpt = address.dsn_flags, address.dsn_orcpt
        children.insert(0, copy)
        call.children += children
        return Answer.CHILDREN

    def _end(self, call: RouteCall, result: FilterResult, children: list[Address]) -> None:
        """`fail`, `defer` and `freeze` commands."""
        if result.verdict == "fail":
            log = result.log_message or result.message or "filter forced failure"
            raise RouterFail(log, user_message=result.message, pass_message=True, children=children)
        text = result.log_message or result.message
        if result.verdict == "freeze":
            raise RouterDefer(text, freeze=call.mode is Mode.DELIVER, children=children)
        # Nothing of the filter is done yet: it is interpreted again.
        raise RouterDefer(text or "deferred by filter", pass_message=True)

    def _filtered(self, ctx: Context, address: Address, delivery: FilterDelivery) -> Address:
        if delivery.kind is Kind.ADDRESS:
            child = self._address(ctx, address, delivery.text)
        else:
            child = self._special(ctx, address, delivery.kind, delivery.text)
            child.from_filter = True
            child.reply = delivery.reply
            child.locked = self._locked
            child.file_mode = delivery.mode
            child.pipe_variables = delivery.variables
            child.expand_pipe = delivery.kind is Kind.PIPE
        if delivery.errors_to is not None:
            child.errors_address = delivery.errors_to
        child.ignore_error = child.ignore_error or delivery.ignore_error
        return child
