"""Callouts: asking an address's hosts whether they would take it (manual 44.46, 44.47).

A connection is made as the address's smtp transport would make it, up to EHLO, TLS and AUTH; then MAIL and RCPT are
tried. The cache is `callout_cache`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from eximia.acl.run import Run
from eximia.base.errors import ExpansionError
from eximia.base.text import lower
from eximia.context.delivery import Address, Errno, Host, HostStatus
from eximia.expand import expand
from eximia.logs.printing import printing
from eximia.transports.smtp.connection import Connection, raised
from eximia.transports.smtp.cutthrough import suits
from eximia.transports.smtp.failure import Failure, Fault
from eximia.transports.smtp.held import Held, envelope_of, recipient_of
from eximia.transports.smtp.hosts import hosts_for, interface_for, port_of
from eximia.transports.smtp.opening import open_connection

from .callout_cache import CalloutCache, Known
from .failure import unreachable
from .options import CalloutOptions

if TYPE_CHECKING:
    from eximia.protocols.smtp.client import Reply

    from .address import Verdict


class _Refused(Exception):
    """A 5xx that decides: `command` as it was sent, the reply's text; `log` and `kind` of the verdict."""

    def __init__(self, command: str, text: str, log: str, kind: str) -> None:
        super().__init__(log)
        self.command = command
        self.text = text
        self.log = log
        self.kind = kind


class _Again(Exception):
    """The server has ended the session after the random local part: ask it in another one."""


class _Try:
    """One callout."""

    __slots__ = (
        "address",
        "cache",
        "given",
        "known",
        "mail_from",
        "one",
        "options",
        "random",
        "random_asked",
        "reply",
        "target",
    )

    def __init__(self, one: Run, target: Address, given: str, mail_from: str, options: CalloutOptions) -> None:
        address = target.address
        self.one = one
        self.target = target
        self.given = given
        self.address = address
        self.mail_from = mail_from
        self.options = options
        self.cache = CalloutCache(one, address, mail_from, options)
        self.known: Known = self.cache.look()
        #: the host takes any local part
        self.random = False
        self.random_asked = False
        #: the temporary refusal of the recipient, as the server gave it
        self.reply = ""


def call_out(one: Run, address: str, kind: str, options: CalloutOptions, target: Address, verdict: Verdict) -> None:
    """Ask the hosts of `target` about `address`, and change `verdict` accordingly. `kind`: "sender" or "recipient"."""
    ctx = one.ctx
    if one.debug:
        one.say("Attempting full verification using callout")
    if ctx.session.host_checking and not ctx.session.callouts:
        if one.debug:
            one.say("... callout omitted by default when host testing")
            one.say("(Use -bhc if you want the callouts to happen.)")
        return
    verdict.called = True
    mail_from = options.mail_from
    if options.use_sender:
        mail_from = ctx.message.sender_address
    elif options.use_postmaster:
        mail_from = f"postmaster@{_qualify_domain(one)}"
    here = _Try(one, target, address, mail_from, options)
    known = here.known
    if known.verdict:
        verdict.result = known.verdict
        verdict.kind = known.kind
        verdict.accepted = known.verdict == "ok" and not known.kind
        verdict.user = known.text
        verdict.log = ""
        return
    if ctx.session.flush is not None and not ctx.session.no_callout_flush:
        ctx.session.flush()
    transport = target.transport
    problem = ""
    hosts: list[Host] = []
    try:
        hosts, settings, port = _where(here, target)
        if _added(here, hosts):
            verdict.accepted = True
            return
        problem = _ask_hosts(here, transport.name, settings, hosts, port)
    except _Refused as refused:
        ctx.message.cutthrough = False
        verdict.result = "fail"
        verdict.kind = refused.kind
        verdict.log = printing(refused.log)
        verdict.user = _explained(ctx.address.host_address, refused, kind)
        return
    except Failure as failure:
        problem = failure.text()
    if problem:
        ctx.message.cutthrough &= not options.use_sender
        could_not = f"Could not complete {kind} verify callout"
        verdict.result = "defer"
        # Of several hosts each had its own trouble.
        verdict.log = could_not if len(hosts) > 1 else f"{could_not}: {printing(problem)}"
        verdict.user = could_not
        if ctx.process.main.smtp_return_error_details:
            verdict.user = unreachable(kind, address) if kind == "recipient" else verdict.log
        verdict.reply = here.reply
        if options.defer_ok:
            if one.debug:
                one.say("verify defer overridden by callout_defer_ok")
            verdict.result = "ok"
        return
    verdict.kind = "random" if here.random else ""
    verdict.accepted = not here.random


def _keeps(here: _Try) -> bool:
    """The session is to be kept for the message itself: it began as the message's own would."""
    options, message = here.options, here.one.ctx.message
    return (
        (options.hold or message.cutthrough)
        and options.use_sender
        and not options.random
        and options.postmaster_from is None
        and suits(here.target.transport.options)
    )


def _added(here: _Try, hosts: list[Host]) -> bool:
    """Ask the session that an earlier recipient's callout left open. False: make a new one. Raises _Refused."""
    ctx = here.one.ctx
    held: Held | None = ctx.message.held
    if held is None or not _keeps(here):
        return False
    if not held.fits(here.target, hosts, here.mail_from):
        ctx.message.held = None
        held.drop()
        return False
    host = held.connection.host
    ctx.address.host, ctx.address.host_address = host.name, host.address
    shown = f"{host.name} [{host.address}]"
    try:
        problem = _ask_recipient(here, held.connection, shown)
    except _Refused as refused:
        ctx.message.held = None
        held.drop()
        text = f'response to "{refused.command}" was: {refused.text}'
        raise _Refused(refused.command, refused.text, text, refused.kind) from refused
    except Failure:
        ctx.message.held = None
        held.drop()
        return False
    if problem:
        ctx.message.held = None
        held.drop()
        raise Failure(problem, Errno.RCPT_4XX)
    here.cache.store(domain=True, accepted=True)
    return True


def _qualify_domain(one: Run) -> str:
    domain = one.ctx.process.main.qualify_domain
    return str(domain) if domain else one.ctx.process.primary_hostname


def _where(here: _Try, target: Address) -> tuple[list[Host], Any, int]:
    """The hosts, the transport's options with the callout's time limits, and the port. Raises Failure."""
    ctx, options = here.one.ctx, here.options
    transport = target.transport
    settings = transport.options.replace(
        connect_timeout=options.connect or options.timeout, command_timeout=options.timeout
    )
    hosts = hosts_for(ctx, transport.name, settings, target)
    return hosts, settings, port_of(ctx, transport.name, settings)


def _ask_hosts(here: _Try, name: str, settings: Any, hosts: list[Host], port: int) -> str:
    """Go through the hosts until one answers. "": accepted; else why none did. Raises _Refused."""
    ctx = here.one.ctx
    clock = ctx.process.ports.clock
    give_up = clock.monotonic() + (here.options.maxwait or 4 * here.options.timeout)
    problem = "no host found"
    waiting = list(hosts)
    while waiting:
        host = waiting.pop(0)
        if not host.address or host.status not in (HostStatus.UNKNOWN, HostStatus.USABLE):
            continue
        if clock.monotonic() > give_up:
            break
        ctx.address.host, ctx.address.host_address = host.name, host.address
        ctx.address.host_port = host.port or port
        shown = f"{host.name} [{host.address}]"
        ctx.address.transport_name = name
        try:
            connection = open_connection(
                ctx, settings, host, host.port or port, interface_for(ctx, name, settings, host), verifying=True
            )
        except Failure as failure:
            if failure.permanent and failure.fault is not Fault.LOCAL:
                code = failure.message.rpartition(": ")[2]
                command = failure.message.partition("mail server after ")[2].partition(":")[0]
                raise _Refused(command, code, f"{shown} : {failure.text()}", "mail") from failure
            problem = f"{shown} : {failure.text()}"
            continue
        try:
            problem = _ask(here, connection, shown, hosts)
        except _Again as again:
            problem = f"{shown} : {again.__cause__}"
            waiting.insert(0, host)
        except Failure as failure:
            problem = f"{shown} : {failure.text()}"
        finally:
            held = ctx.message.held
            if held is None or held.connection is not connection:
                connection.quit()
                if settings.event_action is not None:
                    ctx.address.host = ctx.address.host_address = ""
                    raised(ctx, settings, "tcp:close", "")
                    ctx.address.host, ctx.address.host_address = host.name, host.address
            ctx.address.transport_name = ""
        if not problem:
            return ""
    return problem


def _ask(here: _Try, connection: Connection, shown: str, hosts: list[Host]) -> str:
    """MAIL and RCPT on an open connection. "": accepted; else why it is not certain. Raises _Refused and Failure."""
    cache = here.cache
    ctx = here.one.ctx
    keeps = _keeps(here)
    mail = f"MAIL FROM:<{here.mail_from}>"
    if keeps:
        mail = envelope_of(ctx, here.mail_from, here.target).mail(connection.peer)
    reply = connection.command(mail)
    if reply.code // 100 != 2:
        if reply.code // 100 != 5:
            return f'{shown} : response to "{mail}" was: {reply.text}'
        if not here.mail_from:
            cache.note_domain(result="reject-mfnull")
            cache.store(domain=True, accepted=None)
        raise _Refused(mail, reply.text, f'{shown} : response to "{mail}" was: {reply.text}', "mail")
    cache.note_domain(result="accept")
    domain = here.address.rpartition("@")[2]
    if here.known.need_random and not here.random_asked:
        local_part = _random_local_part(here.one)
        if local_part:
            command = f"RCPT TO:<{local_part}@{lower(domain)}>"
            reply = connection.command(command)
            if reply.code // 100 == 2:
                here.random = True
                cache.note_domain(random="accept")
                cache.store(domain=True, accepted=None)
                return ""
            if reply.code // 100 != 5:
                return f"{shown} : SMTP error from remote mail server after {command}: {reply.text}"
            cache.note_domain(random="reject")
            here.random_asked = True
            try:
                _begin_again(connection, here.mail_from)
            except Failure as failure:
                # Some servers do not go on after a refusal.
                raise _Again from failure
    mail_reply = reply
    problem = _ask_recipient(here, connection, shown, mail_reply if keeps else None, hosts)
    if problem:
        return problem
    if here.known.need_postmaster and here.options.postmaster_from is not None:
        problem = _ask_postmaster(here, connection, shown, lower(domain))
        if problem:
            return problem
    cache.store(domain=True, accepted=True)
    return ""


def _ask_recipient(
    here: _Try, connection: Connection, shown: str, mail: Reply | None = None, hosts: Sequence[Host] = ()
) -> str:
    """RCPT, as `_ask`. With `mail`, the answer to MAIL, the session is kept for the message; a session kept
    already gets one more recipient."""
    cache = here.cache
    ctx = here.one.ctx
    recipient = f"RCPT TO:<{here.address}>"
    command = recipient
    held: Held | None = ctx.message.held
    kept = mail is not None or (held is not None and held.connection is connection)
    if kept:
        command = "".join(
            envelope_of(ctx, here.mail_from, here.target).rcpt(recipient_of(ctx, here.target), connection.peer)
        )
    try:
        reply = connection.command(command)
    except Failure as failure:
        if failure.errno == Errno.CONNECTION_CLOSED:
            return f'{shown} : response to "{recipient}" was: connection dropped'
        raise
    if reply.code // 100 != 2:
        text = f"{shown} : SMTP error from remote mail server after {recipient}: {reply.text}"
        cache.store(domain=True, accepted=False if reply.code // 100 == 5 else None)
        if reply.code // 100 == 5:
            raise _Refused(recipient, reply.text, text, "recipient")
        here.reply = reply.text
        return text
    if mail is not None:
        transport = here.target.transport
        held = ctx.message.held = Held(connection, transport, transport.options, list(hosts), here.mail_from, mail)
    if kept and held is not None:
        held.took(here.target, here.given, reply)
    return ""


def _ask_postmaster(here: _Try, connection: Connection, shown: str, domain: str) -> str:
    """As `_ask`, about the domain's postmaster."""
    _begin_again(connection, here.options.postmaster_from or "")
    command = f"RCPT TO:<postmaster@{domain}>"
    reply = connection.command(command)
    if reply.code // 100 != 2 and here.options.full_postmaster:
        command = "RCPT TO:<postmaster>"
        reply = connection.command(command)
    if reply.code // 100 == 2:
        here.cache.note_domain(postmaster="accept")
        return ""
    log = f"{shown} : SMTP error from remote mail server after RCPT TO:<postmaster@{domain}>: {reply.text}"
    if reply.code // 100 != 5:
        return log
    here.cache.note_domain(postmaster="reject")
    here.cache.store(domain=True, accepted=True)
    raise _Refused(command, reply.text, log, "postmaster")


def _begin_again(connection: Connection, sender: str) -> None:
    """A new transaction on the same connection. Raises Failure."""
    for command in ("RSET", f"MAIL FROM:<{sender}>"):
        reply = connection.command(command)
        if reply.code // 100 != 2:
            raise Failure(f"SMTP error from remote mail server after {command}: {reply.text}")


def _random_local_part(one: Run) -> str:
    template = one.ctx.process.main.callout_random_local_part
    if template is None:
        return ""
    try:
        return expand(template, one.ctx)
    except ExpansionError as error:
        one.ctx.process.log.panic(f"failed to expand callout_random_local_part: {error}", one.ctx.message.id)
        return ""


def _explained(address: str, refused: _Refused, kind: str) -> str:
    """What the peer is told of a refusal."""
    if kind == "recipient":
        return f"Callout verification failed:\n{refused.text}"
    return f"Called:   {address}\nSent:     {refused.command}\nResponse: {refused.text}"
