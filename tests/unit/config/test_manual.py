"""Every option of the manual is declared, with the type and the default that the manual gives it.

`manual_options.txt` has a line for each option summary of the manual; the default is compared with what `-bP` shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eximia.authenticators.options.catalogue import AUTHENTICATOR_OPTIONS
from eximia.authenticators.options.generic import AuthenticatorOptions
from eximia.base.options import Declaration, Kind, OptionSet
from eximia.config.main import MainOptions
from eximia.config.printing import show_value
from eximia.routers.options.catalogue import ROUTER_OPTIONS
from eximia.routers.options.generic import RouterOptions
from eximia.transports.options.catalogue import TRANSPORT_OPTIONS
from eximia.transports.options.generic import TransportOptions

FACTS = Path(__file__).with_name("manual_options.txt")

GENERIC: dict[str, type[OptionSet]] = {
    "main": MainOptions,
    "routers": RouterOptions,
    "transports": TransportOptions,
    "authenticators": AuthenticatorOptions,
}
TEXTS = {Kind.STRING, Kind.EXPAND, Kind.STRING_LIST, Kind.SPECIAL}
INTEGERS = {Kind.INTEGER, Kind.KILO, Kind.KIBI}
KINDS = {
    "boolean": {Kind.BOOL},
    "bool": {Kind.BOOL},
    "boolean*": {Kind.EXPAND_BOOL},
    "integer": INTEGERS,
    "integer*": {Kind.EXPAND_INTEGER, *INTEGERS},
    "time": {Kind.TIME},
    "time*": {Kind.EXPAND_TIME},
    "time list": {Kind.TIME_LIST},
    "octal integer": {Kind.OCTAL, Kind.EXPAND_OCTAL},
    "fixed-point": {Kind.FIXED},
    "domain list*": {Kind.DOMAIN_LIST},
    "host list*": {Kind.HOST_LIST},
    "address list*": {Kind.ADDRESS_LIST},
    "local part list*": {Kind.LOCAL_PART_LIST},
    "list*": {Kind.EXPAND},
    "string": {*TEXTS, Kind.UID, Kind.GID, Kind.REWRITE},
    "string*": {*TEXTS, Kind.EXPAND_UID, Kind.EXPAND_GID, Kind.EXPAND_INTEGER},
    "string list": {*TEXTS, Kind.UID_LIST, Kind.GID_LIST},
    "string list*": {*TEXTS, Kind.UID_LIST, Kind.GID_LIST, Kind.DOMAIN_LIST},
    "string list, comma separated": {Kind.STRING},
}
#: what the manual explains in words; the words are compared nowhere
EXPLAINED = {
    "see below",
    "See below",
    "see description",
    "compile-time configured",
    "set at compile time",
    "system",
    "Exim user",
    "Exim group",
    "current version",
    "the primary host name",
    "per RFC",
    "",
}


def rows() -> Iterator[tuple[str, str, str, str]]:
    for line in FACTS.read_text().splitlines():
        if not line.startswith("#"):
            use, name, kind, default = line.split(" | ")
            yield use, name, kind, default


def options_of(use: str) -> type[OptionSet]:
    if use in GENERIC:
        return GENERIC[use]
    for catalogue in (ROUTER_OPTIONS, TRANSPORT_OPTIONS, AUTHENTICATOR_OPTIONS):
        found = catalogue.get(use)
        if found is not None:
            return found
    raise KeyError(use)


def declaration(use: str, name: str) -> Declaration | None:
    options = options_of(use)
    return options.declared.get(options.renamed.get(name, name))


def test_every_option_of_the_manual_is_declared() -> None:
    missing = [f"{use} {name}" for use, name, _, _ in rows() if declaration(use, name) is None]
    assert not missing
    assert len(list(rows())) > 650


def test_types_are_the_manuals() -> None:
    wrong = []
    for use, name, kind, _ in rows():
        one = declaration(use, name)
        if one is not None and one.kind not in KINDS[kind] and (use, name) not in NEWER:
            wrong.append(f"{use} {name}: {kind} is {one.kind}")
    assert not wrong


def shown(one: Declaration) -> str:
    if one.kind in (Kind.BOOL, Kind.EXPAND_BOOL):
        return "true" if one.default else "false"
    if one.default is None or one.default == ():
        return "unset"
    return show_value(one.kind, one.default)


def _plain(default: str) -> str:
    """A default without quotes, blanks at separators, and with times and nothing written in one way."""
    text = default.strip('".').replace(" : ", ":")
    return {"7d": "1w", "24h": "1d", "empty": "unset", "0": "unset", "0s": "unset"}.get(text, text)


def test_defaults_are_the_manuals() -> None:
    wrong = []
    for use, name, _, default in rows():
        one = declaration(use, name)
        if one is None or default in EXPLAINED or (use, name) in OTHER_DEFAULTS:
            continue
        if _plain(default) != _plain(shown(one)):
            wrong.append(f"{use} {name}: {default} is {shown(one)}")
    assert not wrong


#: options that may be expanded, or have another form, in newer versions than that of the manual (those of queryprogram
#: are expanded in 4.96, too)
NEWER = {
    ("main", "recipients_max"),
    ("main", "sqlite_lock_timeout"),
    ("manualroute", "hosts_randomize"),
    ("queryprogram", "command_group"),
    ("queryprogram", "command_user"),
    ("appendfile", "maildir_use_size_file"),
    ("autoreply", "once_repeat"),
    ("smtp", "hosts_randomize"),
    ("smtp", "hosts_try_auth"),
    ("smtp", "max_rcpt"),
}
#: options whose default the manual gives in another form, or that newer versions have changed
OTHER_DEFAULTS = {
    ("main", "dmarc_forensic_sender"),
    ("main", "gnutls_allow_auto_pkcs11"),
    ("main", "gnutls_compat_mode"),
    ("main", "ldap_version"),
    ("main", "openssl_options"),
    ("main", "sqlite_lock_timeout"),
    ("smtp", "gnutls_compat_mode"),
    # Exim prints nothing for it: its default is known to the driver only
    ("iplookup", "protocol"),
}


@pytest.mark.parametrize(
    "options", [*GENERIC.values(), *(c.get(n) for c in (ROUTER_OPTIONS, TRANSPORT_OPTIONS) for n in c)]
)
def test_documentation_is_one_sentence(options: type[OptionSet]) -> None:
    for name, one in options.declared.items():
        assert one.doc, name
        assert "\n" not in one.doc
        assert one.doc.endswith("."), name
