"""Lists, lookups and rewriting against an installed Exim 4.96: the same strings given to `exim -be` and to us.

Cases are products of subjects and lists. Where Exim is known to differ, `DIFFERENT` says so
(docs/compat/lists-lookups.md).
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest

from eximia.base.errors import ExpansionError
from eximia.base.span import Span
from eximia.base.text import Untainted
from eximia.config.lines import Line
from eximia.expand import expand_text
from eximia.rewrite.rules import bind_rules
from eximia.rewrite.testing import rewrite_report
from support_policy import clean, define, make_context

EXIM = shutil.which("exim4") or shutil.which("exim")
pytestmark = pytest.mark.skipif(EXIM is None or os.getuid() != 0, reason="needs an installed Exim and root")

FILES = {
    "ls": (
        "# comment\na.b.c:  data one\nkey:value\nKey2   : val two\n   continued  line\n# in the middle\n   third\n"
        '"quoted key\\x41"  qdata\n"colon:key": cdata\nnodata\nbaduser: :fail:\n*.dom.ex: wild\n*: default\nx.y\n'
        '  cont only\n*@at.ex: atdef\ntab\ttabdata\nempty:\n"\\"inner\\"": in\nnocolon data: with colon\nws1:  a\n   \n'
        '  b\nws3 : x\nws4:\n\n  \tb\t\n#c\n  c\nws5 :: d\nws6:"q" r\nws7:\r\ndup:1\nDUP:2\nu@x.y: address\n'
    ),
    "nolist": "a.b.c:  data one\nx.y.z # comment\n#foo\n*.dom.ex\n!neg.ex\n^\\d+\\.re\\.ex$\n",
    "neglast": "yes.ex\n!no.ex\n",
    "emptyf": "",
    "addr": "user@dom.ex   # com\nnot#comment@x.y\n*@star.ex\n",
    "local": "alice # c\nb#b\n#foo\n^x\\d+\n",
    "atat": ("dom1.ex: alice : !bob : ^c : >chain\nchain: zed : *y\ndom2.ex: !postmaster : *\ndom4.ex: + : a : b::c\n"),
    "ipl": (
        '1.2.3.4: one\n192.168.0.0/16: net16\n"abcd::cdab": v6\n"abcd:abcd::/32" v6net\n10.0.0.0/8 ten\n"::/0": all6\n'
    ),
    "wl": (
        '*.a.b.c       star\n*fish         fish\n^\\N\\d+\\.x\\.y\\N    digits\n"^\\\\N(a b)+$\\\\N":  quoted re\n'
        "lit:  literal\n^(?-i)CASE  cased\n"
    ),
    "nwl": "*.a.b.c       star\n^\\d+\\.x\\.y    digits\nlit literal\n^case  c\n",
    "suffix": ".b: dot b\nb: plain b\n.: dot\nx.b: xb\n*.q: star q\n",
}
LISTS = {
    ("domain", "d1"): "a.b : *.c.d : !x.y",
    ("domain", "d2"): "+d1 : z.z",
    ("domain", "dneg"): "!a.b",
    ("domain", "empty"): "",
    ("address", "a1"): "u@a.b : *@+d1",
    ("local_part", "l1"): "one : *two : ^thr",
    ("host", "h1"): "10.0.0.0/8 : 192.0.2.1",
}

DOMAIN_SUBJECTS = (
    "a.b a.b.c A.B.C q.c.d x.y z.z x.y.z foo.dom.ex dom.ex yes.ex no.ex neg.ex other [127.0.0.1] [1.1.1.1]"
)
DOMAIN_LISTS = [
    "a.b",
    "A.B.C",
    "*.c",
    "*c",
    "*",
    "!a.b",
    "!a.b : *",
    "! a.b : *.b.c",
    "+d1",
    "!+d1",
    "! +d1 : *",
    "+d2",
    "+dneg",
    "+dneg : foo",
    "+empty",
    "",
    ":",
    "other :",
    ": other",
    "<; x.y ; a.b",
    "<, x.y,a.b",
    "a::b",
    "@",
    "@[]",
    "!@[]",
    "/D/nolist",
    "!/D/nolist",
    "/D/nolist : *",
    "/D/neglast",
    "!/D/neglast",
    "/D/neglast : foo",
    "/D/emptyf",
    "!/D/emptyf",
    "^a",
    "^A.(b)",
    "^(?-i)A",
    "!^a : *",
    "lsearch;/D/ls",
    "!lsearch;/D/ls",
    "partial-lsearch;/D/ls",
    "partial3-lsearch;/D/ls",
    "partial1()lsearch;/D/suffix",
    "partial(.)lsearch;/D/ls",
    "lsearch*;/D/ls",
    "partial3-lsearch*;/D/ls",
    "lsearch,ret=key;/D/ls",
    "nwildlsearch;/D/nwl",
    "passwd;root",
    "!!a.b",
    "! ! a.b : *",
    "*.c.d : q.c.d",
    "q.c.d : *.c.d",
    "dsearch;/D",
    "*.y : *.z",
    "@mx_foo",
    "a.b : c.d : e.f : *.g.h : x.y : q.c.d",
]
LOCAL_SUBJECTS = ["alice", "ALICE", "b#b", "x12", "one", "xtwo", "three", "Key", "@", "foo"]
LOCAL_LISTS = [
    "alice",
    "Alice",
    "*ice",
    "^a",
    "^(?-i)a",
    "+caseful : alice",
    "+caseful : ALICE",
    "+caseful : *ICE",
    "+caseful : ^a",
    "+l1",
    "!+l1",
    "/D/local",
    "!/D/local",
    "lsearch;/D/ls",
    "lsearch*;/D/ls",
    "@",
    "@[]",
    "!alice",
    "ALICE : +caseful : foo",
    "<, a,, b , foo",
]
ADDRESS_SUBJECTS = [
    "u@a.b",
    "U@A.b",
    "x@q.c.d",
    "foo@bar.dom.ex",
    "foo@dom.ex",
    "a@a.b.c",
    "alice@dom1.ex",
    "bob@dom1.ex",
    "cc@dom1.ex",
    "zed@dom1.ex",
    "sly@dom1.ex",
    "nn@dom1.ex",
    "b:c@dom4.ex",
    "postmaster@dom2.ex",
    "foo@dom2.ex",
    "user@dom.ex",
    "not#comment@x.y",
    "z@star.ex",
    "foo@at.ex",
    "U@X.y",
    "",
    "ab@c@d.e",
    '"a b"@c.d',
    "m@mail.test.ex",
]
ADDRESS_LISTS = [
    "u@a.b",
    "U@a.b",
    "+caseful : u@a.b",
    "+caseful : U@a.b",
    "+caseful : U@A.b",
    "*@a.b",
    "*u@a.b",
    "a.b",
    "*.b",
    "*",
    "*@*",
    "*@*.b",
    ":",
    "foo@b : : !x@y",
    "+a1",
    "!+a1",
    "*@+d1",
    "u@+d1",
    "!*@a.b : *",
    "a@!c.d",
    "*@",
    "@",
    "m@@",
    "^u",
    "^U",
    "+caseful : ^U",
    "*@^a",
    "a@lsearch;/D/ls",
    "*@partial-lsearch;/D/ls",
    "lsearch;/D/ls",
    "lsearch*@;/D/ls",
    "@@lsearch;/D/atat",
    "!@@lsearch;/D/atat",
    "!@@lsearch;/D/atat : *",
    "/D/addr",
    "!/D/addr",
    '"a b"@c.d',
    "*@/D/nolist",
    "@@passwd;root",
    "user@dom.ex : !foo@dom.ex : *.ex",
]
IP_SUBJECTS = ["1.2.3.4", "10.2.3.4", "192.168.3.4", "127.0.0.1", "::1", "abcd:abcd:1::2", "::ffff:1.2.3.4", ""]
IP_LISTS = [
    "1.2.3.4",
    "1.2.3.0/24",
    "1.2.3.4/33",
    "1.2.3.4/",
    "1.2.3.4/0",
    "1.2.3.4/x",
    "1.2.3/24",
    "*",
    ":",
    "!1.2.3.4",
    "!1.2.3.4 : *",
    "@[]",
    "+h1",
    "!+h1",
    "<; ::1",
    "::::1",
    "abcd::abcd::::/32",
    "<; ::ffff:1.2.3.4",
    "iplsearch;/D/ipl",
    "net-iplsearch;/D/ipl",
    "net16-lsearch;/D/ipl",
    "net24-lsearch;/D/ipl",
    "host.name : *",
    "*.name : *",
    "^x : *",
    "+ignore_unknown : *.name : 1.2.3.4",
    "/D/nolist",
    "passwd;root",
    "0.0.0.0/0",
    "10.2.3.4 : 10.0.0.0/8",
]
KEYS = [
    "a.b.c",
    "A.B.C",
    "key",
    "key2",
    "quoted keyA",
    "colon:key",
    "nodata",
    "baduser",
    "zz.dom.ex",
    "dom.ex",
    "x.y",
    "zz@at.ex",
    "zz@no.ex",
    "tab",
    "empty",
    '"inner"',
    "nocolon",
    "ws1",
    "ws3",
    "ws4",
    "ws5",
    "ws6",
    "ws7",
    "dup",
    "x.a.b.c",
    "bigfish",
    "12.x.y",
    "LIT",
    "CASE",
    "case",
    "a ba b",
    "zz.a.b",
    "zz.q",
    "",
    "ls",
    "nosuch",
    "u@x.y",
]
SEARCHES = [
    "lsearch{/D/ls}",
    "lsearch*{/D/ls}",
    "lsearch*@{/D/ls}",
    "partial-lsearch{/D/ls}",
    "partial3-lsearch*{/D/ls}",
    "lsearch,ret=key{/D/ls}",
    "lsearch,ret=full{/D/ls}",
    "wildlsearch{/D/wl}",
    "nwildlsearch{/D/nwl}",
    "partial1()lsearch{/D/suffix}",
    "partial1(.)lsearch{/D/suffix}",
    "partial2-lsearch{/D/suffix}",
    "dsearch{/D}",
    "dsearch,ret=full{/D}",
    "dsearch,filter=file{/D}",
    "dsearch,filter=dir{/D}",
    "dbm{/D/dbm}",
    "dbmnz{/D/dbm}",
    "partial-dbm{/D/dbm}",
    "dbm*{/D/dbm}",
    "lsearch{/D/none}",
    "cdb{/D/none}",
    "dbm{/D/none}",
    "foo{/D/ls}",
]
OTHERS = [
    "${if inlist{b}{a:b:c}{y <$value>}{n}}",
    "${if inlist{B}{a:b:c}{y <$value>}{n}}",
    "${if inlisti{B}{a:b:c}{y <$value>}{n}}",
    "${if inlist{}{a::c}{y <$value>}{n}}",
    "${if inlist{}{a: :c}{y <$value>}{n}}",
    "${if inlist{}{}{y}{n}}",
    "${if inlist{b}{<, a,b, c}{y <$value>}{n}}",
    "${if inlist{+d1}{+d1}{y}{n}}",
    "${if inlist{b}{<\\n a\\nb\\nc}{y <$value>}{n}}",
    "${listnamed:d1}",
    "${listnamed_d:d2}",
    "${listnamed_a:a1}",
    "${listnamed_l:l1}",
    "${listnamed_h:h1}",
    "${lookup passwd{root}}",
    "${lookup passwd{nosuchuser}{$value}{none}}",
    "${lookup{root}passwd{}}",
    "${lookup sqlite,file=/D/sq.db{select a from t where n=1}}",
    "<${lookup sqlite,file=/D/sq.db{select * from t}}>",
    "${lookup sqlite{/D/sq.db select b from t where n=1}}",
    "${lookup sqlite,file=/D/sq.db{select a from t where n=9}{$value}{none}}",
    "${lookup sqlite{select 1}}",
    "${lookup sqlite,file=rel{select 1}}",
    "${quote_sqlite:a'b} ${quote_lsearch:a'b} ${quote_dnsdb:a b}",
    "${quote_foo:bar}",
    "${quote_sqlite_x:bar}",
    "${lookup{a}foo{bar}}",
    "${lookup foo{bar}}",
    "${lookup{a}partial-passwd{bar}}",
    "${lookup lsearch{/D/ls}}",
    "${lookup{a}partial3lsearch{/D/ls}}",
    "${lookup{a/b}dsearch{/D}{$value}{none}}",
    "${lookup{foo}iplsearch{/D/ipl}}",
    "${lookup{1.2.3.4}iplsearch{/D/ipl}}",
    "${lookup{1.2.3.4}iplsearch,ret=full{/D/ipl}}",
    "${lookup{abcd::cdab}iplsearch{/D/ipl}}",
    "${lookup{10.9.9.9}iplsearch{/D/ipl}}",
    "${lookup dnsdb*{a=x}}",
    "${lookup{a}dnsdb{foo}}",
]


@pytest.fixture(scope="module")
def folder():
    # Exim reads the files as its own user, who cannot enter the test runner's folders.
    with tempfile.TemporaryDirectory(prefix="lists-oracle-") as name:
        yield make_files(Path(name))


def make_files(path):
    path.chmod(0o777)
    for name, text in FILES.items():
        (path / name).write_text(text)
    with sqlite3.connect(path / "sq.db") as connection:
        connection.execute("create table t(a,b,n)")
        connection.executemany(
            "insert into t values(?,?,?)", [("x", "one two", 1), ("y", "", 2), ("x", 'q"uo\\te', None)]
        )
    connection.close()
    (path / "source").write_text("k1: v one\nK2: v2\n*: dflt\n*.dom.ex: wild\nkey: dbm key\n")
    subprocess.run(["exim_dbmbuild", str(path / "source"), str(path / "dbm")], check=False, capture_output=True)
    words = {"domain": "domainlist", "address": "addresslist", "local_part": "localpartlist", "host": "hostlist"}
    lines = [
        "primary_hostname = mail.test.ex",
        f"spool_directory = {path}/spool",
        f"log_file_path = {path}/%slog",
        "keep_environment =",
        "local_interfaces = 127.0.0.1 : 10.9.8.7",
        "qualify_domain = qual.ex",
        "qualify_recipient = qrcpt.ex",
    ]
    lines += [f"{words[kind]} {name} = {text}" for (kind, name), text in LISTS.items()]
    (path / "conf").write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def ctx():
    context = make_context(
        local_interfaces="127.0.0.1 : 10.9.8.7", qualify_domain=clean("qual.ex"), qualify_recipient=clean("qrcpt.ex")
    )
    for (kind, name), text in LISTS.items():
        define(context, kind, name, text)
    return context


def exim(folder, lines):
    """The answers of -be, one for each line; the separator tells where an answer with newlines ends."""
    given = "".join(f"{line}\nend of case\n" for line in lines)
    result = subprocess.run(
        [EXIM, "-C", f"{folder}/conf", "-be"], input=given, capture_output=True, encoding="latin-1", check=False
    )
    text = "".join(part.removeprefix("> ") for part in result.stdout.splitlines(keepends=True))
    answers = text.split("end of case\n")
    assert len(answers) >= len(lines), f"Exim stopped after {lines[len(answers) - 1]}: {result.stderr}"
    return [answer.removesuffix("\n") for answer in answers[: len(lines)]]


def ours(ctx, line):
    ctx.scope.numeric = ()
    ctx.message.notes.clear()
    try:
        return expand_text(Untainted(line), ctx)
    except ExpansionError as error:
        return f"Failed: {error.message}"


def compare(folder, ctx, lines):
    def same(line, theirs, mine):
        if any(part in line for part in DIFFERENT):
            return theirs[:2] == mine[:2]
        return theirs == mine

    lines = [line.replace("/D", str(folder)) for line in lines]
    different = [
        f"{line}\n   Exim: {theirs!r}\n   ours: {mine!r}"
        for line, theirs in zip(lines, exim(folder, lines), strict=True)
        if not same(line, theirs, mine := ours(ctx, line))
    ]
    assert not different, f"{len(different)} of {len(lines)} differ\n" + "\n".join(different[:40])


def cases(condition, subjects, lists, shown):
    return [
        f"${{if {condition}{{{subject}}}{{{items}}}{{y {shown}}}{{n}}}}"
        for subject, items in itertools.product(subjects, lists)
    ]


def test_domains(folder, ctx):
    compare(folder, ctx, cases("match_domain", DOMAIN_SUBJECTS.split(), DOMAIN_LISTS, "<$value> <$0> <$1> <$2>"))


def test_local_parts(folder, ctx):
    compare(folder, ctx, cases("match_local_part", LOCAL_SUBJECTS, LOCAL_LISTS, "<$value> <$0> <$1>"))


def test_addresses(folder, ctx):
    compare(folder, ctx, cases("match_address", ADDRESS_SUBJECTS, ADDRESS_LISTS, "<$0> <$1>"))


def test_addresses_of_host_lists(folder, ctx):
    compare(folder, ctx, cases("match_ip", IP_SUBJECTS, IP_LISTS, "<$value>"))


def test_lookups(folder, ctx):
    lines = [
        f"${{lookup{{{key}}}{search}{{<$value> <$1> <$2>}}{{none}}}}"
        for key, search in itertools.product(KEYS, SEARCHES)
    ]
    compare(folder, ctx, lines)


def test_other_strings(folder, ctx):
    compare(folder, ctx, OTHERS)


#: `!` before a named list or a file whose own negative item matched: Exim shows that item as the value
DIFFERENT = ("match_domain{x.y}{!+d1}", "match_domain{no.ex}{!", "match_domain{neg.ex}{!")

REWRITING = [
    ["*@*.hitch.ex $1@hitch.ex"],
    ["ph10@* Philip@new.ex sfrF"],
    ['*@a.ex "$1@b.ex" R', "*@b.ex $1@c.ex"],
    ["*@a.ex $1 Q"],
    ['*@a.ex "New <$1@z.ex>" w'],
    ['*@a.ex "New <$1@z.ex>"'],
    ["*@a.ex *", "*@*.ex foo@bar.z"],
    ['*@a.ex "f@${if eq{a}{b}{x}fail}"', "*@a.ex z@z.z"],
    ['*@a.ex "f@${if eq{a}{b}{x}fail}" q', "*@a.ex z@z.z"],
    ["^(?i)foo@(.*) bar@$1"],
    ["Foo@a.ex bar@b"],
    ["*@+d1 h@h"],
    ["a.ex $local_part-$domain@h"],
    ["*queen@*.ex $2@$1x.ex"],
    ["*@a.ex h@h h", "*@a.ex E@E E"],
    ["*@a.ex h@h tT"],
    ["*@a.ex x$1@a.ex R"],
    ["\\N^<?([^!<>]*)!([^<>]*)>?$\\N $2@$1 S", "*@a.ex $1@b.ex"],
    ["*@a.ex $1"],
    ["*@a.ex ,@foo"],
    ["*@a.ex $nosuch"],
    ["*@lsearch;/D/ls $1@found"],
    ["*@partial-lsearch;/D/ls $1+$2+$3@found"],
    ['a.ex "A (c) <$local_part@q>" w'],
    ["*@a.ex b@b R q", "*@b c@c"],
    ["*@*.a.ex $1@$2 ct", "*@b $1@c"],
]
REWRITTEN = [
    "x@a.ex",
    "Foo Bar <x@a.ex>",
    "Foo@A.EX",
    "foo@A.ex",
    "a",
    "a@B.hitch.ex",
    "ph10@x.y",
    "hearts-queen@w.ex",
    "q@q.c.d",
    "u@a.b.c",
    "foo@bar.dom.ex",
    "a.ex!foo",
    '"a b"@a.ex',
    "x@sub.a.ex",
    "(c) x@a.ex (d)",
    "a b c",
    "x@a.b",
]


@pytest.mark.parametrize("rules", REWRITING, ids=lambda rules: rules[0][:30])
def test_rewriting(folder, ctx, rules):
    rules = [rule.replace("/D", str(folder)) for rule in rules]
    conf = folder / "rewrite.conf"
    conf.write_text((folder / "conf").read_text() + "begin rewrite\n" + "\n".join(rules) + "\n")
    ctx.process.config.rewrite, errors = bind_rules([Line(rule, Span("conf", 1)) for rule in rules])
    assert not errors
    for text in REWRITTEN:
        result = subprocess.run(
            [EXIM, "-C", str(conf), "-brw", text], capture_output=True, encoding="latin-1", check=False
        )
        ctx.message.notes.clear()
        assert list(rewrite_report(ctx, text)) == result.stdout.splitlines(), text
