"""The beginning of a session: limits, host checks, the connect ACL, the banner (manual 13, 14, 44.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.logs.lines import smtp as lines
from eximia.logs.lines.hosts import client, full_host, interface
from eximia.logs.printing import printing
from eximia.protocols.smtp.server.replies import reply

from . import answers
from .ending import SessionOver
from .extensions import ServerTls, server_tls
from .numbers import complaint
from .protocol_name import protocol_name
from .session_ids import new_connection_id

if TYPE_CHECKING:
    from .session import SmtpSession

_BUSY = "Too many concurrent SMTP connections; please try again later."


def greet(session: SmtpSession) -> None:
    """Everything up to the 220. Raises SessionOver when the client is sent away."""
    facts = session.ctx.session
    facts.smtp = True
    log = session.process.log
    selectors = log.selectors
    policy = session.policy
    ctx = session.ctx
    if not facts.connection_id:
        facts.connection_id = new_connection_id(session.process)
    facts.enforce_sync = session.main.smtp_enforce_sync
    _connection_limits(session)
    if selectors.smtp_connection or facts.host_checking:
        if facts.sender_host_address and policy.host_in(ctx, "hosts_connection_nolog"):
            facts.notes["connection_nolog"] = True
        elif selectors.smtp_connection:
            total = session.admission.total
            # Without a limit nobody counts.
            shown = 1 if total is not None and session.main.smtp_accept_max <= 0 else total
            log.main(lines.opened(facts, selectors, shown))
    _reserves(session)
    _active_hostname(session)
    if not facts.smtp_batched:
        session.read_timeout()
    if facts.sender_host_address:
        _host_checks(session)
    else:
        ctx.message.allow_unqualified_sender = ctx.message.allow_unqualified_recipient = not session.settings.no_qualify
        facts.notes["unqualified"] = (not session.settings.no_qualify, not session.settings.no_qualify)
    session.prepare_throttles()
    session.size_limit = _limit(session, "message_size_limit")
    session.recipients_max = max(0, _limit(session, "recipients_max"))
    if session.admission.tls_on_connect:
        tls = server_tls(session.process)
        if tls is None or not tls.available(session):
            log.main(f"TLS error on connection from {session.peer()} (TLS is not available)")
            raise SessionOver("", rejected=True)
        if policy.host_in(ctx, "tls_early_banner_hosts"):
            _greet_within_handshake(session, tls)
            return
        tls.start(session, on_connect=True)
    code, banner = _admit(session)
    _early_talk(session)
    _say(session, code, banner)


def _greet_within_handshake(session: SmtpSession, tls: ServerTls) -> None:
    """`tls_early_banner_hosts`: what decides about the greeting runs before the handshake, which carries it. A client
    may then answer together with its end of the handshake, so nobody is too early."""
    over = None
    code, banner = "", ""
    try:
        code, banner = _admit(session)
        banner = (banner or _banner(session)).rstrip()
    except SessionOver as error:
        over = error
    # What a refusal has to say waits for the encryption.
    refusal = session.out[:]
    session.out.clear()
    spoken = tls.start(session, on_connect=True, early=b"" if over is not None else reply(code, banner))
    if over is not None:
        session.out.extend(refusal)
        raise over
    if not spoken:
        _early_talk(session)
        _say(session, code, banner)


def _connection_limits(session: SmtpSession) -> None:
    """`smtp_accept_max`, `smtp_accept_max_per_host`, and `smtp_load_reserve` where it is for everybody: the connection
    does not count as one."""
    admission = session.admission
    if admission.total is None:
        return
    main = session.main
    log = session.process.log
    facts = session.ctx.session
    who = f"{full_host(facts, log.selectors)}{interface(facts, log.selectors)}"
    most = main.smtp_accept_max
    if most > 0 and admission.total > most:
        _turn_away(session, f"Connection from {who} refused: too many connections", _BUSY)
    if main.smtp_accept_max_per_host is not None:
        per_host = _per_host(session, who)
        if 0 < per_host < admission.from_host:
            _turn_away(
                session,
                f"Connection from {who} refused: too many connections from that IP address",
                "Too many concurrent SMTP connections from this IP address; please try again later.",
            )
    load_limit = main.smtp_load_reserve
    if load_limit is not None and main.smtp_reserve_hosts is None:
        load = load_average()
        if load > load_limit:
            _turn_away(
                session,
                f"Connection from {who} refused: load average = {load / 1000:.2f}",
                "Too much load; please try again later.",
            )


def _per_host(session: SmtpSession, who: str) -> int:
    """The value of `smtp_accept_max_per_host`, 0 when there is none."""
    template = session.main.smtp_accept_max_per_host
    log = session.process.log
    if template is None:
        return 0
    try:
        text = session.policy.expand(session.ctx, template).strip()
    except ExpansionError as error:
        log.panic(f"expansion of smtp_accept_max_per_host failed for {who}: {error.args[0]}")
        return 0
    if text.isdigit():
        return int(text)
    if text:
        log.panic(f"expansion of smtp_accept_max_per_host for {who} contains non-digit: {text}")
    return 0


def _reserves(session: SmtpSession) -> None:
    """`smtp_accept_reserve`, and `smtp_load_reserve` where `smtp_reserve_hosts` are served all the same."""
    admission = session.admission
    if admission.total is None:
        return
    main = session.main
    most, reserve, others = main.smtp_accept_max, main.smtp_accept_reserve, admission.total - 1
    full = most > 0 and reserve > 0 and others + reserve >= most
    load = 0
    if main.smtp_load_reserve is not None:
        load = load_average()
        if load <= main.smtp_load_reserve:
            load = 0
    if not (full or load) or session.policy.host_in(session.ctx, "smtp_reserve_hosts"):
        return
    facts = session.ctx.session
    selectors = session.process.log.selectors
    who = f"{full_host(facts, selectors)}{interface(facts, selectors)}"
    line = f"temporarily refused connection from {who}: not in reserve list"
    name = session.process.primary_hostname
    if full:
        _turn_away(
            session,
            f"{line}: connected={others} max={most} reserve={reserve}",
            f"{name}: Too many concurrent SMTP connections; please try again later",
        )
    _turn_away(
        session, f"{line} and load average = {load / 1000:.2f}", f"{name}: Too much load; please try again later"
    )


def load_average() -> int:
    """The system's load over the last minute, in thousandths."""
    import os

    try:
        return int(os.getloadavg()[0] * 1000)
    except OSError:
        return 0


def _turn_away(session: SmtpSession, line: str, text: str) -> None:
    log = session.process.log
    if session.admission.leave is not None:
        session.admission.leave()
    if log.selectors.connection_reject:
        log.main(line)
    raise SessionOver("", reply=("421", text), rejected=True)


def _active_hostname(session: SmtpSession) -> None:
    """`smtp_active_hostname`."""
    facts = session.ctx.session
    template = session.main.smtp_active_hostname
    facts.active_hostname = session.process.primary_hostname
    if template is None:
        return
    try:
        name = session.policy.expand(session.ctx, template)
    except ForcedFailure:
        return
    except ExpansionError as error:
        session.process.log.panic(f'failed to expand "{template.text}" (smtp_active_hostname): {error.message}')
        raise SessionOver("", reply=("421", answers.DEFERRED), rejected=True) from None
    if name:
        facts.active_hostname = name


def _host_checks(session: SmtpSession) -> None:
    """`host_lookup`, `host_reject_connection`, and which addresses may be unqualified."""
    facts = session.ctx.session
    ctx = session.ctx
    policy = session.policy
    if not facts.sender_host_name and policy.host_in(ctx, "host_lookup"):
        policy.find_host_name(ctx)
    if policy.host_in(ctx, "host_reject_connection"):
        log = session.process.log
        if log.selectors.connection_reject:
            log.reject(f"refused connection from {session.peer()} (host_reject_connection)")
        raise SessionOver("", reply=("554", "SMTP service not available"), rejected=True)
    facts.notes["unqualified"] = (
        policy.host_in(ctx, "sender_unqualified_hosts"),
        policy.host_in(ctx, "recipient_unqualified_hosts"),
    )
    facts.notes["helo_verify"] = policy.host_in(ctx, "helo_verify_hosts")
    facts.notes["helo_try_verify"] = facts.notes["helo_verify"] or policy.host_in(ctx, "helo_try_verify_hosts")
    facts.notes["helo_junk"] = policy.host_in(ctx, "helo_accept_junk_hosts")
    if session.main.rfc1413_query_timeout > 0:
        from .ident import ask_ident

        ask_ident(session)
    if policy.host_in(ctx, "hosts_proxy") and not session.on_stdin:
        from .proxy import read_proxy_header

        read_proxy_header(session)


def _limit(session: SmtpSession, option: str) -> int:
    """A limit of the session; when it cannot be found out nobody may send."""
    try:
        return session.number(option)
    except ExpansionError as error:
        session.process.log.panic(complaint(option, error))
        _serve_nobody(session)


def _serve_nobody(session: SmtpSession) -> NoReturn:
    """Something is badly wrong: every command gets a temporary error until the client gives up."""
    while True:
        session.reply("421", answers.DEFERRED)
        if session.next_command().verb == "QUIT":
            break
    raise SessionOver("", reply=("221", f"{session.hostname()} closing connection"), rejected=True)


def _admit(session: SmtpSession) -> tuple[str, str]:
    """acl_smtp_connect and milters: code and, when the ACL gave one, text of the greeting. Raises SessionOver."""
    ctx = session.ctx
    facts = ctx.session
    code, banner = "220", ""
    ctx.message.received_protocol = protocol_name(ctx.session)
    if session.policy.has_acl(ctx, "acl_smtp_connect"):
        result = session.policy.acl(ctx, "acl_smtp_connect")
        if not result.accepted:
            try:
                session.refuse("acl_smtp_connect", result)
            except SessionOver as over:
                over.no_mail_line = False
                raise
            raise SessionOver("", rejected=True)
        if result.user_message:
            code, banner = answers.own_code(ctx, result.user_message, "220")
    if session.main.milters is not None:
        from .milters import begin

        begin(session)
    facts.early_pipe_advertised = bool(facts.sender_host_address) and session.policy.host_in(
        ctx, "pipelining_connect_advertise_hosts"
    )
    return code, banner


def _early_talk(session: SmtpSession) -> None:
    """The check for clients that do not wait for the greeting. Raises SessionOver."""
    facts = session.ctx.session
    if facts.sender_host_address and not facts.smtp_stdin and not facts.host_checking and session.input_waiting():
        if facts.early_pipe_advertised:
            facts.early_pipe_used = True
        elif session.main.smtp_enforce_sync and facts.enforce_sync:
            _early_talker(session)


def _banner(session: SmtpSession) -> str:
    """`smtp_banner`. Raises SessionOver."""
    template = session.main.smtp_banner
    try:
        return session.policy.expand(session.ctx, template)
    except ExpansionError as error:
        session.process.log.panic(f'Expansion of "{template.text}" (smtp_banner) failed: {error.message}')
        raise SessionOver("", reply=("421", answers.DEFERRED), rejected=True) from None


def _say(session: SmtpSession, code: str, banner: str) -> None:
    session.reply(code, (banner or _banner(session)).rstrip())
    session.flush()


def _early_talker(session: SmtpSession) -> None:
    """The client did not wait for the greeting."""
    log = session.process.log
    waiting = session.server.waiting or session.stream.recv(0.1)
    if not waiting:
        raise SessionOver("connection-lost", lost=True)
    shown = printing(waiting[:150].decode("latin-1"))
    log.reject(
        "SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from "
        f'{client(session.ctx.session, log.selectors)} input="{shown}"'
    )
    raise SessionOver("", reply=("554", "SMTP synchronization error"), rejected=True)
