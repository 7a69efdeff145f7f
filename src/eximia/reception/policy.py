"""What reception asks of the parts below it: ACLs, lists, expansions, host names, rewriting, the spool, delivery.

One place, imported lazily, so that the command line starts fast and tests can put simple answers in its stead.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from eximia.base.errors import Defer
from eximia.base.template import Template

from .ending import SessionOver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eximia.acl.refusal import Refusal
    from eximia.acl.result import AclResult
    from eximia.acl.signatures.arriving import Arriving
    from eximia.context import Context

    from .session import SmtpSession


#: header lines without which there is nothing to verify
_SIGNATURES = frozenset({"dkim-signature", "arc-seal", "arc-message-signature", "arc-authentication-results"})

#: whom the offer concerns is not known for now: the service is there all the same, and TLS is better than none
_OFFERED_IN_DOUBT = frozenset(
    {"chunking_advertise_hosts", "dsn_advertise_hosts", "smtputf8_advertise_hosts", "tls_advertise_hosts"}
)


def _give_up(ctx: Context, option: str, defer: Defer) -> None:
    """A list that is kept where it cannot be read is no empty list: nobody may pass, or do without TLS, for that.
    Raises SessionOver."""
    from eximia.lists.match import UnreadableFile, is_broken

    if not is_broken(defer):
        return
    text = defer.told(option) if isinstance(defer, UnreadableFile) else defer.message
    ctx.process.log.panic(text)
    reply = ("421", "Unexpected failure, please try later")
    raise SessionOver("local-failure", reply=reply, no_mail_line=False, status=1, unasked=True) from None


class Policy:
    """Stateless; one instance serves all sessions."""

    __slots__ = ()

    def acl(self, ctx: Context, option: str) -> AclResult:
        """Run the ACL of main option `option`. Never raises."""
        from eximia.acl.engine import run
        from eximia.acl.phases import BY_OPTION

        return run(ctx, BY_OPTION[option], getattr(ctx.process.main, option))

    def refuse(self, ctx: Context, option: str, result: AclResult, argument: str = "") -> Refusal:
        """Log a refusal, and say what to answer."""
        from eximia.acl.phases import BY_OPTION
        from eximia.acl.refusal import refuse

        return refuse(ctx, BY_OPTION[option], result, argument)

    def has_acl(self, ctx: Context, option: str) -> bool:
        """Whether the option is set."""
        return getattr(ctx.process.main, option) is not None

    def host_in(self, ctx: Context, option: str) -> bool:
        """Whether the client matches the host list of main option `option`; a deferral counts as no match,
        but for what is rather offered in doubt. Raises SessionOver where the list cannot be read."""
        template: Template | None = getattr(ctx.process.main, option)
        session = ctx.session
        trace = ctx.process.trace
        if template is None or (template.constant and not template.text):
            if trace is not None:
                why = "option unset" if template is None else "end of list"
                trace.debug("lists", f"host in {option}? no ({why})")
            return False
        if template.constant and trace is None and template.text == "*":
            return True
        from eximia.lists.matching import match_host

        try:
            found = match_host(template, ctx, session.sender_host_address, label=option)
        except Defer as defer:
            _give_up(ctx, option, defer)
            return option in _OFFERED_IN_DOUBT
        return found is not None

    def domain_in(self, ctx: Context, option: str, domain: str) -> bool:
        """Whether `domain` matches the domain list of main option `option`. Raises SessionOver as `host_in`."""
        template: Template | None = getattr(ctx.process.main, option)
        if template is None:
            return False
        from eximia.lists.matching import match_domain

        try:
            return match_domain(template, domain, ctx, option) is not None
        except Defer as defer:
            _give_up(ctx, option, defer)
            return False

    def expand(self, ctx: Context, template: Template) -> str:
        """Raises ExpansionError and its kin."""
        if template.constant:
            return template.text
        from eximia.expand import expand

        return expand(template, ctx)

    def find_host_name(self, ctx: Context) -> None:
        """Look the client's name up, once."""
        from eximia.dns.hosts import find_sender_host_name

        trace = ctx.process.trace
        if trace is not None:
            trace.debug("host_lookup", f"looking up host name for {ctx.session.sender_host_address}")
        find_sender_host_name(ctx)

    def verify_helo(self, ctx: Context) -> bool:
        """Check the HELO name against the client's address; the session remembers the result."""
        from eximia.acl.verify.helo import verify_helo

        try:
            return verify_helo(ctx)
        except Defer:
            return False

    def new_id(self, ctx: Context) -> tuple[str, float]:
        """A new message id and the time it carries."""
        found: tuple[str, float] = ctx.process.ids.next()
        return found

    def sender_permitted(self, ctx: Context, sender: str) -> bool:
        """`untrusted_set_sender`: whether an untrusted caller may use this sender."""
        template: Template | None = ctx.process.main.untrusted_set_sender
        if template is None:
            return False
        if not sender:
            return True
        from eximia.lists.matching import match_address

        try:
            return match_address(template, sender, ctx) is not None
        except Defer:
            return False

    def rewrite_smtp(self, ctx: Context, address: str) -> str:
        """Rewriting rules with the S flag, before an address of MAIL or RCPT is parsed (manual 31.9)."""
        if not _rules(ctx):
            return address
        text: str = _rewrite("smtp")(ctx, address)
        return text

    def begin_signatures(self, ctx: Context, lines: Sequence[str]) -> Arriving | None:
        """The header of a message has come as these lines: what has to be hashed of its body, if anything."""
        message = ctx.message
        if not message.dk_verify and _SIGNATURES.isdisjoint([header.name for header in message.headers]):
            return None
        from eximia.acl.signatures.arriving import begin

        return begin(ctx, lines)

    def verify_signatures(self, session: SmtpSession, refuse: Callable[[SmtpSession, AclResult, str], None]) -> None:
        """Check DKIM and DomainKeys signatures and run acl_smtp_dkim for each signer; `refuse` raises."""
        ctx = session.ctx
        main = ctx.process.main
        if "signatures" not in ctx.message.notes and (
            main.acl_smtp_dkim is None or main.dkim_verify_signers.text == "$dkim_signers"
        ):
            return
        from eximia.acl.signatures.dkim import judge
        from eximia.acl.signatures.domainkeys import check_domainkeys

        check_domainkeys(ctx)
        if not judge(ctx, lambda result, where: refuse(session, result, where)):
            session.tx.discarded_by = "DKIM"

    def settle_dmarc(self, ctx: Context, *, rejected: bool) -> None:
        """The DATA ACL has decided about a message whose DMARC status it asked for."""
        from eximia.acl.dmarc.settle import settle

        settle(ctx, rejected=rejected)

    def scan_mime(self, session: SmtpSession, refuse: Callable[[SmtpSession, AclResult, str], None]) -> bool:
        """Run acl_smtp_mime for each MIME part; `refuse` raises. False when the message is thrown away."""
        from eximia.acl.mime import run_mime
        from eximia.acl.phases import MIME
        from eximia.acl.result import Outcome

        result = run_mime(session.ctx, MIME, session.process.main.acl_smtp_mime)
        if result.outcome is Outcome.DISCARD:
            session.ctx.message.discarded = True
            session.tx.discarded_by = "MIME"
        if not result.accepted:
            refuse(session, result, MIME.option)
        return result.outcome is not Outcome.DISCARD

    def judge_local(self, ctx: Context, *, milters: bool = True) -> AclResult:
        """acl_not_smtp_mime for each MIME part, then acl_not_smtp; the result tells what to do with the message.

        A message one of them discards gets `notes["discarded_by"]`; the second one runs all the same.
        """
        from eximia.acl.mime import run_mime
        from eximia.acl.phases import NOT_SMTP_MIME
        from eximia.acl.result import AclResult, Outcome

        result = AclResult(Outcome.ACCEPT)
        if self.has_acl(ctx, "acl_not_smtp_mime"):
            result = run_mime(ctx, NOT_SMTP_MIME, ctx.process.main.acl_not_smtp_mime)
            if result.outcome is Outcome.DISCARD:
                ctx.message.notes["discarded_by"] = "MIME"
            elif not result.accepted:
                return result
        if self.has_acl(ctx, "acl_not_smtp"):
            second = self.acl(ctx, "acl_not_smtp")
            if second.outcome is Outcome.DISCARD:
                ctx.message.notes["discarded_by"] = "non-SMTP"
            if second.outcome is not Outcome.ACCEPT:
                return second
        filters = ctx.process.main.milters_not_smtp if milters else None
        if filters is not None and not ctx.session.host_checking:
            from .acceptance import merge_added_headers
            from .milters import judge_local

            merge_added_headers(ctx)
            return judge_local(ctx, self, filters) or result
        return result

    def event(self, ctx: Context, name: str, data: str) -> str | None:
        """Raise an event of the main section; a text means "no"."""
        action = getattr(ctx.process.main, "event_action", None)
        if action is None or ctx.process.services.event is None:
            return None
        return ctx.process.services.event(ctx, name, data, action)


@cache
def _rewrite(what: str) -> Callable[..., Any]:
    from importlib import import_module

    function: Callable[..., Any] = getattr(import_module("eximia.rewrite"), f"rewrite_{what}")
    return function


def _rules(ctx: Context) -> bool:
    return bool(getattr(ctx.process.config, "rewrite", None))


POLICY = Policy()
