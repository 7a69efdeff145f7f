"""`percent_hack_domains` (manual 14)."""

import pytest

from eximia.base.template import Template
from eximia.rewrite.percent_hack import reinterpreted
from support_policy import make_context


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("a%b.com@here", "a@b.com"),
        ("a%b%here@here", "a@b"),
        ("a%b.com@HERE", "a@b.com"),
        ("a%b.com@there", "a%b.com@there"),
        ("a@here", "a@here"),
    ],
)
def test_addresses(address: str, meant: str) -> None:
    ctx = make_context()
    assert reinterpreted(ctx, address) == address
    ctx.process.main = ctx.process.main.replace(percent_hack_domains=Template("here"))
    assert reinterpreted(ctx, address) == meant
