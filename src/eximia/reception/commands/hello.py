"""HELO and EHLO (manual 14 `helo_...`, 44.5; RFC 5321 section 4.1.1.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eximia.base.pattern import pattern
from eximia.base.text import lower
from eximia.logs.printing import printing
from eximia.protocols.smtp.server import Command
from eximia.protocols.smtp.server.replies import keyword_lines
from eximia.reception.advertise import offer
from eximia.reception.answers import own_code
from eximia.reception.ip import is_ip_address

if TYPE_CHECKING:
    from eximia.reception.session import SmtpSession

_NAME = pattern(r"[A-Za-z0-9.-]+\Z")
_LITERAL = pattern(r"\[(?:IPv6:)?([0-9A-Fa-f:.]+)\]\Z", re.IGNORECASE)


def helo(session: SmtpSession, command: Command) -> None:
    _hello(session, command, extended=False)


def ehlo(session: SmtpSession, command: Command) -> None:
    _hello(session, command, extended=True)


def _hello(session: SmtpSession, command: Command, *, extended: bool) -> None:
    facts = session.ctx.session
    log = session.process.log
    name = command.argument
    if not _acceptable(session, name):
        session.reply("501", f"Syntactically invalid {command.verb} argument(s)")
        shown = printing(name) or "(no argument given)"
        log.reject(
            f"rejected {command.verb} from {session.peer()}: syntactically invalid argument(s): {shown}",
            session.shown_id,
        )
        session.count_error()
        return
    facts.esmtp = extended
    # with PIPECONNECT what follows may have been sent already, whatever acl_smtp_helo is
    session.check_sync()
    facts.helo_verified = facts.helo_verify_failed = False
    facts.notes.pop("name_found_by_helo", None)
    facts.sender_helo_name = name
    if facts.sender_host_address and not _named_client_checks(session, command, name):
        return
    code, greeting = "250", ""
    if session.policy.has_acl(session.ctx, "acl_smtp_helo"):
        # What the client speaks from now on is not known before it is accepted.
        protocol = session.ctx.message.received_protocol
        session.reset()
        session.ctx.message.received_protocol = protocol
        result = session.policy.acl(session.ctx, "acl_smtp_helo")
        if not result.accepted:
            try:
                # in the log as it is looked up
                session.refuse("acl_smtp_helo", result, printing(lower(name) if facts.sender_host_address else name))
            finally:
                # an earlier greeting that was accepted still counts
                facts.sender_helo_name = ""
            return
        if result.user_message:
            answer = own_code(session.ctx, result.user_message, "250")
            code, greeting = answer.code, answer.text.partition("\n")[0]
            if "\n" in answer.text:
                shown = f"{code} {printing(answer.text)}"
                log.panic(f"EHLO/HELO response must not contain newlines: message truncated: {shown}")
    if session.milters is not None and _refused_by_milter(session, name):
        return
    if not greeting:
        ident = f"{facts.sender_ident} at " if facts.sender_ident else ""
        greeting = f"{session.hostname()} Hello {ident}{facts.sender_host_name or name}"
        if facts.sender_host_address:
            greeting += f" [{facts.sender_host_address}]"
    if extended:
        words, session.offered, wire = offer(session)
        if code == "250" and greeting.isprintable():
            session.out.append(f"250-{greeting}\r\n".encode("latin-1", "replace") + wire)
        else:
            session.out.append(keyword_lines(code, greeting, words))
    else:
        session.offered = frozenset()
        session.reply(code, greeting)
    facts.pipelining_advertised = "PIPELINING" in session.offered
    facts.smtputf8_advertised = "SMTPUTF8" in session.offered
    facts.dsn_advertised = "DSN" in session.offered
    facts.chunking_offered = "CHUNKING" in session.offered
    facts.chunking_state = "offered" if facts.chunking_offered else "not_offered"
    session.helo_given = True
    session.reset()
    session.max_messages = None
    if facts.pipelining_advertised and session.server.waiting and not session.on_stdin:
        facts.pipelining_used = True


def _refused_by_milter(session: SmtpSession, name: str) -> bool:
    from eximia.reception.milters import helo as ask

    session.reset()
    refused = ask(session)
    if refused is None:
        return False
    session.refuse("acl_smtp_helo", refused, printing(name))
    session.ctx.session.sender_helo_name = ""
    return True


def _acceptable(session: SmtpSession, name: str) -> bool:
    """The syntax of the name, `helo_accept_junk_hosts`, `helo_allow_chars`."""
    if session.ctx.session.notes.get("helo_junk", False):
        return True
    if not name:
        return False
    if name[0] == "[":
        literal = _LITERAL.match(name)
        return literal is not None and is_ip_address(literal.group(1))
    allowed = session.main.helo_allow_chars
    if allowed:
        name = name.translate({ord(char): None for char in allowed}) or "x"
    return _NAME.match(name) is not None


def _named_client_checks(session: SmtpSession, command: Command, name: str) -> bool:
    """`helo_lookup_domains`, `helo_verify_hosts`, `helo_try_verify_hosts`; False when refused."""
    facts = session.ctx.session
    policy = session.policy
    if not facts.sender_host_name and facts.host_name_known is None:
        if policy.domain_in(session.ctx, "helo_lookup_domains", name):
            policy.find_host_name(session.ctx)
    if not facts.notes.get("helo_try_verify", False):
        return True
    trace = session.process.trace
    if trace is not None:
        trace.debug("acl", f'verifying EHLO/HELO argument "{name}"')
    if policy.verify_helo(session.ctx):
        return True
    if not facts.notes.get("helo_verify", False):
        if trace is not None:
            trace.debug("acl", f"{command.verb} verification failed but host is in helo_try_verify_hosts")
        return True
    log = session.process.log
    line = f'rejected "{printing(command.line)}" from {session.peer()}'
    if facts.host_lookup_deferred:
        session.reply("451", "Temporary local problem - please try later")
        log.reject(f"temporarily {line}", session.shown_id)
    else:
        session.reply("550", f"{command.verb} argument does not match calling host")
        log.reject(line, session.shown_id)
    session.helo_given = False
    return False
