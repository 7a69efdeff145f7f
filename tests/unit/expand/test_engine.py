"""What the other layers call, and how errors and taint come out."""

from __future__ import annotations

from contextlib import suppress

import pytest

from eximia.base.errors import ExpansionError, ForcedFailure, TaintError
from eximia.base.template import Template
from eximia.base.text import Untainted
from eximia.expand import check_condition, expand, expand_bool, expand_int, expand_text, expand_time
from expand.world import context


def test_constant_template_is_its_own_text() -> None:
    template = Template("a:b c")
    assert expand(template, context()) is template.text
    assert template.compiled is None


def test_template_is_compiled_once() -> None:
    template = Template("${lc:$primary_hostname}")
    ctx = context()
    assert expand(template, ctx) == "mail.test.example"
    run = template.compiled
    expand(template, ctx)
    assert template.compiled is run


def test_untaken_branch_that_is_broken_fails_with_its_message() -> None:
    with pytest.raises(ExpansionError, match='unknown variable name "nosuch"'):
        expand(Template("${if eq{a}{b}{$nosuch}{c}}"), context())


def test_error_of_evaluation_comes_before_error_of_syntax_behind_it() -> None:
    with pytest.raises(ExpansionError, match="expecting number"):
        expand(Template("${lc:${eval:1+}}${nosuch"), context())


def test_forced_failure() -> None:
    with pytest.raises(ForcedFailure) as failure:
        expand(Template("${if eq{a}{b}{c}fail}"), context())
    assert failure.value.message == '"if" failed and "fail" requested'


def test_result_is_untainted_only_when_all_parts_are() -> None:
    ctx = context()
    ctx.address.local_part = "from outside"
    ctx.address.domain_data = Untainted("trusted")
    assert type(expand(Template("/x/$domain_data/${lc:Y}"), ctx)) is Untainted
    assert type(expand(Template("/x/$domain_data/$local_part"), ctx)) is str
    assert type(expand(Template("${if eq{$local_part}{x}{a}{b}}"), ctx)) is Untainted
    assert type(expand(Template("${md5:$local_part}${strlen:$local_part}"), ctx)) is Untainted
    assert type(expand(Template("${uc:$local_part}"), ctx)) is str
    assert type(expand(Template("/x/$local_part_suffix"), ctx)) is Untainted


def test_tainted_file_name_is_refused() -> None:
    ctx = context()
    ctx.address.local_part = "motd"
    with pytest.raises(TaintError):
        expand(Template("${readfile{/etc/$local_part}}"), ctx)


def test_tainted_text_is_not_expanded() -> None:
    with pytest.raises(TaintError, match="attempt to expand tainted string"):
        expand_text("$primary_hostname" + "", context())


@pytest.mark.parametrize(
    ("text", "outcome"),
    [("", False), ("0", False), ("no", False), ("False", False), ("00", True), ("x", True),
     ("${if eq{a}{b}{c}fail}", False)],
)  # fmt: skip
def test_condition(text: str, outcome: bool) -> None:
    assert check_condition(Template(text), context(), "condition") is outcome


def test_helpers() -> None:
    ctx = context()
    assert expand_int(Template("${eval:1+1}K"), ctx) == 2048
    assert expand_time(Template("1h${lc:5M}"), ctx) == 3900
    assert expand_bool(Template("${uc:yes}"), ctx, "x") is True
    with pytest.raises(ExpansionError, match="not a valid value"):
        expand_bool(Template("maybe"), ctx, "x")


def test_scope_is_restored() -> None:
    ctx = context()
    text = Template("${if match{abc}{b(.)}{$1${map{x:y}{$item}}}}[$1$item$value]")
    assert expand(text, ctx) == "cx:y[]"


@pytest.mark.parametrize(
    ("text", "lock", "message"),
    [
        ("${readfile{/etc/motd}}", "readfile", "file insertions are not permitted"),
        ("${if eq{a}{b}{${run{/bin/true}}}{c}}", "run", "running a command is not permitted"),
        ("${if exists{/etc}{a}{b}}", "existstest", "File existence tests are not permitted"),
        ("${stat:/etc}", "existstest", "Use of the stat() expansion is not permitted"),
        ("${expand:\\${lookup\\{a\\}lsearch\\{/x\\}\\}}", "lookup", "lookup expansions are not permitted"),
        ("${perl{x}}", "perl", "Perl calls are not permitted"),
    ],
)
def test_locked_out_of_filters(text: str, lock: str, message: str) -> None:
    ctx = context()
    ctx.scope.locked = frozenset((lock,))
    with pytest.raises(ExpansionError) as failure:
        expand_text(Untainted(text), ctx)
    assert failure.value.message.endswith(message)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${if match{abc}{b(.)}{y}{n}}$1", "y"),
        ("${if match{abc}{b(.)}{$1}{n}}", "c"),
        ("${if match{abc}{b(.)}{${if match{xyz}{y(.)}{y}{n}}$1}{n}}", "yc"),
        ("${if and{{match{abc}{b(.)}}{eq{$1}{c}}}{y}{n}}", "y"),
        ("${if match{abc}{b(.)}{${expand:\\$1}}{n}}", "c"),
        ("${if match{abc}{b(.)}{${sg{x}{x}{\\$0}}$1}{n}}", "xc"),
    ],
)
def test_captures_are_kept_where_something_reads_them(text: str, expected: str) -> None:
    assert expand(Template(text), context()) == expected


@pytest.mark.parametrize(
    "text",
    ["${eval:%s}", "${if >{%s}{1}}", "${base62:%s}", "${base32:%s}", "${base62d:%s}", "${time_eval:%ss}", "$%s",
     "${substr{%s}{abc}}", "${extract{%s}{:}{a:b}}", "${listextract{%s}{a:b}}", "${time_interval:%s}", "${length_%s:a}",
     "${if bool{%s}}", "${mask:1.2.3.4/%s}", "${extract json{%s}{[1]}}", "${randint:%s}", "${hash_%s_%s:abc}",
     "${eval10:-%s}", "${headerwrap_%s_%s:abc}", "${if ={-%s}{0}}", "${nhash_%s:abc}", "\\%s", "${prvs{a@b}{s}{%s}}"],
)  # fmt: skip
@pytest.mark.parametrize("digit", ["9", "0"])
def test_endless_digits(text: str, digit: str) -> None:
    with suppress(ExpansionError):
        expand_text(Untainted(text.replace("%s", digit * 6000)), context(now=1e9))
