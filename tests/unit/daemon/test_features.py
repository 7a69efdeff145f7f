"""What is claimed is there."""

from __future__ import annotations

import pytest

from eximia.daemon.features import FEATURES, Feature, macros, present, words


def test_words_and_macros() -> None:
    assert {"crypteq", "IPv6", "Experimental_QUEUEFILE"} <= set(words())
    assert {"_HAVE_LOOKUP_LSEARCH", "_HAVE_IPV6"} <= set(macros())
    assert present(macros()["_HAVE_LOOKUP_LSEARCH"])
    for name in [
        "QUEUEFILE",
        "BRIGHTMAIL",
        "BMI",
        "DCC",
        "DSN_INFO",
        "CERTNAMES",
        "ESMTP_LIMITS",
        "WELLKNOWN",
        "ATRN",
        "XCLIENT",
        "LOOKUP_PSL",
        "LOOKUP_REGDOM",
        "TLS_CA_CACHE",
        "AUTH_GSASL_SCRAM_SHA_256",
        "AUTH_GSASL_SCRAM_S_KEY",
    ]:
        assert present(macros()[f"_HAVE_{name}"]), name
    names = [name for feature in FEATURES for name in feature.macros.split()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("where", "there"),
    [
        ("", True),
        ("eximia.daemon.features", True),
        ("eximia.nosuch", False),
        ("eximia.nosuch.deeper", False),
        ("eximia.lookups.catalogue:LOOKUPS:lsearch", True),
        ("eximia.lookups.catalogue:LOOKUPS:nosuch", False),
        ("eximia.lookups.catalogue:LOOKUPS:oracle", False),  # only there to be refused
    ],
)
def test_presence(where: str, there: bool) -> None:
    assert present(Feature("x", "X", where)) is there
