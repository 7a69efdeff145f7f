"""`check_host`: RFC 7208."""

from __future__ import annotations

from conformance.case import Case, differs, text
from eximia.mailauth.spf import Asked
from eximia.mailauth.spf import check_host as check


def check_host(case: Case) -> list[str]:
    inputs = case.inputs
    helo = text(inputs.get("helo"))
    sender = text(inputs.get("mailfrom")) or f"postmaster@{helo}"
    asked = Asked(str(inputs["ip"]), sender, helo, str(inputs.get("receiver") or ""), int(inputs.get("now") or 0))
    verdict = check(case.dns.query, asked, sender.rpartition("@")[2])
    wrong: list[str] = []
    zone = case.dns
    beside = check(
        zone.query,
        asked,
        sender.rpartition("@")[2],
        ask_all=lambda questions: [zone.query(*each) for each in questions],
    )
    if beside != verdict:
        wrong.append(f"asking side by side gives {beside}, one by one {verdict}")
    if "result" in case.expect:
        wrong += differs("result", case.expect["result"], verdict.result)
    if case.expect.get("explanation") is not None:
        default = str(inputs.get("default_explanation") or "DEFAULT")
        said = verdict.explanation or (default if verdict.result == "fail" else "")
        wrong += differs("explanation", case.expect["explanation"], said)
    return wrong and [*wrong, verdict.why] if verdict.why else wrong
