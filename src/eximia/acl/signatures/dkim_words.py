"""How Exim words the results of DKIM: variables, log lines and Authentication-Results (manual 58.3, 11.5)."""

from __future__ import annotations

from eximia.base.dataclass import dataclass
from eximia.mailauth.dkim import result as words
from eximia.mailauth.dkim.result import DkimResult
from eximia.mailauth.dkim.signature import Signature
from eximia.message.authres import pvalue

#: reasons of the library to (status, reason, text for the log, text for Authentication-Results, its result)
_BY_REASON: dict[str, tuple[str, str, str, str, str]] = {
    "": ("pass", "", "verification succeeded", "", "pass"),
    words.BODYHASH_MISMATCH: (
        "fail",
        "bodyhash_mismatch",
        "verification failed - body hash mismatch (body probably modified in transit)",
        "body hash mismatch; body probably modified in transit",
        "fail",
    ),
    words.SIGNATURE_INCORRECT: (
        "fail",
        "signature_incorrect",
        "verification failed - signature did not verify (headers probably modified in transit)",
        "signature did not verify; headers probably modified in transit",
        "fail",
    ),
    words.KEY_TOO_SHORT: (
        "fail",
        "pubkey_too_short",
        "verification failed - signature invalid (key too short)",
        "public key too short: {bits} bits",
        "fail",
    ),
    words.KEY_NOT_FOR_HASH: ("fail", "", "verification failed - unspecified reason", "unspecified reason", "fail"),
    words.PUBKEY_UNAVAILABLE: (
        "invalid",
        "pubkey_unavailable",
        "invalid - public key record (currently?) unavailable",
        "pubkey unavailable",
        "permerror",
    ),
    words.SIGNATURE_SYNTAX: (
        "invalid",
        "",
        "invalid - signature tag missing or invalid",
        "signature tag missing or invalid",
        "neutral",
    ),
}
_DNS_SYNTAX = (
    "invalid",
    "pubkey_dns_syntax",
    "invalid - syntax error in public key record",
    "public key record import problem",
    "neutral",
)
_DER_SYNTAX = ("invalid", "pubkey_der_syntax", *_DNS_SYNTAX[2:])
_BY_REASON[words.PUBKEY_SYNTAX] = _BY_REASON[words.KEY_UNSUITABLE] = _DNS_SYNTAX
_BY_REASON[words.KEY_REVOKED] = _BY_REASON[words.KEY_BAD] = _DER_SYNTAX
_NO_KEY = frozenset(
    (words.PUBKEY_UNAVAILABLE, words.PUBKEY_SYNTAX, words.KEY_UNSUITABLE, words.KEY_REVOKED, words.KEY_BAD)
)


@dataclass(slots=True)
class Verdict:
    """One signature and what is thought of it. `result` None: it was not checked. `status` and `reason` are those of
    the variables, and an ACL may have set them (`by_acl`)."""

    signature: Signature
    result: DkimResult | None
    status: str = "none"
    reason: str = ""
    by_acl: bool = False

    @property
    def domain(self) -> str:
        """d= as it stands."""
        return self.signature.tags.get("d", b"").decode("latin-1")

    @property
    def passed(self) -> bool:
        return self.status == "pass"


def verdict_on(result: DkimResult) -> Verdict:
    """The verdict of a check."""
    entry = _BY_REASON[result.reason]
    return Verdict(result.signature, result, entry[0], entry[1])


def problems(result: DkimResult) -> str:
    """The line that is logged when the key or the signature was no good, "" otherwise."""
    if result.reason in _NO_KEY:
        return f"DKIM: d={result.domain} s={result.selector} [failed key import]"
    if result.reason == words.SIGNATURE_INCORRECT:
        return "DKIM: validation error: Public key signature verification has failed."
    return ""


def log_line(verdict: Verdict) -> str:
    """What `dkim_verbose` writes."""
    signature = verdict.signature
    text = (
        f"DKIM: d={verdict.domain or '<UNSET>'} s={signature.selector or '<UNSET>'} "
        f"c={signature.canon_header}/{signature.canon_body} a={signature.algorithm} b={len(signature.value) * 8}"
    )
    if signature.identity:
        text += f" i={signature.identity}"
    if signature.created:
        text += f" t={signature.created}"
    if signature.expires:
        text += f" x={signature.expires}"
    if signature.length is not None:
        text += f" l={signature.length}"
    return f"{text} [{_outcome(verdict)}]"


def _outcome(verdict: Verdict) -> str:
    if verdict.by_acl:
        return f"{verdict.status} - {verdict.reason}"
    if verdict.result is None:
        return "not verified"
    if verdict.result.detail == "unknown version":
        return "invalid - unsupported DKIM version"
    return _BY_REASON[verdict.result.reason][2]


def authentication_result(verdict: Verdict) -> str:
    """What follows `dkim=` in Authentication-Results."""
    signature = verdict.signature
    properties = [
        ("header.d", verdict.domain),
        ("header.i", signature.identity),
        ("header.s", signature.selector),
        ("header.a", signature.algorithm),
    ]
    told = " ".join(f"{name}={pvalue(value)}" for name, value in properties if value)
    if verdict.by_acl:
        return f"policy ({_comment(_outcome(verdict))}) {told}"
    result = verdict.result
    if result is None:
        return f"none {told}"
    _, _, _, text, word = _BY_REASON[result.reason]
    if not text:
        return f"{word} {told}"
    if result.status == words.TEMPERROR:
        word = "temperror"
    if result.detail == "unknown version":
        text = "unsupported DKIM version"
    return f"{word} ({text.format(bits=result.key_bits)})\n\t\t {told}"


def _comment(text: str) -> str:
    return "".join(each if " " <= each != "\x7f" and each not in "()\\" else "_" for each in text)
