"""DKIM for the message being received: the verdicts, and `acl_smtp_dkim` for each signer (manual 58.3).

Other parts (DMARC) ask `verdicts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eximia.acl.engine import run
from eximia.acl.phases import DKIM
from eximia.acl.result import AclResult, Outcome
from eximia.base.errors import ExpansionError
from eximia.base.listtext import split_list
from eximia.base.text import Untainted
from eximia.expand import expand
from eximia.logs.printing import printing
from eximia.mailauth.dkim import result as words

from .arriving import arriving_of, keys_of, txt_of
from .dkim_words import Verdict, authentication_result, log_line, problems, verdict_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from eximia.context import Context

_NOTE = "dkim.verdicts"
_DEFAULT_SIGNERS = "$dkim_signers"
#: variables that are set for one run of the ACL
_OF_ONE = (
    "dkim_domain",
    "dkim_identity",
    "dkim_selector",
    "dkim_algo",
    "dkim_canon_body",
    "dkim_canon_headers",
    "dkim_copiedheaders",
    "dkim_bodylength",
    "dkim_created",
    "dkim_expires",
    "dkim_headernames",
    "dkim_key_testing",
    "dkim_key_nosubdomains",
    "dkim_key_srvtype",
    "dkim_key_granularity",
    "dkim_key_notes",
    "dkim_key_length",
)


def verdicts(ctx: Context) -> list[Verdict]:
    """What is thought of each signature, in the order in which they were checked; [] when there are none, or they are
    not to be checked."""
    found: list[Verdict] = ctx.message.notes.get(_NOTE, [])
    return found


def judge(ctx: Context, refuse: Callable[[AclResult, str], None]) -> bool:
    """Check all signatures and run `acl_smtp_dkim`; False when it discards the message. `refuse` raises."""
    arriving = arriving_of(ctx)
    found: list[Verdict] = []
    if arriving is not None and arriving.dkim is not None:
        found = ctx.message.notes[_NOTE] = _check(ctx)
    main = ctx.process.main
    goes_on = True
    if main.acl_smtp_dkim is not None and not ctx.message.dkim_disable_verify:
        if found or main.dkim_verify_signers.text != _DEFAULT_SIGNERS:
            goes_on = _run_acl(ctx, found, refuse)
    elif found and ctx.process.log.selectors.dkim_verbose:
        for verdict in found:
            ctx.process.log.main(printing(log_line(verdict)), ctx.message.id)
    if found:
        _note(ctx, found)
    return goes_on


def _check(ctx: Context) -> list[Verdict]:
    """In the order of `dkim_verify_keytypes` and `dkim_verify_hashes`. Signatures that are ignored (unknown or
    unaccepted algorithm) are not among them."""
    arriving = arriving_of(ctx)
    assert arriving is not None
    assert arriving.dkim is not None
    policy = arriving.dkim.policy
    minimal = ctx.process.main.dkim_verify_minimal
    log = ctx.process.log
    found: list[Verdict] = []
    ignored = False
    txt = txt_of(ctx) if minimal else keys_of(ctx, arriving.dkim.wanted_keys())
    for result in arriving.dkim.results(txt, ctx.process.ports.clock.time(), preferred=True):
        signature = result.signature
        if signature.hash_name not in policy.hashes or signature.keytype not in policy.keytypes:
            continue
        if result.reason == words.TOO_MANY:
            ignored = True
            continue
        text = problems(result)
        if text:
            log.main(printing(text), ctx.message.id)
        verdict = verdict_on(result)
        found.append(verdict)
        if minimal and verdict.passed:
            break
    if minimal:
        seen = {id(verdict.signature) for verdict in found}
        found += [Verdict(each, None) for each in arriving.dkim.accepted() if id(each) not in seen]
    if ignored:
        log.main(f"DKIM: only {policy.most_signatures} signatures are looked at", ctx.message.id)
    names = []
    for verdict in found:
        if verdict.domain:
            names.append(verdict.domain)
        if verdict.signature.identity:
            names.append(verdict.signature.identity)
    ctx.message.variables["dkim_signers"] = ":".join([name.replace(":", "::") for name in names])
    return found


def _run_acl(ctx: Context, found: list[Verdict], refuse: Callable[[AclResult, str], None]) -> bool:
    """For each signer once, for each of its signatures; for one without signatures too."""
    message = ctx.message
    template = ctx.process.main.dkim_verify_signers
    try:
        signers = template.text if template.constant else expand(template, ctx)
    except ExpansionError as error:
        ctx.process.log.panic(f"expansion of dkim_verify_signers option failed: {error.message}", message.id)
        return True
    statuses = []
    goes_on = True
    for signer in dict.fromkeys(split_list(signers)):
        if not signer:
            continue
        matching: list[Verdict | None] = [each for each in found if _is_by(each, signer)]
        for verdict in matching or [None]:
            goes_on = _run_once(ctx, signer, verdict, refuse)
            statuses.append(message.variables["dkim_verify_status"])
            if not goes_on:
                break
        if not goes_on:
            break
    message.variables["dkim_verify_status"] = Untainted(":".join(statuses)) if statuses else Untainted("")
    return goes_on


def _is_by(verdict: Verdict, signer: str) -> bool:
    if "@" in signer:
        return verdict.signature.identity.lower() == signer.lower()
    return bool(verdict.domain) and verdict.domain.lower() == signer.lower()


def _run_once(ctx: Context, signer: str, verdict: Verdict | None, refuse: Callable[[AclResult, str], None]) -> bool:
    variables = ctx.message.variables
    for name in _OF_ONE:
        variables.pop(name, None)
    variables["dkim_cur_signer"] = signer
    status, reason = ("none", "") if verdict is None else (verdict.status, verdict.reason)
    variables["dkim_verify_status"] = Untainted(status)
    variables["dkim_verify_reason"] = Untainted(reason)
    if verdict is not None:
        variables.update(_variables(verdict))
    result = run(ctx, DKIM, ctx.process.main.acl_smtp_dkim)
    if verdict is not None:
        _take_over(verdict, variables["dkim_verify_status"], variables["dkim_verify_reason"])
        if ctx.process.log.selectors.dkim_verbose:
            ctx.process.log.main(printing(log_line(verdict)), ctx.message.id)
    if result.outcome is Outcome.DISCARD:
        ctx.message.discarded = True
        if result.log_message:
            ctx.message.notes["discard_log"] = result.log_message
        return False
    if not result.accepted:
        _note(ctx, verdicts(ctx))
        refuse(result, DKIM.option)
    return True


def _take_over(verdict: Verdict, status: str, reason: str) -> None:
    """What the ACL has set counts."""
    if (status, reason) != (verdict.status, verdict.reason):
        verdict.status, verdict.reason, verdict.by_acl = status, reason, True


def _variables(verdict: Verdict) -> dict[str, str]:
    signature = verdict.signature
    result = verdict.result
    values = {
        "dkim_domain": verdict.domain,
        "dkim_identity": signature.identity,
        "dkim_selector": signature.selector,
        "dkim_algo": signature.algorithm,
        "dkim_canon_body": signature.canon_body,
        "dkim_canon_headers": signature.canon_header,
        "dkim_copiedheaders": signature.copied,
        "dkim_headernames": signature.header_names,
    }
    numbers = (
        ("dkim_bodylength", signature.length),
        ("dkim_created", signature.created),
        ("dkim_expires", signature.expires),
    )
    values.update((name, Untainted(str(number))) for name, number in numbers if number is not None)
    if result is not None and result.key is not None:
        key = result.key
        values["dkim_key_testing"] = Untainted("1" if key.testing else "0")
        values["dkim_key_nosubdomains"] = Untainted("1" if key.no_subdomains else "0")
        values["dkim_key_srvtype"] = key.service
        values["dkim_key_granularity"] = key.granularity
        values["dkim_key_notes"] = key.notes
        values["dkim_key_length"] = Untainted(str(result.key_bits))
    return values


def _note(ctx: Context, found: list[Verdict]) -> None:
    """What Authentication-Results and the arrival's log line say."""
    told = ctx.message.auth_results
    told["dkim"] = [authentication_result(verdict) for verdict in found]
    told["dkim_domain"] = next((printing(verdict.domain) for verdict in found if verdict.passed), "")
