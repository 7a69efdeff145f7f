"""The operations of DMARC: RFC 9989. `dmarc_align` without a DNS uses the list of public suffixes."""

from __future__ import annotations

from conformance.case import Case, differs, text
from eximia.dns.suffixes import installed_list
from eximia.mailauth.dmarc import Discovery, Dkim, Spf, SuffixDiscovery
from eximia.mailauth.dmarc import evaluate as judge
from eximia.mailauth.dmarc import parse as parse_record
from eximia.mailauth.dmarc.evaluation import aligned, normal


def evaluate(case: Case) -> list[str]:
    zone = case.dns
    inputs = case.inputs
    verdict = judge(
        zone.query,
        text(inputs.get("header_from")),
        dkim=[Dkim(text(each["domain"]), str(each.get("result") or "pass")) for each in inputs.get("dkim") or []],
        spf=[
            Spf(text(each["domain"]), str(each.get("result") or "pass"), str(each.get("scope") or "mfrom"))
            for each in inputs.get("spf") or []
        ],
    )
    queries = [name for name, rtype in zone.asked if rtype == "TXT"]
    wrong: list[str] = []
    if "result" in case.expect:
        # The vectors have no word of their own for a DNS that does not answer.
        result = "none" if verdict.result == "temperror" else verdict.result
        wrong += differs("result", case.expect["result"], result)
    if "policy" in case.expect:
        # Where there is no policy, nothing is to be done, which is what "none" says.
        wrong += differs("policy", case.expect["policy"] or "none", verdict.policy or "none")
    if "queries" in case.expect and queries != list(case.expect["queries"]):
        wrong.append(f"queries: expected {case.expect['queries']}, got {queries}")
    if "org_domain" in case.expect:
        wrong += differs("org_domain", case.expect["org_domain"], verdict.organization)
    return wrong


def org_domain(case: Case) -> list[str]:
    zone = case.dns
    found = Discovery(zone.query).organization(normal(text(case.inputs["domain"])))
    wrong = differs("org_domain", case.expect["org_domain"], found) if "org_domain" in case.expect else []
    queries = [name for name, _ in zone.asked]
    if "queries" in case.expect and queries != list(case.expect["queries"]):
        wrong.append(f"queries: expected {case.expect['queries']}, got {queries}")
    return wrong


def parse(case: Case) -> list[str]:
    record = parse_record(text(case.inputs["record"]))
    return differs("valid", case.expect["valid"], record is not None and record.usable)


def align(case: Case) -> list[str]:
    query = case.dns.query
    finder = Discovery(query) if case.zone else SuffixDiscovery(query, installed_list())
    inputs = case.inputs
    found = aligned(text(inputs["a"]), text(inputs["b"]), str(inputs.get("mode") or "r"), finder)
    return differs("aligned", case.expect["aligned"], found)
