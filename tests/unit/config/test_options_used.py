"""Every option is used by some code outside its declaration, or its name stands in the list of those without effect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from eximia.authenticators.options.catalogue import AUTHENTICATOR_OPTIONS
from eximia.base.options import Declaration
from eximia.config.main import MainOptions
from eximia.routers.options.catalogue import ROUTER_OPTIONS
from eximia.transports.options.catalogue import TRANSPORT_OPTIONS

TOP = Path(__file__).parents[3]
SOURCE = TOP / "src" / "eximia"
#: drivers that are refused when they are named
REFUSED = {"cyrus_sasl", "heimdal_gssapi"}
#: read by names that are put together
COMPOSED = re.compile(r"system_filter_\w+_transport|forbid_filter_\w+|srs_\w+|tls_\w+")


def declared() -> Iterator[tuple[str, Declaration]]:
    for one in MainOptions.declared.values():
        yield "main", one
    for catalogue in (ROUTER_OPTIONS, TRANSPORT_OPTIONS, AUTHENTICATOR_OPTIONS):
        for driver in catalogue:
            options = catalogue.get(driver)
            assert options is not None
            if driver not in REFUSED:
                yield from ((driver, one) for one in options.declared.values())


def test_options_without_effect_are_named() -> None:
    words: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        if not {"options", "main"} & set(path.relative_to(SOURCE).parts):
            words |= set(re.findall(r"\w+", path.read_text()))
    unused = {
        one.name
        for _, one in declared()
        if one.field not in words and not one.sets and not COMPOSED.fullmatch(one.name)
    }
    page = (TOP / "docs" / "compat" / "options.md").read_text()
    named = {name for row in re.findall(r"(?m)^\| (`.*?) \|", page) for name in re.findall(r"`(\w+)`", row)}
    assert unused <= named, "options that nothing reads"
    assert len(named) <= 16
