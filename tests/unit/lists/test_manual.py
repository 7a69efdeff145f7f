"""The examples of the manual's chapters 9 (lookups), 10 (lists) and 31 (rewriting), as printed, with what the text says
of them. `DIR` stands for a folder with the files that the examples name; dbm and cdb files are read as lsearch ones."""

from __future__ import annotations

import pytest

from eximia.base.errors import ExpansionError
from eximia.base.span import Span
from eximia.base.template import Template
from eximia.config.lines import Line
from eximia.expand import expand_text
from eximia.lists import match_address, match_domain, match_host, match_local_part
from eximia.rewrite.rules import bind_rules
from eximia.rewrite.testing import rewrite_report
from support_policy import clean, define, make_context

FILES = {
    "some-file": "192.168.3.4: domain1:domain2\n192.168.1.9: domain3:domain4\n192.168.5.6: lsearch;DIR/another-file\n",
    "another-file": "domain1:\ndomain2:\n",
    "mix-aliases": "jane@eyre.example: jane\n*@eyre.example: anybody\n*: root\n",
    "partial": "*.dates.fict.example: dates\nexact.example: exact\n",
    "dotted": ".b.c: found\n",
    "bare": "b.c: two\nc: one\n",
    "nohold-domains": "!a.b.c\n*.b.c\n",
    "not-comment": "not#comment@x.y.z   # but this is a comment\n# this too\n",
    "badsenders": "alice@w.example: x\n",
    "bydomain": "d.example: bob@x.example : *@y.example\n",
    "unqualnets": "172.16.0.0/12\n3ffe:ffff:836f::/48\n",
    "book": "*.penguin.example: x\n",
    "hosts-by-ip": "192.168.34.6: x\n",
    "networks": "192.168.34.0/24: x\n",
    "host-list": "good.example: x\n",
    "dodgy": "*.dodgy.example: x\n",
    "bad-domains": "bad.example: x\n",
    "whole": "user1@domain1.example: a\n*@domain2.example: b\n",
    "reject-by-domain": (
        "baddomain.com:  !postmaster : *\naol.com:  spammer1 : spammer2 : ^[0-9]+$ :\n  spammer3 : spammer4\n"
    ),
    "chain": "aol.com: spammer1 : spammer 2 : >*\nxyz.com: spammer3 : >*\n*:       ^\\d{8}$\n",
    "realnames": "fp42: Ford.Prefect\n",
    "passwd": "root\n",
    "rewrite": "*.baz.example: x\nfixed.example: x\n",
}


@pytest.fixture
def ctx(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text.replace("DIR", str(tmp_path)))
    context = make_context(qualify_domain=clean("hitch.fict.example"), qualify_recipient=clean("hitch.fict.example"))
    context.process.caches["folder"] = tmp_path
    resolver = context.process.ports.resolver
    resolver.host("friend.example", "192.168.4.4")
    resolver.host("a.c.d", "192.0.2.1")
    resolver.host("x.enemy.ex", "192.0.2.66")
    resolver.host("host1.example", "10.0.0.1", reverse=False)
    resolver.host("one.host.com", "10.1.0.1", reverse=False)
    resolver.host("two.host.com", "10.1.0.2", reverse=False)
    resolver.host("x.example", "10.3.0.1", "2001:db8::3", reverse=False)
    resolver.add("a.b.example", "MX", 5, "mail.example")
    resolver.add("a.b.example", "TXT", "one", "two")
    resolver.add("one.domain.com", "TXT", "first")
    resolver.add("two.domain.com", "TXT", "second")
    resolver.add("example.org", "SPF", "v=spf1 ", "-all")
    resolver.add("4.3.2.1.in-addr.arpa", "PTR", "h1.example")
    resolver.add("8.6.5.4.in-addr.arpa", "PTR", "h2.example")
    resolver.add("5.4.168.192.in-addr.arpa", "PTR", "h3.example")
    resolver.add("b.example.com", "SOA", "ns.example", "root.example", 1, 2, 3, 4, 5)
    resolver.add("quercite.com", "NS", "ns.quercite.com")
    resolver.add("edu", "NS", "ns.edu")
    for kind, name, text in (
        ("domain", "local_domains", "localhost:my.dom.example"),
        ("host", "relay_from_hosts", "192.168.23.0/24 : my.friend.example"),
        ("address", "bad_senders", f"lsearch;{tmp_path}/badsenders"),
        ("domain", "dom1", "first.example : second.example"),
        ("domain", "dom2", "+dom1 : third.example"),
        ("domain", "dom3", "fourth.example : +dom2 : fifth.example"),
        ("domain", "neg1", "!a.b"),
        ("domain", "neg2", "+neg1 : *.b"),
        ("host", "alist", "host1 : host2"),
        ("domain", "hostile_domains", "hostile.example"),
        ("address", "my_list", "a@b.example"),
        ("domain", "my_list", "b.example"),
    ):
        define(context, kind, name, text)
    return context


def text_of(ctx, text):
    return text.replace("DIR", str(ctx.process.caches["folder"]))


DOMAINS = [
    # 9.1, 9.7
    ("${lookup{$sender_host_address}lsearch{DIR/some-file}}", "domain2", True),
    ("${lookup{$sender_host_address}lsearch{DIR/some-file}}", "domain3", False),
    ("lsearch;DIR/another-file", "domain1", True),
    ("lsearch;DIR/another-file", "domain9", False),
    ("partial(.)lsearch;DIR/dotted", "a.b.c", True),
    ("partial1()lsearch;DIR/bare", "a.x.c", True),
    # 10.2, 10.3
    ("!a.b.c : *.b.c", "x.b.c", True),
    ("!a.b.c : *.b.c", "a.b.c", False),
    ("!a.b.c : *.b.c", "other", False),
    ("!a.b.c", "a.b.c", False),
    ("!a.b.c", "other", True),
    ("!DIR/nohold-domains", "a.b.c", True),
    ("!DIR/nohold-domains", "x.b.c", False),
    # 10.6
    ("+local_domains", "my.dom.example", True),
    ("! +local_domains", "my.dom.example", False),
    ("! +local_domains", "far.example", True),
    ("+dom3", "first.example", True),
    ("+dom3", "fifth.example", True),
    ("+dom3", "sixth.example", False),
    ("+neg2", "x.y", True),
    ("!a.b : *.b", "x.y", False),
    # 10.9
    ("@", "mail.test.ex", True),
    ("*key.ex", "donkey.ex", True),
    ("*key.ex", "cipher.key.ex", True),
    ("*key.ex", "key.example", False),
    ("partial-lsearch;DIR/partial", "2001.dates.fict.example", True),
    ("partial-lsearch;DIR/partial", "dates.fict.example", True),
    ("partial3-lsearch;DIR/partial", "2250.dates.fict.example", True),
    ("lsearch*;DIR/mix-aliases", "anything", True),
    (
        (
            "@ : lib.unseen.edu : *.foundation.fict.example : \\N^[1-2]\\d{3}\\.fict\\.example$\\N : "
            "partial-lsearch;DIR/book"
        ),
        "1984.fict.example",
        True,
    ),
    (
        (
            "@ : lib.unseen.edu : *.foundation.fict.example : \\N^[1-2]\\d{3}\\.fict\\.example$\\N : "
            "partial-lsearch;DIR/book"
        ),
        "x.penguin.example",
        True,
    ),
    (
        (
            "@ : lib.unseen.edu : *.foundation.fict.example : \\N^[1-2]\\d{3}\\.fict\\.example$\\N : "
            "partial-lsearch;DIR/book"
        ),
        "3001.fict.example",
        False,
    ),
]


@pytest.mark.parametrize(("items", "domain", "found"), DOMAINS)
def test_domain_lists(ctx, items, domain, found):
    ctx.session.sender_host_address = "192.168.3.4"
    assert (match_domain(Template(text_of(ctx, items)), domain, ctx) is not None) == found


def test_a_lookup_that_gives_a_lookup(ctx):
    ctx.session.sender_host_address = "192.168.5.6"
    items = Template(text_of(ctx, "${lookup{$sender_host_address}lsearch{DIR/some-file}}"))
    assert match_domain(items, "domain2", ctx)
    assert match_domain(items, "domain3", ctx) is None


def test_values_of_domain_items(ctx):
    found = match_domain(Template("*key.ex"), "donkey.ex", ctx)
    assert found.data == "*key.ex"
    found = match_domain(Template("\\N^(\\d+)\\.fict$\\N"), "12.fict", ctx)
    assert (found.data, ctx.scope.numeric[1]) == ("^(\\d+)\\.fict$", "12")
    assert match_domain(Template("@"), "mail.test.ex", ctx).data == "mail.test.ex"
    assert match_domain(Template("lib.unseen.edu"), "LIB.unseen.edu", ctx).data == "lib.unseen.edu"


SENDERS = [
    ("\\N^\\d{8}\\w@.*\\.baddomain\\.example$\\N : ${lookup{$domain}lsearch{DIR/bydomain}}", "12345678a@x.baddomain.example", True),
    ("\\N^\\d{8}\\w@.*\\.baddomain\\.example$\\N : ${lookup{$domain}lsearch{DIR/bydomain}}", "q@y.example", True),
    ("\\N^\\d{8}\\w@.*\\.baddomain\\.example$\\N : ${lookup{$domain}lsearch{DIR/bydomain}}", "q@z.example", False),
    ("DIR/not-comment", "not#comment@x.y.z", True),
    ("+bad_senders", "Alice@W.example", True),
    (":", "", True),
    (":", "a@b", False),
    ("", "", False),
    ("jbc@askone.example : hs@anacreon.example", "hs@anacreon.example", True),
    ("*@*.spamming.site:*@+hostile_domains:bozo@partial-lsearch;DIR/dodgy:*@lsearch;DIR/bad-domains", "a@b.spamming.site", True),
    ("*@*.spamming.site:*@+hostile_domains:bozo@partial-lsearch;DIR/dodgy:*@lsearch;DIR/bad-domains", "a@hostile.example", True),
    ("*@*.spamming.site:*@+hostile_domains:bozo@partial-lsearch;DIR/dodgy:*@lsearch;DIR/bad-domains", "bozo@x.dodgy.example", True),
    ("*@*.spamming.site:*@+hostile_domains:bozo@partial-lsearch;DIR/dodgy:*@lsearch;DIR/bad-domains", "gogo@x.dodgy.example", False),
    ("*@*.spamming.site:*@+hostile_domains:bozo@partial-lsearch;DIR/dodgy:*@lsearch;DIR/bad-domains", "a@bad.example", True),
    ("enemy.domain : *.enemy.domain", "a@enemy.domain", True),
    ("enemy.domain : *.enemy.domain", "a@x.enemy.domain", True),
    ("\\N^.*this.*@example\\.com$\\N : \\N^\\d{8}.+@spamhaus.example$\\N", "dothisnow@example.com", True),
    ("lsearch*@;DIR/whole", "user1@domain1.example", True),
    ("lsearch*@;DIR/whole", "nimrod@domain2.example", True),
    ("lsearch*@;DIR/whole", "nimrod@jaeger.example", False),
    ("lsearch*@;DIR/whole", "", False),
    ("lsearch*@;DIR/whole", "user1", False),
    ("@@lsearch;DIR/reject-by-domain", "anybody@baddomain.com", True),
    ("@@lsearch;DIR/reject-by-domain", "postmaster@baddomain.com", False),
    ("@@lsearch;DIR/reject-by-domain", "1234@aol.com", True),
    ("@@lsearch;DIR/reject-by-domain", "spammer4@aol.com", True),
    ("@@lsearch;DIR/reject-by-domain", "friend@aol.com", False),
    ("@@lsearch*;DIR/chain", "12345678@xyz.com", True),
    ("@@lsearch*;DIR/chain", "spammer3@xyz.com", True),
    ("@@lsearch*;DIR/chain", "12345678@anywhere.example", True),
    ("@@lsearch*;DIR/chain", "1234567@xyz.com", False),
    ("+my_list", "a@b.example", True),
    ("+my_list", "c@b.example", False),
    ("*@+my_list", "c@b.example", True),
    ("+caseful : Joe@x.example", "joe@x.example", False),
    ("+caseful : Joe@x.example", "Joe@X.example", True),
]  # fmt: skip


@pytest.mark.parametrize(("items", "address", "found"), SENDERS)
def test_address_lists(ctx, items, address, found):
    ctx.address.domain = "d.example"
    items = items.replace("$domain", "d.example")
    assert (match_address(Template(text_of(ctx, items)), address, ctx) is not None) == found


HOSTS = [
    ("+relay_from_hosts", "192.168.23.9", True),
    ("+relay_from_hosts", "192.168.24.9", False),
    ("10.11.42.0/24", "10.11.42.7", True),
    ("10.11.42.0/24", "10.11.43.7", False),
    ("192.168.23.236/31", "192.168.23.237", True),
    ("192.168.23.236/31", "192.168.23.238", False),
    ("192.168.0.0/16: 3ffe::ffff::836f::::/48", "3ffe:ffff:836f::9", True),
    ("DIR/unqualnets", "172.17.1.1", True),
    ("DIR/unqualnets", "3ffe:ffff:836f::9", True),
    ("<; 172.16.0.0/12; 3ffe:ffff:836f::/48", "3ffe:ffff:836f:1::", True),
    ("<; 172.16.0.0/12; 3ffe:ffff:836f::/48", "3ffe:ffff:8370::", False),
    ("net-lsearch;DIR/hosts-by-ip", "192.168.34.6", True),
    ("net24-lsearch;DIR/networks", "192.168.34.6", True),
    ("net32-lsearch;DIR/hosts-by-ip", "192.168.34.6", False),
    ("\\N^(a|b)\\.c\\.d$\\N", "192.0.2.1", True),
    ("+include_unknown:*.enemy.ex", "192.0.2.66", True),
    ("+include_unknown:*.enemy.ex", "192.0.2.99", True),
    ("*.enemy.ex", "192.0.2.99", False),
    ("+ignore_unknown : friend.example : 192.168.4.5", "192.168.4.4", True),
    ("+ignore_unknown : *.friend.example : 192.168.4.5", "192.168.4.5", True),
    ("*.friend.example : 192.168.4.5", "192.168.4.5", False),
    ("10.9.8.7 : *.friend.example", "10.9.8.7", True),
    ("*.friend.example : 10.9.8.7", "10.9.8.7", False),
    ("*", "192.0.2.1", True),
]


@pytest.mark.parametrize(("items", "address", "found"), HOSTS)
def test_host_lists(ctx, items, address, found):
    ctx.session.sender_host_address = address
    assert (match_host(Template(text_of(ctx, items)), ctx) is not None) == found


def test_empty_host_item_is_no_host(ctx):
    assert match_host(Template(":10.9.8.7"), ctx)
    ctx.session.sender_host_address = "10.9.8.6"
    assert match_host(Template(":10.9.8.7"), ctx) is None


def test_local_part_lists(ctx):
    assert match_local_part(Template("alice : BOB"), "bob", ctx)
    assert match_local_part(Template("+caseful : BOB"), "bob", ctx) is None
    assert match_local_part(Template("@"), "mail.test.ex", ctx) is None


LOOKUPS = [
    ("${lookup {passwd} dsearch,ret=full {DIR}}", "DIR/passwd"),
    ("${lookup {passwd} dsearch,filter=file {DIR}}", "passwd"),
    ("${lookup{jane@eyre.example}lsearch*@{DIR/mix-aliases}}", "jane"),
    ("${lookup{john@eyre.example}lsearch*@{DIR/mix-aliases}}", "anybody"),
    ("${lookup{john@bronte.example}lsearch*@{DIR/mix-aliases}}", "root"),
    ("${lookup{2250.dates.fict.example}partial-lsearch{DIR/partial}{$value/$1/$2}}", "dates/2250/dates.fict.example"),
    ("${lookup{dates.fict.example}partial-lsearch{DIR/partial}{$value/$1/$2}}", "dates//dates.fict.example"),
    ("${lookup{exact.example}partial-lsearch{DIR/partial}}", "exact"),
    ("${lookup{a.fict.example}partial-lsearch{DIR/partial}{y}{n}}", "n"),
    ("${lookup dnsdb{mx=a.b.example}{$value}fail}", "5 mail.example"),
    ("${lookup dnsdb{>: a=host1.example}}", "10.0.0.1"),
    ("${lookup dnsdb{ptr=192.168.4.5}{$value}fail}", "h3.example"),
    ("${lookup dnsdb{>\\n,: txt=a.b.example}}", "one:two"),
    ("${lookup dnsdb{>\\n; txt=a.b.example}}", "onetwo"),
    ("${lookup dnsdb{spf=example.org}}", "v=spf1 -all"),
    ("${lookup dnsdb{>:,; soa=a.b.example.com}}", "ns.example;root.example;1;2;3;4;5"),
    ("${lookup dnsdb{defer_lax,a=one.host.com:two.host.com}}", "10.1.0.1\n10.1.0.2"),
    ("${lookup dnsdb{a=one.host.com:two.host.com}}", "10.1.0.1\n10.1.0.2"),
    ("${lookup dnsdb{mxh=a.b.example}}", "mail.example"),
    ("${lookup dnsdb{zns=xxx.quercite.com}}", "ns.quercite.com"),
    ("${lookup dnsdb{zns=xxx.edu}}", "ns.edu"),
    ("${lookup dnsdb {>; a+=x.example}}", "2001:db8::3;10.3.0.1"),
    ("${lookup dnsdb{one.domain.com:two.domain.com}}", "first\nsecond"),
    ("${lookup dnsdb{ptr = <; 1.2.3.4 ; 4.5.6.8}}", "h1.example\nh2.example"),
    ("${quote_ldap: a(bc)*, a<yz>; }", "%20a%5C28bc%5C29%5C2A%2C%20a%3Cyz%3E%3B%20"),
    ("${quote_ldap_dn: a(bc)*, a<yz>; }", "%5C%20a(bc)*%5C%2C%20a%5C%3Cyz%5C%3E%5C%3B%5C%20"),
    ("${quote_ldap:two * two}", "two%20%5C2A%20two"),
    ("${lookup sqlite,file=DIR/db {select name from aliases where id='userx';}}", "joe"),
    ("${lookup sqlite{DIR/db select name from aliases where id='userx';}}", "joe"),
    ("${lookup sqlite,file=DIR/db {select name,id from aliases}}", "name=joe id=userx "),
]


@pytest.mark.parametrize(("text", "value"), LOOKUPS)
def test_lookups(ctx, text, value):
    if "sqlite" in text:
        import sqlite3

        database = sqlite3.connect(ctx.process.caches["folder"] / "db")
        database.executescript("create table aliases(name, id); insert into aliases values('joe','userx');")
        database.close()
    assert expand_text(clean(text_of(ctx, text)), ctx) == text_of(ctx, value)


def test_a_lookup_that_must_succeed(ctx):
    with pytest.raises(ExpansionError, match='"lookup" failed and "fail" requested'):
        expand_text(clean("${lookup dnsdb{mx=nothing.example}{$value}fail}"), ctx)


RULES = [
    # 31.1, 31.3
    (["ph10@exim.workshop.example Philip.Hazel@exim.workshop.example sfrF"], "ph10@exim.workshop.example",
     "from", "Philip.Hazel@exim.workshop.example"),
    (["ph10@exim.workshop.example Philip.Hazel@exim.workshop.example sfrF"], "ph10@exim.workshop.example",
     "to", "ph10@exim.workshop.example"),
    # 31.5
    (["*queen@*.fict.example $0/$1/$2@x.example"], "hearts-queen@wonderland.fict.example", "env-to", None),
    (["*queen@*.fict.example $1$2@x.example"], "hearts-queen@wonderland.fict.example", "env-to", "hearts-wonderland@x.example"),
    (["*@partial-lsearch;DIR/rewrite $1-$2-$3@x.example"], "foo@bar.baz.example", "from", "foo-bar-baz.example@x.example"),
    (["*@partial-lsearch;DIR/rewrite $1-$2-$3@x.example"], "foo@baz.example", "from", "foo--baz.example@x.example"),
    (["*@partial-lsearch;DIR/rewrite $1-$2-$3@x.example"], "foo@fixed.example", "from", "foo--fixed.example@x.example"),
    # 31.6
    (["hatta@lookingglass.fict.example  *  f", "*@* x@y.example"], "hatta@lookingglass.fict.example", "from",
     "hatta@lookingglass.fict.example"),
    (["hatta@lookingglass.fict.example  *  f", "*@* x@y.example"], "hatta@lookingglass.fict.example", "to", "x@y.example"),
    # 31.10
    (["fp42@* prefectf@hitch.fict.example"], "Ford Prefect <fp42@restaurant.hitch.fict.example>", "from",
     "Ford Prefect <prefectf@hitch.fict.example>"),
    (['fp42@* "Prefect <prefectf@hitch.fict.example>" w'], "Ford <fp42@restaurant.hitch.fict.example>", "from",
     "Prefect <prefectf@hitch.fict.example>"),
    # 31.11
    (["*@*.hitch.fict.example  $1@hitch.fict.example",
      "*@hitch.fict.example    ${lookup{$1}lsearch{DIR/realnames}{$value}fail}@hitch.fict.example bctfrF"],
     "fp42@towel.hitch.fict.example", "from", "Ford.Prefect@hitch.fict.example"),
    (["*@*.hitch.fict.example  $1@hitch.fict.example",
      "*@hitch.fict.example    ${lookup{$1}lsearch{DIR/realnames}{$value}fail}@hitch.fict.example bctfrF"],
     "ad@towel.hitch.fict.example", "from", "ad@hitch.fict.example"),
    (["root@*.hitch.fict.example  *", "*@*.hitch.fict.example  $1@hitch.fict.example"],
     "root@towel.hitch.fict.example", "to", "root@towel.hitch.fict.example"),
    (['*@*.hitch.fict.example  "${if !eq {$sender_host_address}{}{$1@hitch.fict.example}fail}"'],
     "a@towel.hitch.fict.example", "to", "a@towel.hitch.fict.example"),
    (["\\N^([^!]+)!(.*)@your.domain.example$\\N   $2@$1"], "host.name!user@your.domain.example", "to", "user@host.name"),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "address", "place", "result"), RULES)
def test_rewriting(ctx, rules, address, place, result):
    lines = [Line(text_of(ctx, rule), Span("conf", number)) for number, rule in enumerate(rules)]
    ctx.process.config.rewrite, errors = bind_rules(lines)
    assert not errors
    found = dict(line.strip().split(": ", 1) for line in rewrite_report(ctx, address))
    assert found[place] == (result if result is not None else address)
