"""Domain and local part lists: the manual's rules, and what Exim answers in corner cases."""

import os

import pytest

from eximia.base.errors import Defer
from eximia.base.template import Template
from eximia.base.text import Untainted, is_tainted
from eximia.lists import match_domain, match_local_part
from support_policy import define, make_context


@pytest.fixture
def ctx():
    context = make_context(local_interfaces="127.0.0.1 : 10.9.8.7", extra_local_interfaces="192.0.2.77")
    define(context, "domain", "d1", "a.b : *.c.d : !x.y")
    define(context, "domain", "d2", "+d1 : z.z")
    define(context, "domain", "dneg", "!a.b")
    define(context, "domain", "empty", "")
    define(context, "local_part", "l1", "one : *two : ^thr")
    return context


def result(ctx, items, subject):
    ctx.scope.numeric = ()
    found = match_domain(Template(items), subject, ctx)
    return None if found is None else (found.data, *ctx.scope.numeric)


@pytest.mark.parametrize(
    "subject, items, expected",
    [
        ("a.b.c", "*.c", ("*.c", "a.b.c", "a.b")),
        ("A.B.C", "a.b.c", ("a.b.c", "a.b.c")),
        ("a.b.c", "A.B.C", ("A.B.C", "a.b.c")),
        ("A.B.C", "^a.(b)", ("^a.(b)", "A.B.C", "B")),
        ("A.B.C", "^(?-i)a", None),
        ("mail.test.ex", "@", ("mail.test.ex", "mail.test.ex")),
        ("[127.0.0.1]", "@[]", ("@[]", "[127.0.0.1]")),
        ("[192.0.2.77]", "@[]", ("@[]", "[192.0.2.77]")),
        ("[1.1.1.1]", "@[]", None),
        ("a.b", "+d1", ("a.b", "a.b")),
        ("q.c.d", "+d2", ("*.c.d", "q.c.d", "q")),
        ("x.y", "+d1", None),
        ("other", "+d1", ("",)),
        ("other", "!+d1", None),
        ("a.b", "+dneg : foo", None),
        ("other", "+dneg : foo", ("",)),
        ("a.b", "", None),
        ("a.b", "+empty", None),
        ("", "*", ("*", "", "")),
        ("", ":", ("", "")),
        ("a.b", "<; x.y ; a.b", ("a.b", "a.b")),
        ("a:b", "a::b", ("a:b", "a:b")),
        ("a.b", "!!a.b", ("",)),
        ("a.b", "! ! a.b : *", ("*", "a.b", "a.b")),
        ("a.b", "!x.y", ("",)),
        ("a.b", "!a.b : *", None),
        ("a.b", "!a.b : *.b : a.b", None),
        ("c.b", "!a.b : *.b", ("*.b", "c.b", "c")),
        ("c.b", "*.b : c.b", ("*.b", "c.b", "c")),
        ("c.b", "c.b : *.b", ("c.b", "c.b")),
        ("foo", "*", ("*", "foo", "foo")),
        ("@mx_foo", "@mx_foo", ("@mx_foo", "@mx_foo")),
        ("donkey.ex", "*key.ex", ("*key.ex", "donkey.ex", "don")),
    ],
)
def test_items(ctx, subject, items, expected):
    assert result(ctx, items, subject) == expected
    # The same text as a list that an expansion made.
    found = match_domain(Untainted(items), subject, ctx)
    assert (found is None) == (expected is None)


def test_files(ctx, tmp_path):
    path = tmp_path / "list"
    path.write_text("x.y.z # comment\n#foo\n\n*.dom.ex\n!neg.ex\n/etc/passwd\n")
    assert result(ctx, f"{path}", "x.y.z") == ("x.y.z", "x.y.z")
    assert result(ctx, f"{path}", "a.dom.ex") == ("*.dom.ex", "a.dom.ex", "a")
    assert result(ctx, f"{path} : *", "neg.ex") is None
    assert result(ctx, f"!{path} : *", "x.y.z") is None
    assert result(ctx, f"!{path}", "neg.ex") == ("",)
    path.write_text("yes.ex\n!no.ex\n")
    assert result(ctx, f"{path}", "other.ex") == ("",)
    assert result(ctx, f"!{path}", "other.ex") is None
    path.write_text("")
    assert result(ctx, f"!{path}", "other.ex") == ("",)
    assert result(ctx, f"{path}", "other.ex") is None
    assert not is_tainted(match_domain(Untainted("a.b"), "a.b", ctx).data)


def test_file_that_cannot_be_read_defers(ctx, tmp_path):
    with pytest.raises(Defer, match="failed to open"):
        result(ctx, f"{tmp_path}/none", "a.b")
    with pytest.raises(Defer, match="Tainted filename"):
        match_domain(str(tmp_path) + "/x", "a.b", ctx)


def test_data_has_the_taint_of_the_list(ctx):
    assert not is_tainted(match_domain(Template("a.b"), "a.b", ctx).data)
    assert is_tainted(match_domain("a.b", "a.b", ctx).data)
    assert not is_tainted(match_domain(Untainted("a.b"), "a.b", ctx).data)


def test_lookups(ctx, tmp_path):
    path = tmp_path / "ls"
    path.write_text("a.b.c: data one\nnodata\n*.dom.ex: wild\n*: default\n")
    assert result(ctx, f"lsearch;{path}", "A.B.C") == ("data one", "a.b.c")
    assert result(ctx, f"lsearch;{path}", "nodata") == ("", "nodata")
    assert result(ctx, f"partial-lsearch;{path}", "foo.dom.ex") == ("wild", "foo.dom.ex", "foo", "dom.ex")
    assert result(ctx, f"partial-lsearch;{path}", "a.b.c") == ("data one", "a.b.c", "", "a.b.c")
    assert result(ctx, f"lsearch*;{path}", "zz") == ("default", "zz", "zz", "")
    assert result(ctx, f"lsearch,ret=key;{path}", "a.b.c") == ("a.b.c", "a.b.c")
    assert result(ctx, f"!lsearch;{path} : *", "a.b.c") is None
    with pytest.raises(Defer):
        result(ctx, "nosuch;/x", "a.b")
    with pytest.raises(Defer, match="failed to open"):
        result(ctx, "lsearch;/nonexistent/x", "a.b")


def test_unknown_named_list_defers_and_is_logged(ctx):
    with pytest.raises(Defer):
        result(ctx, "+nosuch", "a.b")
    assert ctx.process.log.lines == ['PANIC unknown named domain list "+nosuch"']


def test_a_named_list_that_contains_itself_is_found_out(ctx):
    define(ctx, "domain", "loop", "+loop2 : a")
    define(ctx, "domain", "loop2", "+loop : b")
    with pytest.raises(Defer):
        result(ctx, "+loop", "x")


def test_mx_items(ctx):
    resolver = ctx.process.ports.resolver
    resolver.host("host.t.ex", "10.1.1.1")
    resolver.host("local.t.ex", "127.0.0.1")
    for name, pairs in {
        "both.ex": [(10, "host.t.ex"), (20, "local.t.ex")],
        "prim.ex": [(5, "local.t.ex"), (9, "host.t.ex")],
        "none.ex": [(5, "host.t.ex")],
    }.items():
        for preference, exchange in pairs:
            resolver.add(name, "MX", preference, exchange)
    assert result(ctx, "@mx_any", "both.ex") == ("@mx_any", "both.ex")
    assert result(ctx, "@mx_secondary", "both.ex")
    assert result(ctx, "@mx_primary", "both.ex") is None
    assert result(ctx, "@mx_primary", "prim.ex")
    assert result(ctx, "@mx_secondary", "prim.ex") is None
    assert result(ctx, "@mx_any", "none.ex") is None
    assert result(ctx, "@mx_any", "host.t.ex") is None
    assert result(ctx, "@mx_any/ignore=127.0.0.1", "both.ex") is None
    assert result(ctx, "<? @mx_any/ignore=<;127.0.0.1;::1 ? both.ex", "both.ex") == ("both.ex", "both.ex")
    with pytest.raises(Defer, match=r'DNS lookup of "fail\.ex" deferred'):
        result(ctx, "@mx_any", "fail.ex")
    object.__setattr__(ctx.process.main, "hosts_treat_as_local", Template("host.t.ex"))
    assert result(ctx, "@mx_primary", "none.ex")


def test_results_of_named_lists_are_kept_with_the_message(ctx, tmp_path):
    path = tmp_path / "ls"
    path.write_text("a.b: one\n")
    define(ctx, "domain", "kept", f"lsearch;{path}")
    assert result(ctx, "+kept", "a.b") == ("one", "a.b")
    path.write_text("a.b: two\n")
    os.utime(path, (1, 1))
    assert result(ctx, "+kept", "a.b") == ("one", "a.b")
    ctx.message.notes.clear()
    assert result(ctx, "+kept", "a.b") == ("two", "a.b")
    define(ctx, "domain", "changing", f"lsearch;{path} : $message_id")
    path.write_text("a.b: three\n")
    assert result(ctx, "+changing", "a.b") == ("three", "a.b")


def test_local_parts(ctx):
    def local(items, subject, *, caseful=False):
        ctx.scope.numeric = ()
        found = match_local_part(Template(items), subject, ctx, caseful=caseful)
        return None if found is None else (found.data, *ctx.scope.numeric)

    assert local("alice", "ALICE") == ("alice", "alice")
    assert local("*ice", "ALICE") == ("*ice", "alice", "al")
    assert local("^a", "ALICE") == ("^a", "ALICE")
    assert local("+caseful : alice", "ALICE") is None
    assert local("ALICE : +caseful : alice", "Alice") == ("ALICE", "alice")
    assert local("+caseful : *ICE", "ALICE") == ("*ICE", "ALICE", "AL")
    assert local("+caseful : ^a", "ALICE") is None
    assert local("alice", "ALICE", caseful=True) is None
    assert local("@", "@") == ("@", "@")
    assert local("+l1", "Xtwo") == ("*two", "xtwo", "x")


def test_local_part_files_keep_hashes(ctx, tmp_path):
    path = tmp_path / "list"
    path.write_text("alice # c\nb#b\n#foo\n\t # bar\n")
    assert match_local_part(Template(str(path)), "b#b", ctx)
    assert match_local_part(Template(str(path)), "alice", ctx)
    assert match_local_part(Template(str(path)), "foo", ctx) is None
    assert match_local_part(Template(str(path)), "b", ctx) is None
