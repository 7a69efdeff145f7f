"""Lookups in a real OpenLDAP (manual 9.13 to 9.19)."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eximia.aio.direct import DirectPorts
from eximia.base.errors import LookupDefer
from eximia.base.template import Template
from eximia.expand import expand_text
from support_hostile import HOSTILE
from support_policy import clean, make_context
from support_servers import stop
from support_services import LDAP_ENTRIES as ENTRIES
from support_services import Running, certificates, slapd


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = slapd(tmp_path_factory.mktemp("ldap") / "d", ENTRIES)
    yield made
    made.stop()


@pytest.fixture
def ctx(server: Running) -> Any:
    context = make_context()
    context.process.ports = DirectPorts()
    object.__setattr__(context.process.main, "ldap_default_servers", Template(f"127.0.0.1::{server.port}"))
    return context


def find(ctx: Any, query: str, kind: str = "ldap") -> str | None:
    ctx.message.notes.clear()
    found: str | None = ctx.process.services.lookups.find(ctx, kind, None, clean(query))
    return found


FRED = "ldap:///ou=people,dc=x,dc=ex?{}?sub?(uid=fred)"


def test_formats(ctx: Any) -> None:
    assert find(ctx, FRED.format("sn")) == "One"
    assert find(ctx, FRED.format("mail")) == "fred@x.ex,f,,red@x.ex"
    assert find(ctx, FRED.format("sn,mail")) in (
        'sn="One" mail="fred@x.ex,f,,red@x.ex"', 'mail="fred@x.ex,f,,red@x.ex" sn="One"',
    )  # fmt: skip
    assert find(ctx, FRED.format("sn,description")) in (
        'sn="One" description="with \\"quotes\\" and \\\\ backslash"',
        'description="with \\"quotes\\" and \\\\ backslash" sn="One"',
    )
    assert find(ctx, FRED.format("telephoneNumber")) is None, "an entry without the attribute"
    assert find(ctx, "ldap:///dc=x,dc=ex?sn?sub?(uid=nobody)") is None
    assert find(ctx, "ldap:///dc=none,dc=ex?sn?sub?(uid=fred)") is None
    whole = find(ctx, FRED.format(""))
    assert whole is not None
    assert 'cn="Fred One"' in whole
    assert "userPassword" not in whole


def test_kinds_and_scopes(ctx: Any) -> None:
    both = "ldap:///ou=people,dc=x,dc=ex?sn?one?(|(uid=fred)(uid=ann))"
    with pytest.raises(LookupDefer, match=r"more than one entry \(2\) was returned"):
        find(ctx, both)
    assert sorted((find(ctx, both, "ldapm") or "").split("\n")) == ["One", "Two"]
    assert find(ctx, FRED.format("sn"), "ldapdn") == "uid=fred,ou=people,dc=x,dc=ex"
    assert find(ctx, "ldap:///dc=x,dc=ex?sn?one?(uid=fred)") is None
    assert find(ctx, "ldap:///uid=fred,ou=people,dc=x,dc=ex?sn?base?") == "One"
    assert find(ctx, "ldap:///uid=fred,ou=people,dc=x,dc=ex?sn") == "One"
    assert find(ctx, "ldap:///dc=x,dc=ex?cn?sub?(&(objectClass=inetOrgPerson)(cn=F*d*)(!(sn=Two)))") == "Fred One"


def test_address_forms(ctx: Any, server: Running) -> None:
    path = f"{server.folder}/socket".replace("/", "%2F")
    rest = FRED.format("sn").removeprefix("ldap://")
    assert find(ctx, f"ldap://127.0.0.1:{server.port}{rest}") == "One"
    assert find(ctx, f"ldapi://{path}{rest}") == "One"
    assert find(ctx, f"ldap://{path}{rest}") == "One", "a path is a socket, whatever the scheme"
    assert (
        find(
            ctx, f"servers=127.0.0.1:1:127.0.0.1::{server.port} ldap://{rest}".replace("127.0.0.1:1:", "127.0.0.1::1:")
        )
        == "One"
    )
    object.__setattr__(ctx.process.main, "ldap_default_servers", Template(f"/nowhere : {server.folder}/socket"))
    assert find(ctx, f"ldap://{rest}") == "One"
    with pytest.raises(LookupDefer, match="ldapi requires an absolute path"):
        find(ctx, f"ldapi://127.0.0.1{rest}")
    with pytest.raises(LookupDefer, match=r"127\.0\.0\.1:1 - ldap_bind"):
        find(ctx, f"ldap://127.0.0.1:1{rest}")


def test_authentication(ctx: Any) -> None:
    hidden = "ldap:///ou=private,dc=x,dc=ex?cn?sub?(uid=hidden)"
    assert find(ctx, hidden) is None
    assert find(ctx, f"user=uid=fred,ou=people,dc=x,dc=ex pass=fredpass {hidden}") == "hidden"
    assert find(ctx, f'user="cn=admin,dc=x,dc=ex" pass="secret" {hidden}') == "hidden"
    assert find(ctx, hidden) is None, "the kept connection does not keep the name"
    ann = 'user=uid=ann,ou=people,dc=x,dc=ex pass="an n\\"p\\\\ass"'
    assert find(ctx, f"{ann} {hidden}") == "hidden"
    with pytest.raises(LookupDefer, match="LDAP error 49"):
        find(ctx, f"user=uid=fred,ou=people,dc=x,dc=ex pass=wrong {hidden}")
    check = "${if ldapauth{user=%s pass=%s ldap:///}{yes}{no}}"
    assert expand_text(clean(check % ("uid=fred,ou=people,dc=x,dc=ex", "fredpass")), ctx) == "yes"
    assert expand_text(clean(check % ("uid=fred,ou=people,dc=x,dc=ex", "wrong")), ctx) == "no"


def test_settings(ctx: Any) -> None:
    assert find(ctx, f"time=5 nettime=3 size=10 dereference=always referrals=nofollow {FRED.format('sn')}") == "One"
    many = "ldap:///ou=people,dc=x,dc=ex?sn?one?(objectClass=inetOrgPerson)"
    assert len((find(ctx, f"size=2 {many}", "ldapm") or "").split("\n")) == 2
    for bad, why in (
        ("nonsense=1 ", "unknown parameter"),
        ("referrals=x ", "REFERRALS"),
    ):
        with pytest.raises(LookupDefer, match=why):
            find(ctx, bad + many)
    with pytest.raises(LookupDefer, match=r"malformed parameter|does not start"):
        find(ctx, "nonsense")


def test_hostile_strings(ctx: Any) -> None:
    """In a filter nothing but the value itself is found, in a DN nothing but the entry of that name."""
    for subject in HOSTILE:
        ctx.message.notes.clear()
        ctx.address.domain = subject
        found = expand_text(
            clean("${lookup ldapm{ldap:///ou=people,dc=x,dc=ex?uid?sub?(uid=${quote_ldap:$domain})}{$value}{none}}"),
            ctx,
        )
        assert found == "none", subject
    for subject, wanted in (("a, b+c", "odd"), ("fred", "Fred One"), ("fred,ou=people", "none"), ("*", "none")):
        ctx.message.notes.clear()
        ctx.address.domain = subject
        query = "${lookup ldap{ldap:///uid=${quote_ldap_dn:$domain},ou=people,dc=x,dc=ex?cn?base?}{$value}{none}}"
        assert expand_text(clean(query), ctx) == wanted
        if wanted == "odd":
            query = "${lookup ldap{ldap:///ou=people,dc=x,dc=ex?cn?sub?(uid=${quote_ldap:$domain})}{$value}{none}}"
            ctx.message.notes.clear()
            assert expand_text(clean(query), ctx) == wanted


def test_down_slow_restarted(ctx: Any, server: Running) -> None:
    query = f"nettime=1 {FRED.format('sn')}"
    assert find(ctx, query) == "One"
    assert server.process is not None
    stop(server.process.pid)
    began = time.monotonic()
    with pytest.raises(LookupDefer):
        find(ctx, query)
    assert time.monotonic() - began < 10
    server.process.send_signal(signal.SIGCONT)
    assert find(ctx, query) == "One"
    server.stop(signal.SIGKILL)
    with pytest.raises(LookupDefer):
        find(ctx, query)
    server.start()
    assert find(ctx, query) == "One"


def test_referrals(tmp_path_factory: pytest.TempPathFactory, server: Running, ctx: Any) -> None:
    there = f"ldap://127.0.0.1:{server.port}/ou=people,dc=x,dc=ex"
    referring = ENTRIES.replace("dn: uid=fred,ou=people", "dn: uid=fred,ou=private").partition("dn: ou=people")[0]
    referring += (
        f"dn: ou=people,dc=x,dc=ex\nobjectClass: referral\nobjectClass: extensibleObject\nou: people\nref: {there}\n"
    )
    other = slapd(tmp_path_factory.mktemp("ldap2") / "d", referring)
    try:
        rest = "/ou=people,dc=x,dc=ex?sn?sub?(uid=fred)"
        assert find(ctx, f"ldap://127.0.0.1:{other.port}{rest}") == "One"
        assert find(ctx, f"ldap://127.0.0.1:{other.port}/dc=x,dc=ex?sn?sub?(uid=fred)") == "One", "a continuation"
        with pytest.raises(LookupDefer, match="error 10"):
            find(ctx, f"referrals=nofollow ldap://127.0.0.1:{other.port}{rest}")
    finally:
        other.stop()


def test_tls(tmp_path: Path, ctx: Any) -> None:
    certificates(tmp_path / "pki")
    pki = tmp_path / "pki"
    more = f"TLSCertificateFile {pki}/cert.pem\nTLSCertificateKeyFile {pki}/key.pem\n"
    other = slapd(tmp_path / "d", ENTRIES, more=more)

    def option(name: str, value: object) -> None:
        object.__setattr__(ctx.process.main, name, value)
        ctx.process.caches.clear()

    try:
        rest = FRED.format("sn").removeprefix("ldap://")
        secure, plain = f"ldaps://localhost:{other.proxy}{rest}", f"ldap://localhost:{other.port}{rest}"
        with pytest.raises(LookupDefer, match="failed to bind"):
            find(ctx, secure)
        option("ldap_ca_cert_file", f"{pki}/ca.pem")
        assert find(ctx, secure) == "One"
        with pytest.raises(LookupDefer, match="failed to bind"):
            find(ctx, secure.replace("localhost", "127.0.0.1"))
        option("ldap_start_tls", True)
        assert find(ctx, plain) == "One"
        option("ldap_ca_cert_file", None)
        with pytest.raises(LookupDefer, match="failed to bind"):
            find(ctx, plain)
        for word in ("never", "allow", "nonsense"):
            option("ldap_require_cert", word)
            assert find(ctx, plain) == "One"
            assert find(ctx, secure) == "One"
        option("ldap_require_cert", "hard")
        with pytest.raises(LookupDefer, match="failed to bind"):
            find(ctx, plain)
    finally:
        other.stop()
