"""Fields and fingerprints of certificates."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from eximia.base.errors import ExpansionError
from eximia.context import Context
from eximia.expand import compile_text
from expand.world import context


@pytest.fixture(scope="module")
def der() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Foo, Inc"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "A"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "B"),
            x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org"),
            x509.NameAttribute(NameOID.TITLE, 'a=b "c"'),
        ],
    )
    names = [x509.DNSName("a.example"), x509.DNSName("b.example"), x509.RFC822Name("x@y.z")]
    ocsp = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP,
        x509.UniformResourceIdentifier("http://ocsp.example/"),
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(0x1234ABCD)
        .not_valid_before(dt.datetime(2026, 11, 2, 10, 18, 19, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2026, 12, 22, 10, 18, 19, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityInformationAccess([ocsp]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER)


@pytest.fixture
def ctx(der: bytes) -> Context:
    made = context()
    made.session.tls_in.peer_certificate = der
    return made


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("version", "3"),
        ("serial_number", "1234abcd"),
        ("subject", 'C=GB,O=Foo\\, Inc,OU=A,OU=B,CN=mail.example.org,title=a=b \\"c\\"'),
        ("subject,>;", 'C=GB;O=Foo, Inc;OU=A;OU=B;CN=mail.example.org;title=a=b \\"c\\"'),
        ("issuer,>", 'C=GB\nO=Foo, Inc\nOU=A\nOU=B\nCN=mail.example.org\ntitle=a=b \\"c\\"'),
        ("subject,O", "Foo, Inc"),
        ("subject,title", 'a=b \\"c\\"'),
        ("subject,CN", "mail.example.org"),
        ("subject,OU", "A\nB"),
        ("issuer,OU,>:", "A:B"),
        ("subject,X", "none"),
        ("notbefore,int", "1793614699"),
        ("sig_algorithm", "ECDSA-SHA256"),
        ("subj_altname", "DNS=a.example\nDNS=b.example\nMAIL=x@y.z"),
        ("subj_altname,>:,dns", "a.example:b.example"),
        ("ocsp_uri,>:", "http:://ocsp.example/"),
        ("crl_uri", "none"),
    ],
)
def test_field(ctx: Context, field: str, expected: str) -> None:
    assert compile_text(f"${{certextract{{{field}}}{{$tls_in_peercert}}{{$value}}{{none}}}}")(ctx) == expected


def test_without_certificate(der: bytes) -> None:
    assert (
        compile_text("${certextract{subject}{$tls_in_peercert}{$value}{none}}${sha1:$tls_out_ourcert}")(context())
        == "none"
    )


def test_unknown_field(ctx: Context) -> None:
    with pytest.raises(ExpansionError, match='bad field selector "bogus" for certextract'):
        compile_text("${certextract{bogus}{$tls_in_peercert}}")(ctx)


def test_days_are_not_filled_with_zeros(ctx: Context) -> None:
    assert compile_text("${certextract{notbefore}{$tls_in_peercert}}")(ctx).startswith("Nov  2 ")


def test_what_is_no_certificate(ctx: Context) -> None:
    ctx.session.tls_in.peer_certificate = b"0\x03\x02\x01\x00"
    with pytest.raises(ExpansionError, match="the certificate cannot be read"):
        compile_text("${certextract{subject}{$tls_in_peercert}{$value}{none}}")(ctx)


def test_fingerprints(ctx: Context, der: bytes) -> None:
    assert compile_text("${sha256:$tls_in_peercert}")(ctx) == hashlib.sha256(der).hexdigest().upper()
    assert compile_text("${md5:$tls_in_peercert}")(ctx) == hashlib.md5(der).hexdigest().upper()
    assert compile_text("${if def:tls_in_peercert{y}{n}}${if def:tls_in_ourcert{y}{n}}")(ctx) == "yn"
