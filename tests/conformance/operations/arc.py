"""`arc_verify` and `arc_seal`: RFC 8617."""

from __future__ import annotations

import re

from conformance.case import Case, differs, text
from eximia.mailauth.arc.seal import Sealer, SealError, Sealing, own_results
from eximia.mailauth.arc.verify import verify as check
from eximia.mailauth.fields import Fields, split_message
from eximia.mailauth.keys import load_private_key
from eximia.mailauth.tags import TagError, parse_tags
from eximia.mailauth.txt import asking

_NAMES = {"AAR": b"arc-authentication-results", "AMS": b"arc-message-signature", "AS": b"arc-seal"}


def verify(case: Case) -> list[str]:
    expected = case.expect["cv"]
    allowed = [str(each or "none").lower() for each in (expected if isinstance(expected, list) else [expected])]
    return differs("cv", allowed, check(case.message, asking(case.dns.query), now=_now(case)).state)


def _now(case: Case) -> float:
    """Without a time of its own a case must not depend on today's."""
    return float(case.inputs.get("now") or case.inputs.get("timestamp") or 0)


def seal(case: Case) -> list[str]:
    made = _sealed(case)
    wrong: list[str] = []
    if not case.expect.get("AS"):
        return [] if not made else [f"expected nothing, got {made['AS']!r}"]
    if not made:
        return ["nothing was added"]
    for kind in ("AAR", "AMS", "AS"):
        if kind not in case.expect:
            continue
        wanted, got = text(case.expect[kind]).encode("latin-1"), made[kind]
        if kind == "AAR":
            if _words(wanted) != _words(got):
                wrong.append(f"AAR: expected {_words(wanted)!r}, got {_words(got)!r}")
            continue
        ours, theirs = _tags(got), _tags(wanted)
        for name in sorted(ours.keys() | theirs.keys()):
            wrong += differs(f"{kind} {name}=", theirs.get(name), ours.get(name))
    return wrong


def _sealed(case: Case) -> dict[str, bytes]:
    """The three fields that were added, or none."""
    inputs = case.inputs
    lines, body = split_message(case.message)
    fields = Fields(lines)
    authserv_id = text(inputs["authserv_id"])
    results = own_results(fields, authserv_id)
    if results is None:
        return {}
    verdict = check(case.message, asking(case.dns.query), now=_now(case))
    sealer = Sealer(
        authserv_id,
        text(inputs["domain"]),
        text(inputs["selector"]),
        load_private_key(str(inputs["private_key_pem"]).encode("ascii")),
        created=int(inputs["timestamp"]) if inputs.get("timestamp") is not None else None,
        sign_headers=_names(case) or None,
    )
    try:
        sealing = Sealing(fields, sealer, verdict.state, results)
    except SealError:
        return {}
    sealing.feed(body)
    found = {}
    for line in sealing.fields():
        name, _, value = line.partition(b":")
        found.update({kind: value for kind, each in _NAMES.items() if each == name.lower()})
    return found


def _names(case: Case) -> list[bytes]:
    """What is to be signed; where the case does not say it, what the expected signature signs."""
    named = case.inputs.get("signed_headers")
    if named:
        return [text(name).lower().encode("latin-1") for name in named]
    signed = _tags(text(case.expect.get("AMS")).encode("latin-1")).get("h", b"")
    return [name for name in signed.split(b":") if name]


def _words(value: bytes) -> bytes:
    """An ARC-Authentication-Results value without what white space says."""
    return re.sub(rb"\s*([;=])\s*", rb"\1", re.sub(rb"\s+", b" ", value)).strip(b" ;").lower()


def _tags(value: bytes) -> dict[str, bytes]:
    try:
        return {name: re.sub(rb"\s+", b"", found).lower() for name, found in parse_tags(value).items()}
    except TagError as error:
        return {"unreadable": str(error).encode()}
