"""OpenDMARC's history file: what its `opendmarc-import` reads, a block of lines for each message."""

from __future__ import annotations

from collections.abc import Sequence

from eximia.base.dataclass import dataclass

from .evaluation import Dkim, Verdict

#: numbers of results, as OpenDMARC's tools read them back
_RESULTS = {
    "pass": 0,
    "softfail": 2,
    "neutral": 3,
    "temperror": 4,
    "permerror": 5,
    "none": 6,
    "fail": 7,
    "policy": 8,
}
_NOT_CHECKED = -1
#: what the policy asks for
_POLICIES = {"reject": 16, "quarantine": 17, "none": 18}
_NO_POLICY, _PASS = 14, 15
_ALIGNED, _UNALIGNED = 4, 5
#: what was done with the message
ACTIONS = {"reject": 0, "accept": 2, "tempfail": 3, "quarantine": 4}
_MOST_SIGNATURES = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """One message. `action` is a key of ACTIONS; `spf` is empty when it was not checked; `arc` when it was not."""

    job: str
    reporter: str
    received: int
    address: str
    mail_from: str
    verdict: Verdict
    spf: str = ""
    dkim: Sequence[Dkim] = ()
    arc: str = ""
    action: str = "accept"


def block(one: Checked) -> str:
    """The lines for one message, with their newlines."""
    verdict = one.verdict
    record = verdict.record
    lines: list[tuple[str, object]] = [
        ("job", one.job),
        ("reporter", one.reporter),
        ("received", one.received),
        ("ipaddr", one.address),
        ("from", verdict.domain),
        ("mfrom", one.mail_from),
    ]
    for signature in one.dkim[:_MOST_SIGNATURES]:
        result = _RESULTS.get(signature.result, _NOT_CHECKED)
        lines.append(("dkim", f"{_word(signature.domain)} {_word(signature.selector)} {result}"))
    lines += [
        ("spf", _RESULTS.get(one.spf, _NOT_CHECKED)),
        ("pdomain", verdict.policy_domain or verdict.domain),
        ("policy", _policy(verdict)),
    ]
    uris = record.rua if record is not None else ()
    lines += [("rua", uri) for uri in uris] or [("rua", "-")]
    lines += [
        ("pct", record.pct if record is not None else 0),
        ("adkim", ord(record.adkim) if record is not None else 0),
        ("aspf", ord(record.aspf) if record is not None else 0),
        ("p", ord((record.p or "none")[0]) if record is not None else 0),
        ("sp", ord(record.sp[0]) if record is not None and record.sp else 0),
        ("align_dkim", _ALIGNED if verdict.dkim_aligned else _UNALIGNED),
        ("align_spf", _ALIGNED if verdict.spf_aligned else _UNALIGNED),
        ("arc", 1 if one.arc == "pass" else 0),
        ("arc_policy", "0 json:[]" if one.arc == "pass" else "1 json:[]"),
        ("action", ACTIONS[one.action]),
    ]
    return "".join(f"{name} {value if name in ('dkim', 'arc_policy') else _word(value)}\n" for name, value in lines)


def _policy(verdict: Verdict) -> int:
    if verdict.result == "pass":
        return _PASS
    return _POLICIES.get(verdict.policy, _NO_POLICY) if verdict.result == "fail" else _NO_POLICY


def _word(value: object) -> str:
    """A value in one word: nothing that came with a message begins another field or line."""
    text = "".join(char for char in str(value) if "!" <= char <= "~" or char >= "\xa0")
    return text or "-"
