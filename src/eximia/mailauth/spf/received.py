"""Results in words, and the header line `Received-SPF:` (RFC 7208 section 9.1, in the form of libspf2)."""

from __future__ import annotations

from eximia.message.authres import clean

from .check import Verdict

#: what may stand in a value without quotes (RFC 5322 dot-atom, and what addresses have besides)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.@:[]")


def words(verdict: Verdict, address: str, domain: str) -> str:
    """What the result means, for people."""
    result = verdict.result
    if result == "pass":
        return f"domain of {domain} designates {address} as permitted sender"
    if result == "fail":
        return f"domain of {domain} does not designate {address} as permitted sender"
    if result == "softfail":
        return f"transitioning domain of {domain} does not designate {address} as permitted sender"
    if result == "neutral":
        return f"{address} is neither permitted nor denied by domain of {domain}"
    if result == "none":
        return f"domain of {domain} does not provide an SPF record"
    if result == "temperror":
        return f"encountered temporary error during SPF processing of domain of {domain}"
    return f"error in processing during lookup of domain of {domain}: {verdict.why}"


def received_spf(result: str, comment: str, address: str, sender: str, helo: str) -> str:
    """The whole header line, without its newline. Nothing in the values can end the comment or a value."""
    comment = "".join(f"\\{char}" if char in "()\\" else char for char in clean(comment))
    return (
        f"Received-SPF: {result} ({comment}) client-ip={address}; envelope-from={_value(sender)}; helo={_value(helo)};"
    )


def _value(text: str) -> str:
    if _PLAIN.issuperset(text):
        return text
    escaped = "".join(f"\\{char}" if char in '"\\' else char for char in clean(text))
    return f'"{escaped}"'
