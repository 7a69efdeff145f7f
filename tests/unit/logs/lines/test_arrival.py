import pytest

from eximia.base.ports import Ports
from eximia.context import Context, Process, ProxyFacts, TlsFacts
from eximia.logs.lines.arrival import ArrivalExtras, arrival
from eximia.logs.log import null_log
from eximia.logs.selectors import Selectors


class NoPorts(Ports):
    """Nothing is asked of the world."""


def context(selectors: str) -> Context:
    process = Process(NoPorts())
    process.log = null_log(Selectors(selectors))
    return Context(process)


def remote(ctx: Context) -> Context:
    session = ctx.session
    session.sender_host_address = "127.0.0.1"
    session.sender_host_port = 41904
    session.sender_host_name = "host.client.ex"
    session.sender_host_dnssec = True
    session.sender_helo_name = "next.ex"
    session.interface_address = "127.0.0.1"
    session.interface_port = 5525
    session.pipelining_advertised = True
    session.pipelining_used = True
    session.early_pipe_advertised = True
    session.tls_in = TlsFacts(
        version="TLS1.3",
        cipher="TLS1.3:ECDHE:256",
        certificate_verified=True,
        peerdn='C=UK,O=Te\\, st \\"q\\",CN=mx.test.ex',
        sni="outsni.ex",
    )
    session.sender_host_authenticated = "plain"
    session.authenticated_id = "me"
    session.authenticated_sender = "auths@x.ex"
    session.prdr_requested = True
    message = ctx.message
    message.sender_address = "s@out.ex"
    message.received_protocol = "esmtpsa"
    message.by_chunks = True
    message.body_type = 8
    message.size = 1169
    message.queue_name = "myq"
    return ctx


def test_everything() -> None:
    ctx = remote(context("+all"))
    extras = ArrivalExtras(
        dkim_domain="out.ex",
        header_id="E1@next.ex",
        subject='a "b"',
        raw_sender="s@out.ex",
        raw_recipients=["qq@test.ex", "r@test.ex"],
    )
    main, own = arrival(ctx, extras)
    fields = (
        "s@out.ex DS H=host.client.ex (next.ex) [127.0.0.1]:41904 I=[127.0.0.1]:5525 P=esmtpsa L."
        ' X=TLS1.3:ECDHE:256 CV=yes DN="C=UK,O=Te\\, st \\"q\\",CN=mx.test.ex" SNI=outsni.ex'
        " A=plain:me:auths@x.ex PRDR K S=1169 M8S=8 DKIM=out.ex RT=0.000s Q=myq id=E1@next.ex"
        ' T="a \\"b\\""'
    )
    assert main == fields + " from <s@out.ex> for qq@test.ex r@test.ex"
    assert own == "Received from " + fields


def test_default_selectors() -> None:
    ctx = remote(context(""))
    main, _ = arrival(ctx, ArrivalExtras(header_id="E1@next.ex", subject="x", raw_recipients=["a@b"]))
    assert main == (
        "s@out.ex H=host.client.ex (next.ex) [127.0.0.1] P=esmtpsa X=TLS1.3:ECDHE:256 CV=yes"
        " A=plain:me PRDR K S=1169 Q=myq id=E1@next.ex"
    )


@pytest.mark.parametrize(
    ("protocol", "shown"), [("esmtpsa", "essmtpa"), ("smtps", "ssmtp"), ("utf8esmtps", "utf8essmtp")]
)
def test_tls_on_connect(protocol: str, shown: str) -> None:
    for selectors, on_connect, word in (
        ("+tls_on_connect", True, shown),
        ("+tls_on_connect", False, protocol),
        ("", True, protocol),
    ):
        ctx = remote(context(selectors))
        ctx.message.received_protocol = protocol
        ctx.session.tls_in.on_connect = on_connect
        assert f" P={word} X=" in arrival(ctx, ArrivalExtras())[0]


def test_local_bounce() -> None:
    ctx = context("+msg_id_created")
    ctx.session.sender_ident = "Debian-exim"
    ctx.message.received_protocol = "local"
    ctx.message.size = 8749
    main, _ = arrival(ctx, ArrivalExtras(bounce_of="1xV3L5-0003AZ-1T", header_id="E1@next.ex", header_id_created=True))
    assert main == "<> R=1xV3L5-0003AZ-1T U=Debian-exim P=local S=8749 id*=E1@next.ex"


def test_proxied_without_pipelining() -> None:
    ctx = context("+pipelining +proxy")
    session = ctx.session
    session.sender_host_address = "10.1.2.3"
    session.sender_helo_name = "h.ex"
    session.pipelining_advertised = True
    session.early_pipe_advertised = True
    session.proxy = ProxyFacts(session=True, local_address="127.0.0.9")
    ctx.message.received_protocol = "esmtp"
    ctx.message.size = 188
    assert arrival(ctx, ArrivalExtras())[0] == "<> H=(h.ex) [10.1.2.3] P=esmtp L.- PRX=127.0.0.9 S=188"
