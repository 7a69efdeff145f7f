"""How many of the sessions and commands given to an installed Exim and to us come to something different: fewer than
one in fifty, each named with its reason in docs/compat/compared.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from . import (
    condition_cases,
    cutthrough_cases,
    daemon_cases,
    dsn_cases,
    event_cases,
    extension_cases,
    own_cases,
    policy_cases,
    prdr_cases,
    published_cases,
    queue_cases,
    reception_cases,
    retrying_cases,
    store_cases,
    test_acl,
    test_auth,
    test_deliveries,
    test_dkim,
    test_transport_options,
    test_transports,
    verify_cases,
    way_cases,
)

PAGE = Path(__file__).parents[2] / "docs" / "compat" / "compared.md"

_DIALOGUES = {
    "condition": condition_cases.CASES,
    "cutthrough": cutthrough_cases.CASES,
    "dkim": test_dkim.SENT,
    "dsn": dsn_cases.CASES,
    "event": event_cases.CASES,
    "extension": extension_cases.CASES,
    "own": own_cases.CASES,
    "policy": policy_cases.CASES,
    "prdr": prdr_cases.CASES,
    "published": published_cases.CASES,
    "retrying": retrying_cases.CASES,
    "store": store_cases.CASES,
    "verify": verify_cases.CASES,
    "way": way_cases.CASES,
    "appendfile": test_transports.APPENDFILE,
    "pipe": test_transports.PIPE,
    "smtp": test_transports.SMTP,
    "lmtp": test_transports.LMTP,
    "autoreply": test_transports.AUTOREPLY,
    "transport option": test_transport_options.CASES,
}
#: these have nothing that could say that they differ
_SAME = (
    reception_cases.CASES,
    queue_cases.CASES,
    daemon_cases.CASES,
    test_deliveries.CASES,
    test_auth.DIALOGUES,
    list(test_acl.cases()),
)


def different() -> Iterator[str]:
    for family, cases in _DIALOGUES.items():
        for name, case in cases.items():
            if case.differs:
                yield f"{family}: {name}"


def total() -> int:
    return sum(len(cases) for cases in (*_DIALOGUES.values(), *_SAME))


def test_fewer_than_one_in_fifty_differ() -> None:
    assert total() >= 1000
    assert len(list(different())) * 50 < total()


def test_the_page_names_them() -> None:
    text = PAGE.read_text()
    assert set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)) == set(different())
    told = re.search(r"more than (\d+)\s+cases, (\d+)\s+of them", text)
    assert told is not None
    assert (int(told[1]) < total(), int(told[2])) == (True, len(list(different())))
