"""The engine: handshakes, data, ends, verification, pauses."""

from __future__ import annotations

import pytest

from eximia.tls.binding import MODULE
from eximia.tls.build import module_name
from eximia.tls.engine import Chain, Engine, Step, TlsError, Verify
from eximia.tls.facts import facts_of
from eximia.tls.settings import TlsConfigError, read_options
from support_tls import HOST, Pki
from unit.tls.talk import TLS1_2, client_context, connect, server_context, talk


def test_the_module_is_named_after_its_sources() -> None:
    assert module_name() == MODULE


@pytest.mark.parametrize(("options", "version"), [("", "TLS1.3"), (TLS1_2, "TLS1.2")])
@pytest.mark.parametrize("leaf", ["ec", "rsa"])
def test_a_conversation(pki: Pki, leaf: str, options: str, version: str) -> None:
    client, server, errors = connect(client_context(pki), server_context(pki, leaf, options=options))
    assert errors == ("", "")
    facts = facts_of(client)
    assert facts.version == version
    assert facts.cipher.startswith(f"{version}:")
    assert facts.cipher.endswith(f":{facts.bits}")
    assert facts.certificate_verified
    assert facts.peerdn == "/CN=mx.example.org"
    assert facts.peer_certificate == pki.made[leaf].der == facts_of(server).our_certificate
    assert facts.channel_binding()
    assert facts.channel_binding() == facts_of(server).channel_binding()
    server_sent = server.encrypt(b"250 yes")
    server.close()
    assert client.read(server_sent + server.outgoing()) == b"250 yes"  # the farewell came in the same flight
    assert client.closed
    assert server.text("server_name") == HOST


@pytest.mark.parametrize("options", ["", TLS1_2])
@pytest.mark.parametrize("size", [0, 1, 16384, 16385, 131072, 300_001])
def test_data_of_any_size_in_pieces_of_any_size(pki: Pki, size: int, options: str) -> None:
    client, server, _ = connect(client_context(pki), server_context(pki, "ec", options=options))
    text = bytes(at % 251 for at in range(size))
    sent, taken = b"", 0
    while taken < size:
        sent += client.encrypt(text, taken)
        assert client.taken > taken
        taken = client.taken
    assert server.read(sent) == text
    sent, taken = b"", 0
    while taken < size:
        sent += server.encrypt(text, taken)
        taken = server.taken
    assert b"".join(client.read(sent[at : at + 7001]) for at in range(0, len(sent), 7001)) == text
    assert not client.answers


def test_what_comes_before_its_time_is_kept(pki: Pki) -> None:
    """Data in one piece with the end of the handshake; a hello in pieces, and a pause with more behind it."""
    client, server = Engine(client_context(pki), verify=Verify.REQUIRE), Engine(server_context(pki, "ec"))
    client.handshake()
    hello = client.outgoing()
    server.pause(at_hello=True)
    assert server.handshake(hello[:100]) is Step.WANT
    assert server.handshake(hello[100:]) is Step.HELLO
    assert server.handshake() is Step.WANT
    client.pause(at_verify=True)
    assert client.handshake(server.outgoing()) is Step.VERIFY
    assert client.handshake() is Step.DONE
    last = client.outgoing() + client.encrypt(b"EHLO early\r\n")
    assert server.handshake(last) is Step.DONE
    assert server.read() == b"EHLO early\r\n"


@pytest.mark.parametrize(("options", "early"), [("", True), (TLS1_2, False)])
@pytest.mark.parametrize("pauses", [False, True])
def test_a_server_that_speaks_within_the_handshake(pki: Pki, options: str, early: bool, pauses: bool) -> None:
    client = Engine(client_context(pki), verify=Verify.REQUIRE)
    server = Engine(server_context(pki, "ec", options=options))
    server.speak_early(b"220 early\r\n")
    server.pause(at_hello=pauses)
    client.handshake()
    step = server.handshake(client.outgoing())
    if pauses:
        assert step is Step.HELLO
        step = server.handshake()
    assert step is Step.WANT
    assert server.spoke_early == early
    if early:  # the client has the text before the server has heard of the end of the handshake
        assert client.handshake(server.outgoing()) is Step.DONE
        assert client.read() == b"220 early\r\n"
        assert server.handshake(client.outgoing()) is Step.DONE
    else:
        assert talk(client, server) == ("", "")
    assert client.read(server.encrypt(b"250 later\r\n")) == b"250 later\r\n"
    assert server.read(client.encrypt(b"QUIT\r\n")) == b"QUIT\r\n"


def test_a_long_text_within_the_handshake(pki: Pki) -> None:
    client, server = Engine(client_context(pki)), Engine(server_context(pki, "ec"))
    text = b"220-" + b"x" * 50_000 + b"\r\n220 early\r\n"
    server.speak_early(text)
    client.handshake()
    server.handshake(client.outgoing())
    assert client.handshake(server.outgoing()) is Step.DONE
    assert client.read() == text


def test_a_second_hello(pki: Pki) -> None:
    """The server wants another group: the client says hello again, and policy is asked once."""
    asked = []
    client = Engine(client_context(pki), verify=Verify.REQUIRE)
    client.send_name(HOST)
    client.ask_ocsp(required=False)
    server = Engine(server_context(pki, "ec", curves="P-384"))
    assert talk(client, server, at_hello=lambda engine: asked.append(engine.text("server_name"))) == ("", "")
    assert asked == [HOST]
    assert server.text("server_name") == HOST
    assert facts_of(server).ocsp == 1


@pytest.mark.parametrize("name", ["", "mx.example.org\0.example.net"])
def test_what_is_no_name_is_not_passed_over(pki: Pki, name: str) -> None:
    with pytest.raises(TlsError):
        Engine(client_context(pki), verify=Verify.REQUIRE).check_name(name)


def test_a_cut_is_told_from_an_end(pki: Pki) -> None:
    client, _, _ = connect(client_context(pki), server_context(pki, "ec"))
    client.end_of_input()
    with pytest.raises(TlsError) as caught:
        client.read()
    assert caught.value.cut
    assert not client.closed


@pytest.mark.parametrize(
    ("leaf", "trust", "name", "verdict"),
    [
        ("ec", "root", HOST, ""),
        ("ec", "root", "a.in.example.org", ""),
        ("ec", "root", "in.example.org", "hostname mismatch"),
        ("ec", "root", "b.a.in.example.org", "hostname mismatch"),
        ("ec", "root", "other.example.org", "hostname mismatch"),
        ("cnonly", "root", "cn.example.org", ""),
        ("wildtld", "root", "mx.example", "hostname mismatch"),
        ("partial", "root", "mx.example.org", "hostname mismatch"),
        ("ec", "otherroot", HOST, "unable to get local issuer certificate"),
        ("expired", "root", HOST, "certificate has expired"),
    ],
)
def test_verification(pki: Pki, leaf: str, trust: str, name: str, verdict: str) -> None:
    client, _, (error, _) = connect(client_context(pki, trust=trust), server_context(pki, leaf), name=name)
    assert client.verify_error()[2].lower() == (verdict or "ok")
    assert ("certificate verify failed" in error) == bool(verdict)
    assert bool(client.number("verified")) == (not verdict)
    # and when it need not succeed
    client, _, errors = connect(client_context(pki, trust=trust), server_context(pki, leaf), Verify.TRY, name)
    assert errors == ("", "")
    assert bool(client.number("verified")) == (not verdict)
    assert client.verify_error()[2].lower() == (verdict or "ok")


@pytest.mark.parametrize("options", ["", TLS1_2])
@pytest.mark.parametrize(
    ("verify", "certificate", "works", "verified"),
    [
        (Verify.REQUIRE, "client", True, True),
        (Verify.REQUIRE, "", False, False),
        (Verify.REQUIRE, "expired", False, False),
        (Verify.TRY, "client", True, True),
        (Verify.TRY, "", True, False),
        (Verify.TRY, "expired", True, False),
        (Verify.IGNORE, "client", True, False),
    ],
)
def test_client_certificates(
    pki: Pki, verify: Verify, certificate: str, works: bool, verified: bool, options: str
) -> None:
    client = Engine(client_context(pki, certificate), verify=Verify.REQUIRE)
    server = Engine(server_context(pki, "ec", trust=pki.path("root.crt"), options=options), verify=verify)
    _, error = talk(client, server)
    assert (error == "") == works
    if works:
        facts = facts_of(server)
        assert facts.certificate_verified == verified
        assert bool(facts.peer_certificate) == bool(certificate and verify != Verify.IGNORE)
        if verify is Verify.TRY and certificate == "expired":
            assert server.certificate(Chain.BAD) == pki.made["expired"].der


def test_another_context_for_a_name(pki: Pki) -> None:
    main, other = server_context(pki, "ec"), server_context(pki, "alt", trust=pki.path("root.crt"), options=TLS1_2)
    asked = []

    def choose(engine: Engine) -> None:
        asked.append(engine.text("server_name"))
        engine.use_context(other, verify=Verify.REQUIRE)

    client = Engine(client_context(pki, "client"), verify=Verify.REQUIRE)
    client.check_name("alt.example.net")
    client.send_name("Alt.Example.NET")
    server = Engine(main)
    assert talk(client, server, at_hello=choose) == ("", "")
    assert asked == ["Alt.Example.NET"]
    # the context's certificate, versions and the demand for a certificate are all in force
    assert facts_of(client).peer_certificate == pki.made["alt"].der
    assert facts_of(client).version == "TLS1.2"
    assert facts_of(server).certificate_verified


@pytest.mark.parametrize("refuse", [False, True])
@pytest.mark.parametrize("verify", [Verify.REQUIRE, Verify.TRY])
def test_policy_looks_at_the_chain(pki: Pki, refuse: bool, verify: Verify) -> None:
    seen = []

    def look(engine: Engine) -> None:
        seen.extend(engine.subject(Chain.VERIFIED, at) for at in range(engine.chain_length(Chain.VERIFIED)))
        if refuse:
            engine.refuse()

    client = Engine(client_context(pki), verify=verify)
    server = Engine(server_context(pki, "ec"))
    errors = talk(client, server, at_verify=look)
    assert seen == ["/CN=mx.example.org", "/CN=Test Intermediate", "/CN=Test Root"]
    assert bool(errors[0]) == (refuse and verify is Verify.REQUIRE)
    assert bool(client.number("verified")) != refuse


def test_protocols_by_alpn(pki: Pki) -> None:
    from eximia.tls.contexts import ClientContext
    from eximia.tls.settings import ClientSettings

    server_in = server_context(pki, "ec", alpn=("smtp", "esmtp"))
    for offered, agreed in ((("smtp",), "smtp"), ((), ""), (("h2",), None), (("smtp", "h2"), None)):
        client = Engine(ClientContext(ClientSettings(alpn=offered)), verify=Verify.TRY)
        server = Engine(server_in)
        error, _ = talk(client, server)
        assert ("no application protocol" in error) == (agreed is None)
        if agreed is not None:
            assert client.alpn() == server.alpn() == agreed


def test_a_certificate_of_our_own(pki: Pki) -> None:
    client, _, errors = connect(client_context(pki), server_context(pki), Verify.TRY)
    assert errors == ("", "")
    assert facts_of(client).peerdn == f"/O=Eximia/CN={HOST}"
    assert not client.number("verified")


def test_what_cannot_be_used(pki: Pki) -> None:
    with pytest.raises(TlsConfigError, match=r"\(SSL_CTX_use_certificate_chain_file file=.*nothere.chain\): error:"):
        server_context(pki, "nothere")
    with pytest.raises(TlsConfigError, match=r"\(SSL_CTX_set_cipher_list: NORMAL:%COMPAT\): error:"):
        server_context(pki, "ec", ciphers="NORMAL:%COMPAT")
    with pytest.raises(TlsConfigError, match='openssl option setting unrecognised: "\\+what"'):
        read_options("+what")
    with pytest.raises(TlsConfigError, match=r"\(No standard prime named\): nobody"):
        server_context(pki, "ec", dh="nobody")


def test_garbage_is_refused(pki: Pki) -> None:
    server = Engine(server_context(pki, "ec"))
    with pytest.raises(TlsError, match="error:"):
        server.handshake(b"EHLO there\r\n")
    server = Engine(server_context(pki, "ec"))
    server.end_of_input()
    with pytest.raises(TlsError) as caught:
        server.handshake()
    assert caught.value.cut


def test_a_sessions_listing_for_the_client(pki: Pki) -> None:
    client, server, _ = connect(client_context(pki), server_context(pki, "ec"))
    assert client.sessions() == []  # nobody asked the server for tickets
    assert server.number("resumption_bits") & 8 == 0
