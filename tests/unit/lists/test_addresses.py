"""Address lists."""

import pytest

from eximia.base.errors import Defer
from eximia.base.template import Template
from eximia.lists import match_address
from support_policy import define, make_context


@pytest.fixture
def ctx(tmp_path):
    context = make_context()
    define(context, "domain", "d1", "a.b : *.c.d : !x.y")
    define(context, "address", "a1", "u@a.b : *@+d1")
    (tmp_path / "ls").write_text("a.b.c: data one\n*.dom.ex: wild\n*: default\n*@at.ex: atdef\nu@x.y: addr\n")
    (tmp_path / "atat").write_text(
        "dom1.ex: alice : !bob : ^c : >chain\nchain: zed : *y\ndom2.ex: !postmaster : *\n"
        "loop: >loop\ndom3.ex: >loop\ndom4.ex: a : b::c\n"
    )
    return context


@pytest.mark.parametrize(
    "subject, items, data",
    [
        ("u@a.b", "u@a.b", "u@a.b"),
        ("U@A.b", "u@a.b", "u@a.b"),
        ("U@A.b", "+caseful : u@a.b", None),
        ("U@A.b", "+caseful : U@a.b", "U@a.b"),
        ("U@A.b", "+caseful : U@A.b", None),
        ("U@A.b", "+caseful : *U@a.b", "*U@a.b"),
        ("U@A.b", "+caseful : ^U@a", ""),
        ("U@A.b", "+caseful : ^u", None),
        ("U@A.b", "^u", ""),
        ("hearts-queen@wonder.fict.ex", "*queen@*.fict.ex", "*queen@*.fict.ex"),
        ("foo@bar.dom.ex", "bar.dom.ex", "@bar.dom.ex"),
        ("foo@bar.dom.ex", "*.dom.ex", "@*.dom.ex"),
        ("foo@bar.dom.ex", "*@bar.dom.ex", "*@bar.dom.ex"),
        ("foo@bar.dom.ex", "*", "@*"),
        ("", "*", None),
        ("", ":", ""),
        ("", "*@*", None),
        ("", r"\N^$\N", ""),
        ("", "foo@bar : !x@y", ""),
        ("u@a.b", "+a1", "u@a.b"),
        ("x@q.c.d", "+a1", "*@*.c.d"),
        ("x@q.c.d", "*@+d1", "*@*.c.d"),
        ("a@mail.test.ex", "a@@", "a@mail.test.ex"),
        ("a@c.d", "!*@c.d : *", None),
        ("a@c.d", "!b@c.d : *@c.d", "*@c.d"),
        ("b@c.d", "!b@c.d : *@c.d", None),
        ("a@c.d", "a@!c.d", None),
        ("a@c.d", "*@", None),
        ("a@mail.test.ex", "@", None),
        ("a@b.c", "a@^b(.)c", "a@^b(.)c"),
        ("a@b@c.d", "*@c.d", "*@c.d"),
        ('"a b"@c.d', '"a b"@c.d', '"a b"@c.d'),
        ("a@c.d", "foo@c.d : : !x@y.z", ""),
    ],
)
def test_items(ctx, subject, items, data):
    found = match_address(Template(items), subject, ctx)
    assert (None if found is None else found.data) == data


@pytest.mark.parametrize(
    "subject, items, data",
    [
        ("foo@at.ex", "lsearch*@;{}/ls", "atdef"),
        ("U@X.y", "lsearch;{}/ls", "addr"),
        ("foo@bar.dom.ex", "*@partial-lsearch;{}/ls", "*@wild"),
        ("a@a.b.c", "a@lsearch;{}/ls", "a@data one"),
        ("alice@dom1.ex", "@@lsearch;{}/atat", "alice"),
        ("bob@dom1.ex", "@@lsearch;{}/atat", None),
        ("cc@dom1.ex", "@@lsearch;{}/atat", "^c"),
        ("zed@dom1.ex", "@@lsearch;{}/atat", "zed"),
        ("sly@dom1.ex", "@@lsearch;{}/atat", "*y"),
        ("nn@dom1.ex", "@@lsearch;{}/atat", None),
        ("b:c@dom4.ex", "@@lsearch;{}/atat", "b:c"),
        ("postmaster@dom2.ex", "@@lsearch;{}/atat", None),
        ("foo@dom2.ex", "@@lsearch;{}/atat", "*"),
        ("foo@dom2.ex", "!@@lsearch;{}/atat : *", None),
        ("", "lsearch*;{}/ls", "default"),
        ("", "lsearch;{}/ls", None),
        ("user@dom.ex", "{}/addr", "user@dom.ex"),
        ("not#comment@x.y", "{}/addr", "not#comment@x.y"),
        ("x@dom2.ex", "{}/addr", "*"),
    ],
)
def test_lookups_and_files(ctx, tmp_path, subject, items, data):
    (tmp_path / "addr").write_text(f"user@dom.ex   # com\nnot#comment@x.y\n@@lsearch;{tmp_path}/atat\n")
    found = match_address(Template(items.format(tmp_path)), subject, ctx)
    assert (None if found is None else found.data) == data


def test_chain_loop_defers(ctx, tmp_path):
    with pytest.raises(Defer, match="Loop detected in lookup of local part of sl@dom3"):
        match_address(Template(f"@@lsearch;{tmp_path}/atat"), "sl@dom3.ex", ctx)


def test_partial_matching_of_whole_addresses_is_passed_over_and_logged(ctx, tmp_path):
    items = f"partial-lsearch*@;{tmp_path}/ls"
    assert match_address(Template(items), "foo@at.ex", ctx).data == "atdef"
    assert ctx.process.log.lines == [
        f'PANIC partial matching is not applicable to whole-address lookups: ignored "partial-" in "{items}"'
    ]


def test_subject_without_domain_is_logged(ctx):
    assert match_address(Template("*"), "ab", ctx) is None
    assert 'no @ found in the subject of an address list match: subject="ab" pattern="*"' in ctx.process.log.lines[0]


@pytest.mark.parametrize(
    "subject, items, numbers",
    [
        ("hearts-queen@wonderland.fict.example", "*queen@*.fict.example", ["hearts-", "wonderland"]),
        ("foo@bar.dom.ex", "*@partial-lsearch;{}/ls", ["foo", "bar", "dom.ex"]),
        ("foo@dom.ex", "*@partial-lsearch;{}/ls", ["foo", "", "dom.ex"]),
        ("foo@a.b.c", "foo@partial-lsearch;{}/ls", ["", "a.b.c"]),
        ("foo@a.b.c", "*@lsearch;{}/ls", ["foo"]),
        ("foo@a.b.c", "foo@*.c", ["a.b"]),
        ("Foo@a.b.c", "*@a.b.c", ["Foo"]),
        ("foo@a.b.c", r"\N^(.)oo@(.*)c$\N", ["f", "a.b."]),
        ("foo@a.b.c", "foo@a.b.c", []),
        ("foo@a.b.c", "a.b.c", []),
        ("foo@a.b.c", "*@*", ["foo", "a.b.c"]),
    ],
)
def test_numbers_for_rewriting(ctx, tmp_path, subject, items, numbers):
    found: list[str] = []
    assert match_address(Template(items.format(tmp_path)), subject, ctx, numbers=found)
    assert found == numbers
