"""A throw-away public key infrastructure for the tests of TLS: certificates good and bad, OCSP responses of all kinds.

root -> intermediate -> leaves. `Pki(folder)` writes PEM files `<name>.crt`, `.chain` (with the intermediate), `.key`;
OCSP responses are `<name>.ocsp`, in DER.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
BOTH = (Usage.SERVER_AUTH, Usage.CLIENT_AUTH)

HOST = "mx.example.org"


class Made:
    """A certificate and its key."""

    def __init__(self, certificate: x509.Certificate, key: Any) -> None:
        self.certificate = certificate
        self.key = key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(form.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(form.Encoding.PEM)

    def tlsa(self, selector: int, matching: int) -> bytes:
        """The data of a TLSA record for this certificate."""
        spki = self.certificate.public_key().public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
        data = spki if selector else self.der
        return {0: lambda: data, 1: hashlib.sha256(data).digest, 2: hashlib.sha512(data).digest}[matching]()


def make(
    name: str,
    kind: str = "ec",
    issuer: Made | None = None,
    *,
    ca: bool = False,
    names: Sequence[str] = (),
    usages: Sequence[Any] = (),
    begins: float = -1,
    ends: float = 30,
    extra: Sequence[x509.ExtensionType] = (),
    number: int = 0,
) -> Made:
    key: Any = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by = issuer.certificate.subject if issuer else subject
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(number or x509.random_serial_number())
        .not_valid_before(NOW + begins * DAY)
        .not_valid_after(NOW + ends * DAY)
        .add_extension(x509.BasicConstraints(ca, None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
    )
    if ca:
        builder = builder.add_extension(x509.KeyUsage(True, False, False, False, False, True, True, False, False), True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), False)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
    for each in extra:
        builder = builder.add_extension(each, False)
    return Made(builder.sign(signer, hashes.SHA256()), key)


class Pki:
    """See the module's docstring; `made` has everything by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, Made] = {}
        root = self.save("root", make("Test Root", ca=True))
        inter = self.save("inter", make("Test Intermediate", issuer=root, ca=True))
        self.save("otherroot", make("Other Root", ca=True))
        expired_inter = self.save("expiredinter", make("Old Intermediate", issuer=root, ca=True, begins=-30, ends=-1))
        names = (HOST, "*.in.example.org")
        for name, kind in (("rsa", "rsa"), ("ec", "ec")):
            self.leaf(name, make(HOST, kind, inter, names=names, usages=BOTH))
        self.leaf("alt", make("alt.example.net", issuer=inter, names=("alt.example.net",), usages=BOTH))
        self.leaf("client", make("client.example.org", issuer=inter, names=("client.example.org",), usages=BOTH))
        self.leaf("expired", make(HOST, issuer=inter, names=(HOST,), usages=BOTH, begins=-30, ends=-1))
        self.leaf("cnonly", make("cn.example.org", issuer=inter, usages=BOTH))
        self.leaf("wildtld", make("w.example", issuer=inter, names=("*.example",), usages=BOTH))
        self.leaf("partial", make("p.example", issuer=inter, names=("m*.example.org",), usages=BOTH))
        self.save("self", make("whatever", names=("self.example",), usages=BOTH))
        old = self.save("underold", make(HOST, issuer=expired_inter, names=(HOST,), usages=BOTH))
        self.write("underold.chain", old.pem + expired_inter.pem)
        responder = make("OCSP Responder", issuer=inter, usages=[Usage.OCSP_SIGNING], extra=[x509.OCSPNoCheck()])
        self.responder = responder

    def save(self, name: str, made: Made) -> Made:
        self.made[name] = made
        self.write(f"{name}.crt", made.pem)
        self.write(
            f"{name}.key",
            made.key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()),
        )
        return made

    def leaf(self, name: str, made: Made) -> None:
        self.save(name, made)
        self.write(f"{name}.chain", made.pem + self.made["inter"].pem)

    def write(self, name: str, data: bytes) -> str:
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def staple(
        self,
        file: str,
        leaf: str = "ec",
        *,
        signer: Made | None = None,
        embed: bool = True,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        begins: float = -0.1,
        ends: float | None = 3,
        algorithm: hashes.HashAlgorithm | None = None,
        issuer: str = "inter",
    ) -> str:
        """Write an OCSP response; its path."""
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        by = signer or self.responder
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=self.made[leaf].certificate,
                issuer=self.made[issuer].certificate,
                algorithm=algorithm or hashes.SHA1(),
                cert_status=status,
                this_update=NOW + begins * DAY,
                next_update=None if ends is None else NOW + ends * DAY,
                revocation_time=NOW - DAY if revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate)
        )
        if embed:
            builder = builder.certificates([by.certificate])
        return self.write(file, builder.sign(by.key, hashes.SHA256()).public_bytes(form.Encoding.DER))
