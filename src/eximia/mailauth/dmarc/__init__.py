"""DMARC: does the domain in From: stand behind the message (RFC 9989; RFC 7489 on request)?

In a program of your own:

    from eximia.mailauth.dmarc import Dkim, Spf, evaluate
    verdict = evaluate(ask, "news.example.com", dkim=[Dkim("example.com", "pass")], spf=[Spf("example.com", "pass")])
    verdict.result, verdict.policy, verdict.policy_domain, verdict.record

`ask(name, rtype)` answers with an `eximia.dns.answer.Answer`. Reports: `aggregate` (RFC 9990), `failure` (RFC 9991),
`destinations` (which addresses may get them), `history` (OpenDMARC's file).
"""

from .discovery import Discovery, SuffixDiscovery
from .evaluation import Dkim, Spf, Verdict, evaluate
from .record import Record, parse

__all__ = ["Discovery", "Dkim", "Record", "Spf", "SuffixDiscovery", "Verdict", "evaluate", "parse"]
