"""What comes from outside is refused wherever it would do harm, and the message says which variable brought it."""

from __future__ import annotations

import pytest

from eximia.base.errors import Defer, ExpansionError, LookupDefer, TaintError
from eximia.base.template import Template
from eximia.base.text import Untainted, is_tainted
from eximia.expand import expand, expand_text
from eximia.lists import match_domain
from support_policy import make_context


@pytest.fixture
def ctx():
    context = make_context()
    context.address.local_part = "joe"
    context.address.domain = "far.example"
    context.message.sender_address = "mallory@evil.example"
    context.session.sender_helo_name = "/bin/sh"
    return context


SINKS = [
    ("${readfile{/home/$local_part}}", "Tainted filename '/home/joe' (tainted by $local_part)"),
    ("${readfile{/${lc:$domain}/${substr_0_1:$local_part}}}", "Tainted filename '/far.example/j' (tainted by $domain, $local_part)"),
    ("${readsocket{/run/$local_part}{x}}", "Tainted filename '/run/joe' (tainted by $local_part)"),
    ("${run{$sender_helo_name}}", "Attempt to exec tainted path: '/bin/sh' (tainted by $sender_helo_name)"),
    ("${run,preexpand{/bin/echo $local_part}}", "Attempt to exec tainted path: '/bin/echo' (tainted by $local_part)"),
    ("${expand:$local_part}", "internal expansion of \"joe\" failed: attempt to expand tainted string 'joe'"),
    ("${lookup{x}lsearch{/etc/$domain}}", "Tainted filename for search: '/etc/far.example' (tainted by $domain)"),
    ("${lookup{x}dsearch{/etc/$domain}}", "Tainted filename for search: '/etc/far.example' (tainted by $domain)"),
    (
        "${lookup sqlite,file=/db {select $local_part}}",
        "tainted search query is not properly quoted (sqlite) (tainted by $local_part)",
    ),
    (
        "${lookup sqlite,file=/db {select '${quote_mysql:$local_part}'}}",
        "tainted search query is not properly quoted (sqlite) (tainted by $local_part)",
    ),
    (
        "${lookup mysql{select * from t where a='b' or c=$sender_address}}",
        "tainted search query is not properly quoted (mysql) (tainted by $sender_address)",
    ),
    (
        "${lookup redis{get ${if eq{a}{a}{$sender_helo_name x}}}}",
        "tainted search query is not properly quoted (redis) (tainted by $sender_helo_name)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), SINKS)
def test_sinks(ctx, text, message):
    with pytest.raises(ExpansionError) as caught:
        expand(Template(text), ctx)
    assert caught.value.message == message


@pytest.mark.parametrize(
    "text", ["${lookup{x}lsearch{/etc/passwd}}", "${lookup{root}lsearch{/etc/passwd}{$local_part_data}}"]
)
def test_what_is_ours_is_not_refused(ctx, text):
    ctx.address.local_part_data = Untainted("joe")
    assert isinstance(expand(Template(text), ctx), str)


def test_a_replacement_from_outside_is_not_expanded(ctx):
    ctx.address.local_part = "${run{/bin/true}}$primary_hostname"
    with pytest.raises(TaintError) as caught:
        expand(Template("${sg{abc}{b}{$local_part}}"), ctx)
    assert caught.value.message.startswith("attempt to expand tainted string '${run{/bin/true}}$primary_hostname'")
    assert expand(Template("${sg{abc}{x}{$local_part}}"), ctx) == "abc"
    ctx.address.local_part = "joe"
    assert expand(Template("${sg{abc}{b}{$local_part}}"), ctx) == "ajoec"


def test_a_list_does_not_read_a_file_that_a_sender_names(ctx):
    for items in ("lsearch;/etc/$sender_helo_name", "/etc/$sender_helo_name"):
        with pytest.raises((Defer, LookupDefer, ExpansionError)):
            match_domain(Template(items), "x", ctx)


@pytest.mark.parametrize(
    ("text", "tainted"),
    [
        ("$local_part", True),
        ("x$local_part", True),
        ("${lc:$local_part}", True),
        ("${substr_0_1:$local_part}", True),
        ("${extract{1}{e}{$local_part}}", True),
        ("${map{$local_part}{x$item}}", True),
        ("${sg{$local_part}{o}{0}}", True),
        ("${if eq{a}{a}{$local_part}}", True),
        ("${md5:$local_part}", False),
        ("${strlen:$local_part}", False),
        ("${if match_local_part{$local_part}{bill : joe}{$value}}", False),
        ("${if inlist{$local_part}{bill:joe}{$value}}", False),
        ("${lookup{root}lsearch{/etc/passwd}}", False),
        ("${lookup{passwd}dsearch{/etc}}", False),
        ("${if eq{$local_part}{joe}{yes}}", False),
    ],
)
def test_the_mark_goes_with_the_text(ctx, text, tainted):
    assert is_tainted(expand_text(Untainted(text), ctx)) == tainted
