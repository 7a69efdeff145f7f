"""Host lists and match_ip."""

import pytest

from eximia.base.errors import Defer
from eximia.base.template import Template
from eximia.lists import match_host, match_ip
from support_policy import define, make_context


@pytest.fixture
def ctx(tmp_path):
    context = make_context(local_interfaces="127.0.0.1 : 10.9.8.7")
    resolver = context.process.ports.resolver
    resolver.host("host.t.ex", "10.1.1.1", "2001:db8::1")
    resolver.add("2.1.1.10.in-addr.arpa", "PTR", "liar.t.ex")
    resolver.host("liar.t.ex", "10.9.9.9", reverse=False)
    resolver.host("multi1.t.ex", "10.1.1.4")
    resolver.host("multi2.t.ex", "10.1.1.4")
    resolver.host("two.t.ex", "10.2.2.1", "10.2.2.2", reverse=False)
    resolver.host("mail.test.ex", "10.9.8.7", reverse=False)
    define(context, "host", "h1", "10.0.0.0/8 : 192.0.2.1")
    (tmp_path / "ipl").write_text(
        '1.2.3.4: one\n192.168.0.0/16: net16\n"abcd::cdab": v6\n"abcd:abcd::/32" v6net\n10.0.0.0/8 ten\n'
    )
    (tmp_path / "names").write_text("host.t.ex: by name\nmulti2.t.ex: second\n")
    return context


def result(ctx, items, address):
    ctx.session.sender_host_address = address
    found = match_host(Template(items), ctx)
    return None if found is None else found.data


@pytest.mark.parametrize(
    "items, address, data",
    [
        ("10.1.1.1", "10.1.1.1", ""),
        ("10.0.0.0/8", "10.1.1.1", ""),
        ("!10.1.0.0/16 : 10.0.0.0/8", "10.1.1.1", None),
        ("!10.1.0.0/16 : 10.0.0.0/8", "10.2.1.1", ""),
        ("10.0.0.0/8 : !10.1.0.0/16", "10.1.1.1", ""),
        ("<; 2001:db8::/32", "2001:db8::1", ""),
        ("2001::db8::::1", "2001:db8::1", ""),
        ("10.1.1.1", "::ffff:10.1.1.1", ""),
        ("host.t.ex", "10.1.1.1", ""),
        ("HOST.t.ex", "2001:db8::1", ""),
        ("two.t.ex", "10.2.2.2", ""),
        ("two.t.ex", "10.1.1.1", None),
        ("*.t.ex", "10.1.1.1", "*.t.ex"),
        ("^h(.*)t.ex", "10.1.1.1", "^h(.*)t.ex"),
        ("*2.t.ex", "10.1.1.4", "*2.t.ex"),
        ("*.t.ex : 10.2.2.2", "10.2.2.2", None),
        ("!*.t.ex", "10.2.2.2", None),
        ("+ignore_unknown : *.t.ex : 10.2.2.2", "10.2.2.2", ""),
        ("+include_unknown : *.t.ex", "10.2.2.2", ""),
        ("+include_unknown : !*.t.ex", "10.2.2.2", ""),
        ("+ignore_unknown : *.t.ex", "10.2.2.2", None),
        ("*.t.ex", "10.1.1.2", None),
        ("nosuch.t.ex : *", "10.1.1.1", None),
        ("+ignore_unknown : nosuch.t.ex : *", "10.1.1.1", ""),
        ("+ignore_defer : fail.t.ex : 10.1.1.1", "10.1.1.1", ""),
        ("+include_defer : fail.t.ex : 10.9.9.9", "10.1.1.1", ""),
        ("@", "10.9.8.7", ""),
        ("@[]", "127.0.0.1", ""),
        ("@[]", "10.1.1.1", None),
        ("*", "", ""),
        (":", "", ""),
        (":", "10.1.1.1", None),
        ("10.1.1.1", "", None),
        ("!10.1.1.1", "", ""),
        ("+h1", "10.1.1.1", ""),
        ("10.1.1", "10.1.0.1", ""),
        ("net-iplsearch;{}/ipl", "10.1.1.1", "ten"),
        ("net-iplsearch;{}/ipl", "abcd:abcd:1::2", "v6net"),
        ("net16-lsearch;{}/ipl", "192.168.7.7", "net16"),
        ("net24-lsearch;{}/ipl", "192.168.7.7", None),
        ("lsearch;{}/names", "10.1.1.1", "by name"),
        ("lsearch;{}/names", "10.1.1.4", "second"),
        ("lsearch;{}/names : *", "10.1.1.2", None),
    ],
)
def test_items(ctx, tmp_path, items, address, data):
    assert result(ctx, items.format(tmp_path), address) == data


def test_a_name_that_cannot_be_looked_up_now_defers(ctx):
    with pytest.raises(Defer, match=r'DNS lookup of "fail\.t\.ex" deferred'):
        result(ctx, "fail.t.ex : *", "10.1.1.1")


def test_iplsearch_by_name_defers_with_advice(ctx, tmp_path):
    with pytest.raises(Defer, match="use net-iplsearch"):
        result(ctx, f"iplsearch;{tmp_path}/ipl", "10.1.1.1")


def test_log_lines(ctx):
    result(ctx, "+include_unknown : *.t.ex", "10.2.2.2")
    assert ctx.process.log.lines == [
        "no host name found for IP address 10.2.2.2",
        "failed to find host name for 10.2.2.2: accepted by +include_unknown",
    ]


def test_address_items_ask_no_dns(ctx):
    result(ctx, "10.0.0.0/8 : *.t.ex", "10.1.1.1")
    assert ctx.process.ports.resolver.asked == []
    result(ctx, "192.0.2.0/24 : *.t.ex : *.x", "10.1.1.1")
    count = len(ctx.process.ports.resolver.asked)
    result(ctx, "192.0.2.0/24 : *.other", "10.1.1.1")
    assert len(ctx.process.ports.resolver.asked) == count


def test_other_hosts_than_the_client(ctx):
    ctx.session.sender_host_address = "10.1.1.1"
    assert match_host(Template("*.peer.ex"), ctx, "192.0.2.9", "mx.peer.ex")
    assert match_host(Template("192.0.2.0/24"), ctx, "192.0.2.9", "mx.peer.ex")
    assert match_host(Template("10.0.0.0/8"), ctx, "192.0.2.9", "mx.peer.ex") is None
    assert match_host(Template("*.t.ex"), ctx, "10.1.1.4") is not None


@pytest.mark.parametrize(
    "items, address, found",
    [
        ("1.2.3.4", "1.2.3.4", True),
        ("1.2.3.0/24", "1.2.3.4", True),
        ("1.2.3.4/33", "1.2.3.4", True),
        ("1.2.3.4/", "1.2.3.4", True),
        ("1.2.3.4/0", "9.9.9.9", True),
        ("1.2.3.4/x", "1.2.3.4", False),
        ("*", "", True),
        (":", "", True),
        ("!1.2.3.4", "", True),
        ("host.t.ex : 1.2.3.4", "1.2.3.4", False),
        ("+ignore_unknown : *.name : 1.2.3.4", "1.2.3.4", True),
        ("iplsearch;{}/ipl", "192.168.3.4", True),
        ("+h1", "10.2.3.4", True),
        ("3ffe::ffff::836f::::/48", "3ffe:ffff:836f::5", True),
        ("<; ::ffff:1.2.3.4", "1.2.3.4", False),
    ],
)
def test_match_ip(ctx, tmp_path, items, address, found):
    assert (match_ip(Template(items.format(tmp_path)), address, ctx) is not None) is found
    assert ctx.process.ports.resolver.asked == []
