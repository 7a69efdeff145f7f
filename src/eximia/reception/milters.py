"""The filters of `milters` and `milters_not_smtp` during reception: when they are asked, and what becomes of their
decisions. Each step comes after its ACL has accepted; the content after the DATA ACL, so that filters see all that the
ACLs have added. docs/milter.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eximia.acl.result import AclResult, Outcome
from eximia.base.errors import ExpansionError
from eximia.context import Body
from eximia.scan.milter.chain import Chain
from eximia.scan.milter.settings import read_settings
from eximia.scan.servers import ScanError

from . import answers
from .ending import SessionOver
from .policy import Policy

if TYPE_CHECKING:
    from eximia.base.template import Template
    from eximia.context import Context
    from eximia.scan.milter.milter import Decision

    from .session import SmtpSession

_USUAL = {
    "reject": "550 5.7.1 Command rejected",
    "tempfail": "451 4.7.1 Service unavailable - try again later",
}


def begin(session: SmtpSession) -> None:
    """The connect ACL has accepted: reach the filters. Raises SessionOver when one refuses the client."""
    ctx = session.ctx
    if session.on_stdin and session.settings.testing:
        return
    if session.main.milters is None or not session.policy.host_in(ctx, "milter_hosts"):
        return
    chain = _open(ctx, session.policy, session.main.milters, "milters")
    if chain is None:
        raise SessionOver("", reply=("421", answers.DEFERRED), rejected=True)
    session.milters = chain
    result = _result(session, chain.connect(ctx))
    if result is not None:
        session.refuse("acl_smtp_connect", result)
        raise SessionOver("", rejected=True)


def _open(ctx: Context, policy: Policy, template: Template, option: str) -> Chain | None:
    """None when the option is wrong, which is logged."""
    try:
        return Chain(read_settings(policy.expand(ctx, template)))
    except (ExpansionError, ScanError) as error:
        ctx.process.log.panic(f"{option}: {error.message}", ctx.message.id)
        return None


def helo(session: SmtpSession) -> AclResult | None:
    """None: go on; else how the command is refused. The same for the others."""
    assert session.milters is not None
    return _result(session, session.milters.helo(session.ctx))


def mail(session: SmtpSession, argument: str) -> AclResult | None:
    assert session.milters is not None
    return _result(session, session.milters.mail(session.ctx, _parameters(argument)))


def rcpt(session: SmtpSession, address: str, argument: str) -> AclResult | None:
    assert session.milters is not None
    return _result(session, session.milters.rcpt(session.ctx, address, _parameters(argument)))


def data(session: SmtpSession) -> AclResult | None:
    assert session.milters is not None
    return _result(session, session.milters.data(session.ctx))


def unknown(session: SmtpSession, line: str) -> None:
    """A command that nobody knows; the answer is ours."""
    assert session.milters is not None
    _result(session, session.milters.unknown(session.ctx, line))


def message(session: SmtpSession) -> AclResult | None:
    """The content of the message; what the filters change is done."""
    assert session.milters is not None
    return _result(session, session.milters.message(session.ctx))


def _parameters(argument: str) -> Sequence[str]:
    """What a MAIL or RCPT command says after the address."""
    return argument.rpartition(">")[2].split() if ">" in argument else ()


def _result(session: SmtpSession, decision: Decision | None) -> AclResult | None:
    """Raises SessionOver when the filter ends the session."""
    if decision is None:
        return None
    if decision.kind == "discard":
        session.ctx.message.discarded = True
        session.tx.discarded_by = session.tx.discarded_by or f"milter {decision.who}"
        return None
    if decision.kind == "shutdown":
        session.process.log.main(f"milter {decision.who} ends the session of {session.peer()}")
        raise SessionOver("", reply=("421", "4.7.0 Server closing connection"), rejected=True)
    return _as_acl(decision)


def _as_acl(decision: Decision) -> AclResult:
    text = f"{decision.code} {decision.text}" if decision.code else _USUAL[decision.kind]
    first = text.partition("\n")[0]
    outcome = Outcome.DENY if decision.kind == "reject" else Outcome.DEFER
    return AclResult(outcome, text, f"milter {decision.who}: {first}")


def judge_local(ctx: Context, policy: Policy, filters: Template) -> AclResult | None:
    """A message of the command line, after its ACL: all steps at once. None: it may stay."""
    chain = _open(ctx, policy, filters, "milters_not_smtp")
    if chain is None:
        return AclResult(Outcome.DEFER, "", "milters_not_smtp cannot be used")
    try:
        decision = chain.connect(ctx) or chain.helo(ctx) or chain.mail(ctx)
        for recipient in ctx.message.recipients:
            decision = decision or chain.rcpt(ctx, recipient.address)
        decision = decision or chain.data(ctx) or chain.message(ctx)
    finally:
        chain.quit()
    if decision is None:
        return None
    if decision.kind == "discard":
        ctx.message.notes["discarded_by"] = f"milter {decision.who}"
        return AclResult(Outcome.DISCARD)
    return _as_acl(decision._replace(kind="tempfail") if decision.kind == "shutdown" else decision)


def rewrite_data(ctx: Context, fd: int) -> None:
    """The body was replaced, and what came is in the file `fd` already. Raises OSError."""
    ctx.process.ports.blocking(_rewrite, ctx.message.body, fd, len(ctx.message.id) + 3)


def _rewrite(body: Body, fd: int, offset: int) -> None:
    import os

    from eximia.base.writing import write_all

    os.ftruncate(fd, offset)
    os.lseek(fd, offset, os.SEEK_SET)
    write_all(fd, body.read())
