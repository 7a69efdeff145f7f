"""Contexts: shared by equal settings, replaced when a file is; what options may say."""

from __future__ import annotations

import os
from typing import Any

import pytest

from eximia.base.text import Untainted
from eximia.tls.contexts import ClientContext, ContextCache, ServerContext
from eximia.tls.engine import Engine, Verify
from eximia.tls.facts import facts_of
from eximia.tls.reading import depends_on_name, read_files, read_staples
from eximia.tls.settings import ClientSettings, ServerSettings, Staple, TlsConfigError, read_options
from support_tls import Pki
from unit.tls.talk import client_context, talk


def replace(path: str, data: bytes) -> None:
    """As an administrator should: another file takes its name."""
    with open(f"{path}.new", "wb") as file:
        file.write(data)
    os.replace(f"{path}.new", path)


def shown(pki: Pki, cache: ContextCache, settings: ServerSettings) -> tuple[bytes, int]:
    """(the certificate, $tls_out_ocsp) of the next connection."""
    client, server = Engine(client_context(pki), verify=Verify.REQUIRE), Engine(cache.server(settings))
    client.ask_ocsp(required=False)
    assert talk(client, server) == ("", "")
    facts = facts_of(client)
    return facts.peer_certificate, facts.ocsp


def test_a_new_file_is_in_force_with_the_next_connection(pki: Pki) -> None:
    notes: list[str] = []
    cache = ContextCache(notes.append)
    certificate = pki.write("now.chain", (pki.folder / "ec.chain").read_bytes())
    key = pki.write("now.key", (pki.folder / "ec.key").read_bytes())
    staple = pki.staple("now.der", begins=-9, ends=-2)
    settings = ServerSettings(certificates=(certificate,), keys=(key,), staples=(Staple(staple),))
    first = cache.server(settings)
    assert shown(pki, cache, settings) == (pki.made["ec"].der, 1)
    assert cache.server(settings) is first
    assert len(notes) == 1
    assert "outside its time of validity" in notes[0]
    with open(pki.staple("fresh.der"), "rb") as file:
        replace(staple, file.read())
    assert shown(pki, cache, settings) == (pki.made["ec"].der, 4)
    replace(certificate, (pki.folder / "alt.chain").read_bytes())
    with pytest.raises(TlsConfigError, match="key values mismatch"):
        cache.server(settings)
    replace(key, (pki.folder / "alt.key").read_bytes())
    assert shown(pki, cache, settings)[0] == pki.made["alt"].der


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    def both(name: str) -> bytes:
        return (pki.folder / f"{name}.chain").read_bytes() + (pki.folder / f"{name}.key").read_bytes()

    path = pki.write("both.pem", both("ec"))
    replaced: list[str] = []

    settings = ServerSettings(certificates=(path,))
    context_call = ServerContext._call

    def call(self: Any, function: str, what: str, *arguments: Any) -> None:
        context_call(self, function, what, *arguments)
        if function == "tls_context_certificate" and not replaced:
            replaced.append(path)
            replace(path, both("alt"))

    monkeypatch.setattr(ServerContext, "_call", call)
    assert shown(pki, ContextCache(print), settings)[0] == pki.made["alt"].der


def test_a_connection_outlives_its_context(pki: Pki) -> None:
    cache = ContextCache(print, most=1)
    settings = ServerSettings(certificates=(pki.path("ec.chain"),), keys=(pki.path("ec.key"),))
    client, server = Engine(client_context(pki)), Engine(cache.server(settings))
    cache.server(ServerSettings(self_signed="other.example"))  # pushes it out
    import gc

    gc.collect()
    assert talk(client, server) == ("", "")


def test_lists_of_files() -> None:
    assert read_files(Untainted("/a : /b"), "tls_certificate") == ("/a", "/b")
    assert read_files(Untainted("<; /2001:db8::1 ; /b"), "tls_certificate") == ("/2001:db8::1", "/b")
    with pytest.raises(TlsConfigError, match="Tainted filename"):
        read_files("/certs/evil.pem", "tls_certificate")
    assert read_staples(Untainted("/a : PEM /b : /c : DER /d")) == (
        Staple("/a"),
        Staple("/b", pem=True),
        Staple("/c", pem=True),
        Staple("/d"),
    )


def test_who_asks_for_the_name() -> None:
    assert depends_on_name("/certs/${lc:$tls_in_sni}.pem")
    assert depends_on_name("${if eq{$tls_sni}{x}{/a}{/b}}")
    assert not depends_on_name("/certs/$tls_in_cipher")


def test_options() -> None:
    plain = read_options("")
    more, _ = read_options("+cipher_server_preference")
    assert more & ~plain[0]
    assert read_options("+cipher_server_preference -cipher_server_preference")[0] == plain[0]
    assert read_options("+microsoft_big_sslv3_buffer +no_sslv2") == plain  # nothing to this library
    for wrong in ("no_ticket", "*no_ticket"):
        with pytest.raises(TlsConfigError, match=r"\+ or - expected"):
            read_options(wrong)


@pytest.mark.parametrize("words", ["system", "system,cache"])
def test_the_systems_certificates(words: str) -> None:
    """What Exim with GnuTLS calls `system,cache` is no file."""
    settings = ClientSettings(trust=words)
    assert settings.files() == ()
    ClientContext(settings)
