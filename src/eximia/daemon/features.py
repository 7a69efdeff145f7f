"""What the program can do, in the words of `-bV` and of the `_HAVE_*` macros (manual 6.9).

Each feature names the part that brings it, so that nothing is claimed that is not there. A new feature is one line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module

import eximia
from eximia.base.catalogue import Catalogue
from eximia.base.namedtuple import NamedTuple

_ACL = "eximia.acl.catalogue:HANDLERS:"
_CONDITIONS = "eximia.expand.conditions.catalogue:CONDITIONS:"
_ITEMS = "eximia.expand.items.catalogue:ITEMS:"
_LOOKUPS = "eximia.lookups.catalogue:LOOKUPS:"
_SCANNERS = "eximia.scan.scanners.catalogue:SCANNERS:"
#: what the OpenSSL binding brings, which is compiled when the program is set up
TLS = "the OpenSSL binding"


class Feature(NamedTuple):
    """`word` stands in "Support for:" (empty: not mentioned there); `macros` lack their `_HAVE_`. `where` is a module
    that must exist, or `module:catalogue:name`, or TLS, or empty for what is always there."""

    word: str
    macros: str = ""
    where: str = ""


FEATURES = (
    Feature("crypteq", "CRYPTEQ", _CONDITIONS + "crypteq"),
    Feature("iconv()", "ICONV"),
    Feature("IPv6", "IPV6"),
    Feature("PAM", "PAM", _CONDITIONS + "pam"),
    Feature("Perl", "PERL", _ITEMS + "perl"),
    Feature("OpenSSL", "OPENSSL TLS TLS1_3 TLS_ALPN TLS_CA_CACHE", TLS),
    Feature("TLS_resume", "TLS_RESUME", TLS),
    Feature("move_frozen_messages", "MOVE_FROZEN_MESSAGES"),
    Feature("Content_Scanning", "CONTENT_SCANNING", _ACL + "malware"),
    Feature("DANE", "DANE", TLS),
    Feature("DKIM", "DKIM", _ACL + "dkim_status"),
    Feature("DMARC", "DMARC", _ACL + "dmarc_status"),
    Feature("DNSSEC", "DNSSEC"),
    Feature("Event", "EVENT TPDA", "eximia.events.raising"),
    Feature("I18N", "I18N", "eximia.message.idna"),
    Feature("OCSP", "OCSP TLS_OCSP TLS_OCSP_LIST", TLS),
    Feature("PIPECONNECT", "PIPE_CONNECT"),
    Feature("PRDR", "PRDR", "eximia.reception.recipient_data"),
    Feature("PROXY", "PROXY", "eximia.reception.proxy"),
    Feature("Queue_Ramp"),
    Feature("SOCKS", "SOCKS", "eximia.protocols.socks"),
    Feature("SPF", "SPF", _ACL + "spf"),
    Feature("SRS", "SRS NATIVE_SRS", _ITEMS + "srs_encode"),
    Feature("Experimental_ARC", "ARC", "eximia.acl.verify.catalogue:VERIFIERS:arc"),
    Feature("Experimental_Brightmail", "BRIGHTMAIL BMI", "eximia.scan.brightmail"),
    Feature("Experimental_DCC", "DCC", _ACL + "dcc"),
    Feature("Experimental_DomainKeys", "DOMAINKEYS", _ACL + "dk_status"),
    Feature("Experimental_DSN_info", "DSN_INFO", "eximia.delivery.dsn"),
    Feature("Experimental_QUEUEFILE", "QUEUEFILE", "eximia.transports.catalogue:DRIVERS:queuefile"),
    Feature("Experimental_XCLIENT", "XCLIENT", "eximia.reception.commands.xclient"),
    Feature("", "SRS_ALT", "eximia.mailauth.srs"),
    Feature("", "CERTNAMES", TLS),
    Feature("", "ESMTP_LIMITS", "eximia.reception.advertise"),
    Feature("", "WELLKNOWN", "eximia.reception.commands.wellknown"),
    Feature("", "ATRN", "eximia.reception.commands.atrn"),
    Feature("", "AUTH_GSASL_SCRAM_SHA_256 AUTH_GSASL_SCRAM_S_KEY", "eximia.authenticators.catalogue:DRIVERS:gsasl"),
    Feature("", "TRANSPORT_APPEND_MAILDIR TRANSPORT_APPEND_MAILSTORE TRANSPORT_APPEND_MBX"),
    Feature("", "LOOKUP_CDB", _LOOKUPS + "cdb"),
    Feature("", "LOOKUP_DBM", _LOOKUPS + "dbm"),
    Feature("", "LOOKUP_DNSDB", _LOOKUPS + "dnsdb"),
    Feature("", "LOOKUP_DSEARCH", _LOOKUPS + "dsearch"),
    Feature("", "LOOKUP_JSON", _LOOKUPS + "json"),
    Feature("", "LOOKUP_LDAP", _LOOKUPS + "ldap"),
    Feature("", "LOOKUP_LMDB", _LOOKUPS + "lmdb"),
    Feature("", "LOOKUP_LSEARCH", _LOOKUPS + "lsearch"),
    Feature("", "LOOKUP_MYSQL", _LOOKUPS + "mysql"),
    Feature("", "LOOKUP_PASSWD", _LOOKUPS + "passwd"),
    Feature("", "LOOKUP_PGSQL", _LOOKUPS + "pgsql"),
    Feature("", "LOOKUP_PSL", _LOOKUPS + "psl"),
    Feature("", "LOOKUP_REDIS", _LOOKUPS + "redis"),
    Feature("", "LOOKUP_REGDOM", _LOOKUPS + "regdom"),
    Feature("", "LOOKUP_SPF", _LOOKUPS + "spf"),
    Feature("", "LOOKUP_SQLITE", _LOOKUPS + "sqlite"),
    Feature("", "MALWARE_AVAST", _SCANNERS + "avast"),
    Feature("", "MALWARE_AVE", _SCANNERS + "aveserver"),
    Feature("", "MALWARE_CLAMD", _SCANNERS + "clamd"),
    Feature("", "MALWARE_CMDLINE", _SCANNERS + "cmdline"),
    Feature("", "MALWARE_DRWEB", _SCANNERS + "drweb"),
    Feature("", "MALWARE_FPROT6D", _SCANNERS + "f-prot6d"),
    Feature("", "MALWARE_FPROTD", _SCANNERS + "f-protd"),
    Feature("", "MALWARE_FSECURE", _SCANNERS + "fsecure"),
    Feature("", "MALWARE_KAV", _SCANNERS + "kavdaemon"),
    Feature("", "MALWARE_MKSD", _SCANNERS + "mksd"),
    Feature("", "MALWARE_SOCK", _SCANNERS + "sock"),
    Feature("", "MALWARE_SOPHIE", _SCANNERS + "sophie"),
)


def present(feature: Feature) -> bool:
    """Whether the part that brings a feature is there, and not only to be refused with a clear message."""
    if feature.where == TLS:
        from eximia.tls.binding import is_built

        return is_built()
    module, _, rest = feature.where.partition(":")
    if not module:
        return True
    if not _is_there(module):
        return False
    if not rest:
        return True
    name, _, key = rest.partition(":")
    catalogue: Catalogue[object] = getattr(import_module(module), name)
    return key in catalogue and ".refused:" not in catalogue.where(key)


def _is_there(module: str) -> bool:
    """Whether a module of ours exists. The import system would tell too, but it runs all packages above the module."""
    path = os.path.join(os.path.dirname(eximia.__path__[0]), *module.split("."))
    return os.path.isfile(path + ".py") or os.path.isdir(path)


def words() -> Iterator[str]:
    """What stands in "Support for:"."""
    return (each.word for each in FEATURES if each.word and present(each))


def macros() -> dict[str, Feature]:
    """The names of the `_HAVE_` macros, and the feature that each tells of."""
    return {f"_HAVE_{name}": each for each in FEATURES for name in each.macros.split()}
