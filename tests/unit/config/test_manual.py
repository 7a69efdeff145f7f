"""Every option of the manual is declared, with the type that the manual gives it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from eximia.authenticators.options.catalogue import AUTHENTICATOR_OPTIONS
from eximia.authenticators.options.generic import AuthenticatorOptions
from eximia.base.options import Kind, OptionSet
from eximia.config.main import MainOptions
from eximia.routers.options.catalogue import ROUTER_OPTIONS
from eximia.routers.options.generic import RouterOptions
from eximia.transports.options.catalogue import TRANSPORT_OPTIONS
from eximia.transports.options.generic import TransportOptions

MANUAL = Path("/usr/share/doc/exim4-base/spec.txt.gz")
ROW = re.compile(r"^\|([a-z0-9_]+)\|Use:\s*([^|]+)\|Type:\s*([^|]+)\|Default:", re.MULTILINE)

GENERIC: dict[str, type[OptionSet]] = {
    "main": MainOptions,
    "routers": RouterOptions,
    "transports": TransportOptions,
    "authenticators": AuthenticatorOptions,
}
KINDS = {
    "boolean": {Kind.BOOL},
    "boolean*": {Kind.EXPAND_BOOL},
    "time": {Kind.TIME, Kind.INTEGER},
    "octal integer": {Kind.OCTAL},
    "fixed-point": {Kind.FIXED},
    "domain list*": {Kind.DOMAIN_LIST},
    "host list*": {Kind.HOST_LIST, Kind.EXPAND},
    "address list*": {Kind.ADDRESS_LIST},
    "local part list*": {Kind.LOCAL_PART_LIST},
}


def rows() -> Iterator[tuple[str, str, str]]:
    if not MANUAL.exists():
        return
    text = gzip.decompress(MANUAL.read_bytes()).decode("utf-8", "replace")
    for name, use, kind in ROW.findall(text):
        yield use.rstrip("*"), name, kind


def options_of(use: str) -> type[OptionSet] | None:
    if use in GENERIC:
        return GENERIC[use]
    for catalogue in (ROUTER_OPTIONS, TRANSPORT_OPTIONS, AUTHENTICATOR_OPTIONS):
        found = catalogue.get(use)
        if found is not None:
            return found
    return None


@pytest.mark.skipif(not MANUAL.exists(), reason="the manual is not installed")
def test_every_option_of_the_manual_is_declared() -> None:
    missing = []
    wrong = []
    count = 0
    for use, name, kind in rows():
        options = options_of(use)
        if options is None:
            continue
        count += 1
        one = options.declared.get(options.renamed.get(name, name))
        if one is None:
            missing.append(f"{use} {name}")
        elif one.kind not in KINDS.get(kind, {one.kind}) and (use, name) not in NEWER:
            wrong.append(f"{use} {name}: {kind} is {one.kind}")
    assert count > 500
    assert not missing
    assert not wrong


#: options that may be expanded though the manual (4.96) does not say so
NEWER = {("appendfile", "maildir_use_size_file"), ("manualroute", "hosts_randomize"), ("smtp", "hosts_randomize")}


@pytest.mark.parametrize(
    "options", [*GENERIC.values(), *(c.get(n) for c in (ROUTER_OPTIONS, TRANSPORT_OPTIONS) for n in c)]
)
def test_documentation_is_one_sentence(options: type[OptionSet]) -> None:
    for name, one in options.declared.items():
        assert one.doc, name
        assert "\n" not in one.doc
        assert one.doc.endswith("."), name
