"""Reading ACLs: statements, items, and Exim's words for what is wrong."""

import pytest

from eximia.acl.model import ItemKind
from eximia.acl.parse import logical_lines, parse_acl, parse_text
from eximia.base.errors import ConfigError
from eximia.base.span import Span


def test_statements_items_and_places() -> None:
    acl = parse_text(
        "",
        "accept hosts = 1.2.3.4 : \\\n   5.6.7.8\n# comment\n\n  !domains=a.b\n  endpass\n"
        "warn set acl_m_x = 1\n   message = $acl_m_x\n",
        Span("conf", 5),
    )
    accept, warn = acl.statements
    assert [(item.name, item.negated, item.template.text) for item in accept.items] == [
        ("hosts", False, "1.2.3.4 : 5.6.7.8"),
        ("domains", True, "a.b"),
        ("endpass", False, ""),
    ]
    assert [item.kind for item in warn.items] == [ItemKind.SET, ItemKind.MESSAGE]
    assert warn.items[0].variable == "acl_m_x"
    assert warn.items[0].shown == "set acl_m_x"


@pytest.mark.parametrize(
    "text, message",
    [
        ("acept", 'unknown ACL verb "acept" in "acept"'),
        ("!accept", 'malformed ACL line "!accept"'),
        ("accept foo = bar", 'unknown ACL condition/modifier in "accept foo = bar"'),
        ("accept !!condition = yes", 'unknown ACL condition/modifier in "accept !!condition = yes"'),
        ("accept !message = x", 'ACL error: negation is not allowed with "message"'),
        ("accept !control = x", 'ACL error: negation is not allowed with "control"'),
        ("accept domains", '"=" missing after ACL "domains" condition'),
        ("accept message", '"=" missing after ACL "message" modifier'),
        ("deny endpass", 'ACL error: "endpass" is not allowed with "deny"'),
        (
            "warn set acl_x = 3",
            'invalid variable name after "set" in ACL modifier "set acl_x = 3" (must start "acl_c" or "acl_m")',
        ),
        (
            "warn set acl_m = 3",
            'invalid variable name after "set" in ACL modifier "set acl_m = 3" (digit or underscore must follow acl_c or acl_m)',
        ),
        ("warn set acl_m_a-b = 3", 'invalid character "-" in variable name in ACL modifier "set acl_m_a-b = 3"'),
        ("warn set acl_m_a 3", '"=" missing after ACL "set" modifier'),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_text("", text, Span("conf", 1))
    assert caught.value.message == message


def test_all_errors_of_an_acl_are_found_with_their_lines() -> None:
    lines = list(logical_lines("accept\n  domian = x\n  hosts\n", Span("conf", 10)))
    acl, errors = parse_acl("a", Span("conf", 9), lines)
    assert [(error.span.line, error.message.partition(" in ")[0]) for error in errors] == [
        (11, "error"),
        (12, "error"),
    ]
    assert errors[0].hint == 'did you mean "domains"?'
    assert len(acl.statements) == 1
