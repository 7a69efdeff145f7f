"""SPF for the message being received, and what the variables say of it (manual 58.4)."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from ipaddress import ip_address

from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.base.text import Untainted
from eximia.context import Context
from eximia.dns.lookup import lookup, lookup_all
from eximia.expand import expand
from eximia.logs.printing import printing
from eximia.mailauth.spf.check import Verdict, check_host
from eximia.mailauth.spf.macros import Asked, MacroError, expand_macros
from eximia.mailauth.spf.received import received_spf, words
from eximia.message.authres import pvalue


def check_spf(ctx: Context, *, guess: bool = False) -> str:
    """The result's word. Sets `$spf_result` and its kin, and what `${authresults}` and the arrival's log line say.

    With `guess`, a domain without a record is taken to have the one of the option `spf_guess`."""
    session, message = ctx.session, ctx.message
    helo = session.sender_helo_name
    sender = message.sender_address or f"postmaster@{helo}"
    domain = sender.rpartition("@")[2]
    if not session.sender_host_address or not domain:
        _note(ctx, Verdict("(invalid)"), "", sender, domain, guessed=False)
        return "(invalid)"
    process = ctx.process
    asked = Asked(session.sender_host_address, sender, helo, process.primary_hostname, int(process.ports.clock.time()))
    known: dict[str, Verdict] = message.notes.setdefault("spf", {})
    verdict = known.get(sender)
    if verdict is None:
        verdict = known[sender] = _check(ctx, asked, domain)
    guessed = guess and verdict.result == "none"
    if guessed:
        verdict = _check(ctx, asked, domain, str(process.main.spf_guess))
    _note(ctx, verdict, _smtp_comment(ctx, asked, domain, verdict), sender, domain, guessed=guessed)
    return verdict.result


def result_for(ctx: Context, sender: str, address: str) -> str | None:
    """The result's word for another sender and client; None when these are no addresses. Nothing is noted."""
    try:
        ip_address(address)
    except ValueError:
        return None
    domain = sender.rpartition("@")[2]
    asked = Asked(address, sender, ctx.session.sender_helo_name or domain, ctx.process.primary_hostname)
    return check_host(partial(lookup, ctx), asked, domain, ask_all=partial(lookup_all, ctx), explain=False).result


def _check(ctx: Context, asked: Asked, domain: str, record: str = "") -> Verdict:
    return check_host(partial(lookup, ctx), asked, domain, record, ask_all=partial(lookup_all, ctx))


def _smtp_comment(ctx: Context, asked: Asked, domain: str, verdict: Verdict) -> str:
    if verdict.result not in ("fail", "softfail", "neutral"):
        return ""
    text = verdict.explanation
    if not text:
        template = ctx.process.main.spf_smtp_comment_template
        try:
            text = template.text if template.constant else expand(template, ctx)
        except ForcedFailure:
            return ""
        except ExpansionError as error:
            log = ctx.process.log
            log.panic(printing(f"expansion of spf_smtp_comment_template failed: {error.message}"), ctx.message.id)
            return ""
        # A text that only looks like macros ("100% sure") stays as it is.
        with suppress(MacroError):
            text = expand_macros(text, asked, domain, explanation=True)
    return f"{text} : Reason: {'default' if verdict.default else 'mechanism'}"


def _note(ctx: Context, verdict: Verdict, smtp: str, sender: str, domain: str, *, guessed: bool) -> None:
    session, message = ctx.session, ctx.message
    result, address = verdict.result, str(ip_address(session.sender_host_address or "::"))
    comment = received = ""
    if result != "(invalid)":
        comment = f"{ctx.process.primary_hostname}: {words(verdict, address, domain)}"
        received = received_spf(result, comment, address, sender, session.sender_helo_name)
    message.variables.update(
        spf_result=Untainted(result),
        spf_result_guessed=Untainted("yes" if guessed else "no"),
        spf_header_comment=comment,
        spf_smtp_comment=smtp,
        spf_received=received,
    )
    log = ctx.process.log
    if log.selectors.spf_verbose and comment:
        log.main(printing(f"SPF: {result} ({comment})"), message.id)
    message.auth_results["spf_result"] = result
    message.auth_results["spf_domain"] = domain
    if result == "(invalid)":
        # Nothing was checked.
        return
    identity = f"smtp.mailfrom={pvalue(domain)}" if message.sender_address else f"smtp.helo={pvalue(domain)}"
    how = " (best guess record for domain)" if guessed else ""
    message.auth_results["spf"] = f"{result}{how} {identity}"
