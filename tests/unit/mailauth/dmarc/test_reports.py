"""Reports and OpenDMARC's history file."""

from __future__ import annotations

import gzip
from email import message_from_bytes
from email.message import Message
from xml.etree import ElementTree as ET

from eximia.mailauth.dmarc import Discovery, Dkim, Spf, Verdict, aggregate, evaluate, failure, history
from eximia.mailauth.dmarc.destinations import destinations
from eximia.mailauth.zone import Zone

NS = "{urn:ietf:params:xml:ns:dmarc-2.0}"


def verdict(
    text: str = "v=DMARC1; p=reject; rua=mailto:a@example.com; ruf=mailto:f@example.com", **more: object
) -> Verdict:
    zone = Zone({"_dmarc.example.com": [{"type": "TXT", "value": text}]})
    return evaluate(zone.query, "news.example.com", **more)  # type: ignore[arg-type]


def test_history() -> None:
    found = verdict(dkim=[Dkim("example.com", "pass", "sel")])
    one = history.Checked(
        "1abc", "mx.test.ex", 1700000000, "192.0.2.1", "exa mple.com\njob x", found, "softfail",
        [Dkim("example.com", "pass", "sel"), Dkim("other.net", "fail", "s2")],
    )  # fmt: skip
    assert history.block(one).splitlines() == [
        "job 1abc", "reporter mx.test.ex", "received 1700000000", "ipaddr 192.0.2.1", "from news.example.com",
        "mfrom example.comjobx", "dkim example.com sel 0", "dkim other.net s2 7", "spf 2", "pdomain example.com",
        "policy 15", "rua mailto:a@example.com", "pct 100", "adkim 114", "aspf 114", "p 114", "sp 0", "align_dkim 4",
        "align_spf 5", "arc 0", "arc_policy 1 json:[]", "action 2",
    ]  # fmt: skip


def test_aggregate_report() -> None:
    found = verdict(spf=[Spf("bad.net", "pass")])
    rows = [
        (
            aggregate.row(
                found, "192.0.2.1", "bad.net", ("bad.net", "pass"), [Dkim("x<y", "fail", "s")], rejected=rejected
            ),
            2,
        )
        for rejected in (True, False)
    ]
    published = aggregate.policy(found)
    assert [aggregate.unpack(aggregate.pack(row, published)) for row, _ in rows] == [
        (row, published) for row, _ in rows
    ]
    assert aggregate.unpack("[1]") is None
    period = aggregate.Period(0, 86399, "mx.test.ex", "r@mx.test.ex", "Eximia")
    content = aggregate.xml("id@mx.test.ex", period, published, rows)
    root = ET.fromstring(content)
    records = root.findall(f"{NS}record")
    dispositions = [each.findtext(f"{NS}row/{NS}policy_evaluated/{NS}disposition") for each in records]
    assert dispositions == ["reject", "none"]
    assert records[1].findtext(f"{NS}row/{NS}policy_evaluated/{NS}reason/{NS}type") == "local_policy"
    assert records[0].findtext(f"{NS}auth_results/{NS}dkim/{NS}domain") == "x<y"
    assert root.findtext(f"{NS}policy_published/{NS}sp") == "reject"
    data = aggregate.mail(
        content, period, "example.com", "id@mx.test.ex", sender="r@mx.test.ex", recipients=["a@example.com"],
        unique="u1", boundary="bound",
    )  # fmt: skip
    message = message_from_bytes(data)
    assert " ".join(str(message["Subject"]).split()) == (
        "Report Domain: example.com Submitter: mx.test.ex Report-ID: <id@mx.test.ex>"
    )
    part = message.get_payload(1)
    assert isinstance(part, Message)
    assert part.get_filename() == "mx.test.ex!example.com!0!86399!u1.xml.gz"
    assert gzip.decompress(part.get_payload(decode=True)) == content  # type: ignore[arg-type]


def test_who_gets_reports() -> None:
    zone = Zone(
        {
            "_dmarc.example.com": [{"type": "TXT", "value": "v=DMARC1; p=none"}],
            "example.com._report._dmarc.yes.net": [{"type": "TXT", "value": "v=DMARC1"}],
            "*._report._dmarc.any.net": [{"type": "TXT", "value": "v=DMARC1; rua=mailto:other@any.net"}],
            "example.com._report._dmarc.trick.net": [{"type": "TXT", "value": "v=DMARC1; rua=mailto:v@victim.net"}],
        }
    )
    wanted = [f"mailto:a@{host}" for host in ("sub.example.com", "yes.net", "no.net", "any.net", "trick.net")]
    found = destinations(zone.query, Discovery(zone.query), "example.com", [*wanted, "https://x.y"], failure=False)
    assert found == ["a@sub.example.com", "a@yes.net", "other@any.net"]


def test_failure_report() -> None:
    found = verdict(spf=[Spf("bad.net", "fail")])
    assert failure.wanted(found, "fail", [])
    assert not failure.wanted(verdict(dkim=[Dkim("example.com")]), "pass", ["pass"])
    assert failure.wanted(
        verdict("v=DMARC1;p=none;fo=1;ruf=mailto:a@b.c", dkim=[Dkim("example.com")]), "fail", ["pass"]
    )
    assert failure.wanted(verdict("v=DMARC1;p=none;fo=d;ruf=mailto:a@b.c", dkim=[Dkim("example.com")]), "", ["fail"])
    assert not failure.wanted(verdict("v=DMARC1;p=none"), "fail", [])
    one = failure.Failed(
        found, "From: x\r\nSubject: é\n--bound\n", "192.0.2.1", "a@bad.net", ["u@test.ex"], "today",
        "mx.test.ex;\n\tdmarc=fail", "fail", "bad.net", [("d.net", "sel", "@d.net", "fail")], "reject",
        'v=spf1 x="',
    )  # fmt: skip
    data = failure.report(
        one, sender="r@mx.test.ex", recipients=["f@example.com"], reporter="mx.test.ex", version="Eximia/1",
        boundary="other",
    )  # fmt: skip
    message = message_from_bytes(data)
    assert message.get_param("report-type") == "feedback-report"
    fields = message.get_payload(1).get_payload(0)  # type: ignore[union-attr]
    assert fields["SPF-DNS"] == 'txt : bad.net : "v=spf1 x=\\""'  # type: ignore[index,call-overload,union-attr]
    assert fields["Auth-Failure"] == "dmarc"
    assert fields["Authentication-Results"] == "mx.test.ex; dmarc=fail"
    assert (fields["Reported-Domain"], fields["DKIM-Selector"]) == ("news.example.com", "sel")
    assert len(message.get_payload()) == 3
