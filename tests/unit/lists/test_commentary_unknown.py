"""With -bh commentary a list comes out as without it, also when a host's name cannot be found."""

import pytest

from eximia.base.template import Template
from eximia.base.trace import Trace
from eximia.lists import match_host
from support_policy import make_context


@pytest.mark.parametrize(
    "items, found",
    [
        ("*.t.ex : 10.2.2.2", False),
        ("!*.t.ex", False),
        ("!*.t.ex : *", False),
        ("10.2.2.2 : *.t.ex", True),
        ("!10.2.2.2 : *", False),
        ("!10.9.9.9", True),
    ],
)
@pytest.mark.parametrize("told", [False, True])
def test_unknown_name_ends_the_list(items, found, told):
    ctx = make_context()
    if told:
        ctx.process.trace = Trace()
        ctx.process.trace.categories = frozenset({"lists"})
    ctx.session.sender_host_address = "10.2.2.2"
    assert (match_host(Template(items), ctx) is not None) is found
