"""Queries with unquoted text from outside: which are quoted in their place, and which are left to be refused."""

import random
import sqlite3

import pytest

from eximia.base.errors import TaintError
from eximia.base.listtext import split_list
from eximia.base.text import Quoted, is_tainted
from eximia.expand import expand_text
from eximia.expand.parser import parse
from eximia.expand.queries import compile_list, compile_query
from support_policy import clean, make_context

NASTY = "x' or ''='"


@pytest.fixture
def ctx():
    context = make_context()
    context.address.local_part = NASTY
    context.address.domain = "far.example"
    context.message.acl_vars["_number"] = clean("7")
    context.message.acl_vars["_quote"] = clean("it's")
    return context


def query(ctx, kind, text):
    """The query, and whether the lookup takes it."""
    found = compile_query(parse(text), kind)(ctx)
    quoter = kind.partition(",")[0]
    return str(found), not is_tainted(found) or (isinstance(found, Quoted) and found.quoter == quoter)


QUOTED = [
    ("sqlite", "k='$local_part'", "k='x'' or ''''='''"),
    ("pgsql", "k='$local_part'", "k='x'' or ''''='''"),
    ("mysql", "k='$local_part'", r"k='x\' or \'\'=\''"),
    ("mysql", 'k="$local_part"', r"""k="x\' or \'\'=\'" """.strip()),
    ("mysql,cache=no_rd", "k='$domain'", "k='far.example'"),
    ("sqlite", "k='a''b' and l='$domain'", "k='a''b' and l='far.example'"),
    ("mysql", r"k='a\\'b' and l='$domain'", r"k='a\'b' and l='far.example'"),
    ("sqlite", "k='${lc:$local_part}@$domain'", "k='x'' or ''''=''@far.example'"),
    ("sqlite", "k='${quote_sqlite:$local_part}' and d='$domain'", "k='x'' or ''''=''' and d='far.example'"),
    ("sqlite", "n=$acl_m_number and d='$domain'", "n=7 and d='far.example'"),
    ("sqlite", "d='${if eq{a}{a}{$domain}}'", "d='far.example'"),
    ("redis", "GET $local_part", r"GET x'\ or\ ''='"),
]

REFUSED = [
    ("sqlite", "k=$local_part"),
    ("sqlite", "k=$domain"),
    ("sqlite", "$local_part"),
    # "..." is a name there, `...` one for MySQL, and its quotes are not escaped
    ("sqlite", 'k="$local_part"'),
    ("mysql", "k=`$local_part`"),
    # behind the quotes again
    ("sqlite", "k='a''' and l=$local_part or m='$domain'"),
    # a quote that is none
    ("sqlite", "-- it's\n k=$local_part"),
    ("sqlite", "/* it's */ k=$local_part"),
    ("mysql", "# it's\n k=$local_part"),
    ("mysql", r"k='a\\\\' or l=$local_part or m='"),
    # what may become a comment with what follows
    ("sqlite", "n=1 -$acl_m_number and d='$domain'"),
    ("mysql", "n=1 /$acl_m_number and d='$domain'"),
    ("pgsql", r"k=E'a\\' or l=$local_part or m='b'"),
    ("pgsql", r"k=\$\$it's\$\$ or l=$local_part or m='b'"),
    # not somebody's word as a whole
    ("sqlite", "k='${if eq{a}{a}{$local_part}}'"),
    ("redis", "GET ${if eq{a}{a}{$local_part}}"),
    # what stands before moves the place
    ("sqlite", "k=$acl_m_quote and l='$domain'"),
    ("sqlite", "k='${quote_mysql:$local_part}'"),
]


@pytest.mark.parametrize("kind, text, expected", QUOTED)
def test_a_value_in_quotes_is_quoted(ctx, kind, text, expected):
    assert query(ctx, kind, text) == (expected, True)
    assert "is not properly quoted" in ctx.process.log.lines[-1]


@pytest.mark.parametrize("kind, text", REFUSED)
def test_others_are_left_as_they_are(ctx, kind, text):
    found, taken = query(ctx, kind, text)
    assert not taken
    assert found == expand_text(clean(text), ctx)


def test_any_value_arrives_as_it_is(ctx, tmp_path):
    sqlite3.connect(tmp_path / "db").close()
    choose = random.Random(20261122)
    text = clean("${lookup sqlite,file=%s{select 'a$local_part' || '-$domain'}}" % (tmp_path / "db"))
    for _ in range(300):
        one, two = ("".join(choose.choices("a' \";-\\%\n/*é", k=choose.randrange(8))) for _ in range(2))
        ctx.address.local_part, ctx.address.domain = one, two
        assert expand_text(text, ctx) == f"a{one}-{two}"


def listed(ctx, text):
    run = compile_list(text)
    found = None if run is None else run(ctx)
    return split_list(str(found)) if isinstance(found, Quoted) else None


def test_queries_in_lists(ctx):
    assert listed(ctx, "a.example : mysql;k='$domain' : b.example") == [
        "a.example",
        "mysql;k='far.example'",
        "b.example",
    ]
    ctx.address.domain = "d:x' or 'a"
    assert listed(ctx, "a : sqlite;k='$domain' and n=1") == ["a", "sqlite;k='d:x'' or ''a' and n=1"]
    assert listed(ctx, "<| a | sqlite;k='$domain'") == ["a", "sqlite;k='d:x'' or ''a'"]
    assert listed(ctx, "! sqlite,file=/d/b;k='$domain'") == ["! sqlite,file=/d/b;k='d:x'' or ''a'"]


@pytest.mark.parametrize(
    "text",
    [
        "$domain : sqlite;k='$domain'",
        "sqlite;k=$domain",
        "sqlite;k='a' : '$domain'",
        "sqlite;k='a : '$domain'",
        "lsearch;'$domain' : sqlite;k='a'",
        "mysql;k='$domain' : sqlite;k='$domain'",
        "<$acl_m_quote sqlite;k='$domain'",
        "nosqlite;k='$domain'",
    ],
)
def test_lists_that_stay_as_they_are(ctx, text):
    assert listed(ctx, text) is None


def test_a_refusal_names_the_variable(ctx):
    with pytest.raises(TaintError, match=r"not properly quoted \(sqlite\) \(tainted by \$domain\)"):
        expand_text(clean("${lookup sqlite,file=/db{k=$domain and l='$domain'}}"), ctx)
