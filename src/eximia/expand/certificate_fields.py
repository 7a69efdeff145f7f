"""Fields of a certificate as `${certextract...}` shows them. Loads the X.509 library; used only when asked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from eximia.base.errors import ExpansionError
from eximia.base.text import Untainted
from eximia.message import dates

_LABELS = {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.DOMAIN_COMPONENT: "DC",
    NameOID.COUNTRY_NAME: "C",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STREET_ADDRESS: "STREET",
    NameOID.USER_ID: "UID",
    NameOID.EMAIL_ADDRESS: "EMAIL",
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.POSTAL_CODE: "postalCode",
    NameOID.TITLE: "title",
    NameOID.SURNAME: "surName",
    NameOID.GIVEN_NAME: "givenName",
    NameOID.INITIALS: "initials",
    NameOID.GENERATION_QUALIFIER: "generationQualifier",
    NameOID.DN_QUALIFIER: "dnQualifier",
    NameOID.PSEUDONYM: "pseudonym",
    NameOID.BUSINESS_CATEGORY: "businessCategory",
}
_TAGS: dict[type[x509.GeneralName], str] = {
    x509.DNSName: "DNS",
    x509.UniformResourceIdentifier: "URI",
    x509.RFC822Name: "MAIL",
}


def _latin(text: str) -> str:
    return text.encode("utf-8").decode("latin-1")


def _listed(items: list[str], separator: str) -> str:
    return separator.join(item.replace(separator, separator * 2) for item in items)


def _name(name: x509.Name, modifiers: list[str], separator: str, *, parted: bool) -> str | None:
    """A distinguished name in the order of the certificate, `parted` as a list; or the values of one type. The items
    of a list keep their escapes, but for commas."""
    rdns = [
        [(_LABELS.get(each.oid, each.oid.dotted_string), _escaped(_latin(str(each.value)))) for each in rdn]
        for rdn in name.rdns
    ]
    for modifier in modifiers:
        wanted = [value.replace("\\,", ",") for rdn in rdns for label, value in rdn if label == modifier]
        return _listed(wanted, separator) if wanted else None
    whole = ["+".join(f"{label}={value}" for label, value in rdn) for rdn in rdns]
    if parted:
        return _listed([each.replace("\\,", ",") for each in whole], separator)
    return ",".join(whole)


def _escaped(value: str) -> str:
    """RFC 4514 escaping (2.4)."""
    text = "".join(f"\\{char}" if char in '\\,+"<>;' else char for char in value)
    if text[:1] in (" ", "#"):
        text = f"\\{text}"
    return f"{text[:-1]}\\ " if text.endswith(" ") and len(value) > 1 else text


def _time(moment: dt.datetime, modifiers: list[str]) -> str:
    seconds = int(moment.timestamp())
    if "int" in modifiers:
        return str(seconds)
    local = moment.astimezone()
    return f"{dates.mbox(seconds)[4:8]}{local.day:2d} {local:%H:%M:%S} {local.year} {local.tzname()}"


def _alternative_names(certificate: x509.Certificate, modifiers: list[str], separator: str) -> str | None:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    wanted = next((modifier.upper() for modifier in modifiers if modifier.upper() in _TAGS.values()), "")
    found: list[str] = []
    for name in names:
        tag = _TAGS.get(type(name))
        if tag is None or (wanted and tag != wanted):
            continue
        value = _latin(str(name.value))
        found.append(value if wanted else f"{tag}={value}")
    return _listed(found, separator) if found else None


def _ocsp(certificate: x509.Certificate, separator: str) -> str | None:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return None
    found = [
        str(entry.access_location.value)
        for entry in access
        if entry.access_method == AuthorityInformationAccessOID.OCSP
    ]
    return _listed(found, separator) if found else None


def _crl(certificate: x509.Certificate, separator: str) -> str | None:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return None
    found = [str(name.value) for point in points for name in point.full_name or ()]
    return _listed(found, separator) if found else None


def _signature_algorithm(certificate: x509.Certificate) -> str:
    hashed: Any = certificate.signature_hash_algorithm
    name = certificate.signature_algorithm_oid._name  # noqa: SLF001 - the library's only readable name
    digest = f"-{hashed.name.upper()}" if hashed is not None else ""
    for family in ("RSA", "ECDSA", "DSA"):
        if family.lower() in name.lower():
            return family + digest
    return str(name)


def extract(der: bytes, field: str) -> str | None:
    """The value of `field` with its modifiers; None when the certificate has none. Raises ExpansionError."""
    name, *modifiers = [part.strip() for part in field.strip().split(",")]
    if field.rstrip().endswith(">,"):
        modifiers = [*modifiers[:-2], ">,"]
    separator = ""
    parted = False
    for modifier in list(modifiers):
        if modifier.startswith(">"):
            separator, parted = modifier[1:2], True
            modifiers.remove(modifier)
    try:
        found = _value(x509.load_der_x509_certificate(der), name, modifiers, separator or "\n", parted=parted)
    except (ValueError, x509.DuplicateExtension) as error:
        # A client may send what the library will not read.
        raise ExpansionError(f"certextract of {name}: the certificate cannot be read: {error}") from error
    return None if found is None else Untainted(found)


def _value(
    certificate: x509.Certificate, name: str, modifiers: list[str], separator: str, *, parted: bool
) -> str | None:
    match name:
        case "version":
            return str(certificate.version.value + 1)
        case "serial_number":
            return f"{certificate.serial_number:x}"
        case "subject":
            return _name(certificate.subject, modifiers, separator, parted=parted)
        case "issuer":
            return _name(certificate.issuer, modifiers, separator, parted=parted)
        case "notbefore":
            return _time(certificate.not_valid_before_utc, modifiers)
        case "notafter":
            return _time(certificate.not_valid_after_utc, modifiers)
        case "sig_algorithm":
            return _signature_algorithm(certificate)
        case "signature":
            return certificate.signature.hex(" ")
        case "subj_altname":
            return _alternative_names(certificate, modifiers, separator)
        case "ocsp_uri":
            return _ocsp(certificate, separator)
        case "crl_uri":
            return _crl(certificate, separator)
        case _:
            raise ExpansionError(f'bad field selector "{name}" for certextract')
