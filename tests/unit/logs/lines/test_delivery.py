from types import SimpleNamespace

from eximia.context import TlsFacts
from eximia.context.delivery import Address, Host, Kind, Outcome, Result, SmtpFacts
from eximia.logs.lines.delivery import deferred, delivered, discarded, failed, routing_deferred
from eximia.logs.selectors import Selectors

ALL = Selectors("+all")
NORMAL = Selectors()


def make(
    text: str, outcome: Outcome | None = None, parent: Address | None = None, kind: Kind = Kind.ADDRESS
) -> Address:
    address = Address(text, parent=parent, kind=kind)
    local, _, domain = text.partition("@")
    address.local_part = local.lower()
    address.domain = domain
    address.router = SimpleNamespace(name="r")
    address.transport = SimpleNamespace(name="t")
    address.outcome = outcome
    address.log_as_local = True
    return address


def smtp() -> SmtpFacts:
    return SmtpFacts(
        host=Host("mx.ex", "10.0.0.1", 25, secure=True),
        confirmation='250 "ok" \\ fine\nmore',
        local_address="10.0.0.2",
        local_port=4000,
        tls=TlsFacts(version="TLS1.3", cipher="TLS1.3:X:256", peerdn="CN=mx.ex"),
        authenticator="plain",
        authenticated_id="me",
        authenticated_sender="auths@x.ex",
        pipelining=True,
        prdr=True,
        chunking=True,
    )


def done(**more: object) -> Outcome:
    return Outcome(Result.DELIVERED, took=0.013, size=379, **more)  # type: ignore[arg-type]


def test_remote_with_everything() -> None:
    address = make("a@out1.ex", done(smtp=smtp()))
    line = delivered(address, ALL, sender="s@out.ex", return_path="p@out.ex", queue_time=0.052)
    assert line == (
        "=> a@out1.ex F=<s@out.ex> P=<p@out.ex> R=r T=t S=379 H=mx.ex DS [10.0.0.1]:25 I=[10.0.0.2]:4000"
        ' X=TLS1.3:X:256 CV=no DN="CN=mx.ex" A=plain:me:auths@x.ex L PRDR K'
        ' C="250 \\"ok\\" \\\\ fine\\\\nmore" QT=0.052s DT=0.013s'
    )


def test_remote_normal_reused() -> None:
    facts = smtp()
    facts.reused = True
    facts.tls = None
    facts.authenticator = ""
    facts.confirmation = "250 OK"
    line = delivered(make("A@out1.ex", done(smtp=facts)), NORMAL, sender="s@x", return_path="s@x", flag="->")
    assert line == '-> a@out1.ex <A@out1.ex> R=r T=t H=mx.ex [10.0.0.1]* PRDR K C="250 OK"'


def test_dkim_signatures() -> None:
    """Exim 4.98's answer: behind K, and only for the first address of a transaction."""
    facts = smtp()
    facts.signed = "d1.ex:sa:d1.ex:sb"
    address = make("a@out1.ex", done(smtp=facts))
    line = delivered(address, Selectors("+dkim_verbose"), sender="s@x", return_path="s@x")
    assert ' PRDR K DKIM=d1.ex:sa:d1.ex:sb C="250' in line
    line = delivered(address, Selectors("+dkim_verbose"), sender="s@x", return_path="s@x", flag="->")
    assert "DKIM=" not in line
    assert "DKIM=" not in delivered(address, NORMAL, sender="s@x", return_path="s@x")


def test_local_forms() -> None:
    top = make("LOC@Test.EX", done())
    assert delivered(top, NORMAL, sender="", return_path="") == "=> loc <LOC@Test.EX> R=r T=t"
    mid = make("mid@test.ex", None, make("top@test.ex"))
    mid2 = make("mid2@test.ex", None, mid)
    fin = make("Fin@test.ex", done(), mid2)
    assert delivered(fin, NORMAL, sender="", return_path="") == "=> fin <top@test.ex> R=r T=t"
    file = make("/tmp/ff", done(), mid2, Kind.FILE)
    assert delivered(file, NORMAL, sender="", return_path="") == "=> /tmp/ff (mid2@test.ex) <top@test.ex> R=r T=t"
    assert delivered(file, ALL, sender="s@x", return_path="", queue_time=5.2) == (
        "=> /tmp/ff (mid2@test.ex, mid@test.ex) <top@test.ex> F=<s@x> P=<> R=r T=t S=379 QT=5s DT=0.013s"
    )
    reply = make("x@test.ex", done(), make("rep@test.ex"), Kind.REPLY)
    assert delivered(reply, NORMAL, sender="", return_path="") == "=> >x@test.ex <rep@test.ex> R=r T=t"


def test_local_delivery_by_a_router_for_remote_ones() -> None:
    address = make("loc@test.ex", done(smtp=SmtpFacts(host=Host("mx.ex"))))
    address.log_as_local = False
    assert delivered(address, NORMAL, sender="", return_path="") == "=> loc@test.ex R=r T=t H=mx.ex"


def test_shadow_and_discard() -> None:
    address = make("shad@test.ex", done(shadow="badpipe (it failed)"))
    assert (
        delivered(address, NORMAL, sender="", return_path="") == "=> shad <shad@test.ex> R=r T=t ST=badpipe (it failed)"
    )
    hole = make("hole@test.ex")
    hole.transport = None
    assert discarded(hole, ALL) == "=> :blackhole: <hole@test.ex> R=r"
    assert discarded(hole, ALL, "discarded") == "=> discarded <hole@test.ex> R=r"


def test_deferred() -> None:
    facts = SmtpFacts(host=Host("127.0.0.1", "127.0.0.1", 5599), local_address="127.0.0.1", local_port=39500)
    message = "SMTP error from remote mail server after RCPT TO:<temp@out1.ex>: 450-try\n450 later"
    address = make("temp@out1.ex", Outcome(Result.DEFERRED, message, errno=-44, smtp=facts))
    assert deferred(address, ALL) == (
        "== temp@out1.ex R=r T=t defer (-44) H=127.0.0.1 [127.0.0.1]:5599 I=[127.0.0.1]:39500 DT=0.000s: "
        "SMTP error from remote mail server after RCPT TO:<temp@out1.ex>: 450-try\\n450 later"
    )
    refused = make("a@out1.ex", Outcome(Result.DEFERRED, errno=111))
    assert deferred(refused, ALL) == "== a@out1.ex R=r T=t defer (111): Connection refused DT=0.000s"
    missing = make("a@out1.ex", Outcome(Result.DEFERRED, "failed to create directories", errno=13))
    assert deferred(missing, NORMAL) == (
        "== a@out1.ex R=r T=t defer (13): Permission denied: failed to create directories"
    )


def test_not_yet_line() -> None:
    address = make("b@defer.ex", None, make("al@test.ex"))
    address.router = address.transport = None
    assert routing_deferred(address, NORMAL, number=-52) == (
        "== b@defer.ex <al@test.ex> routing defer (-52): retry time not reached"
    )


def test_failed() -> None:
    unrouted = make("x@unrout.ex", Outcome(Result.FAILED, "Unrouteable address"))
    unrouted.router = unrouted.transport = None
    assert failed(unrouted, ALL, sender="s@test.ex") == "** x@unrout.ex F=<s@test.ex>: Unrouteable address DT=0.000s"
    facts = SmtpFacts(host=Host("127.0.0.1", "127.0.0.1", 5599), pipelining=True)
    refused = make("perm@out1.ex", Outcome(Result.FAILED, "550 no", smtp=facts))
    assert failed(refused, NORMAL, sender="s@x", return_path="s@x") == (
        "** perm@out1.ex R=r T=t H=127.0.0.1 [127.0.0.1]: 550 no"
    )
