"""Lines and arguments of -be."""

from __future__ import annotations

import pytest

from eximia.cli.expand_test import joined, run_arguments, run_lines
from eximia.cli.message_file import fill
from eximia.config.macros import BuiltinMacros, Macros
from eximia.expand import compile_text
from expand.world import context

_BAD = 'invalid variable name after "set" in ACL modifier'


def answers(*lines: str) -> str:
    out: list[str] = []
    assert run_lines(context(), lines, Macros(BuiltinMacros({})), out.append) == 0
    return "".join(out)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), "> \n"),
        (("abc\n",), "> abc\n> \n"),
        (("abc\\\n", "   def\n"), "> abcdef\n> \n"),
        (("${lc:A\\\n", "  B}\n"), "> ab\n> \n"),
        (("$nosuch\n",), '> Failed: unknown variable name "nosuch"\n> \n'),
        (("${if eq{a}{b}{c}fail}\n",), '> Failed: "if" failed and "fail" requested\n> \n'),
        (("FOO = bar\n", "xFOO\n"), "> Defined macro 'FOO'\n> xbar\n> \n"),
        (("set acl_m_x = ${lc:Q}\n", "$acl_m_x\n"), "> variable m_x set\n> q\n> \n"),
        (("set acl_mx = 1\n",), f'> {_BAD} "set acl_mx = 1" (digit or underscore must follow acl_c or acl_m)\n> \n'),
        (("set foo = 1\n",), f'> {_BAD} "set foo = 1" (must start "acl_c" or "acl_m")\n> \n'),
        (("set acl_m_x\n",), '> "=" missing after ACL "\'-be\'" modifier\n> \n'),
        (("set\tacl_m_x = 1\n",), "> set\tacl_m_x = 1\n> \n"),
        (("set acl_m_x = $nosuch\n",), '> Failed: unknown variable name "nosuch"\n> \n'),
        (("Quit\n", "F=1\n", "F=2\n", "F==3\n", "F\n"), "> > Defined macro 'F'\n> > Defined macro 'F'\n> 3\n> \n"),
        (("quit\n",), "> quit\n> \n"),
    ],
)
def test_lines(lines: tuple[str, ...], expected: str) -> None:
    """`set` answers as Exim 4.98.2 does."""
    assert answers(*lines) == expected


def test_tainted_setting_is_refused_as_a_file_name() -> None:
    assert "Tainted filename '/etc/motd'" in answers("set,t acl_m_x = motd\n", "${readfile{/etc/$acl_m_x}}\n")


def test_arguments() -> None:
    out: list[str] = []
    run_arguments(context(), ["a ${uc:b}", "", "$nosuch"], Macros(BuiltinMacros({})), out.append)
    assert "".join(out) == 'a B\n\nFailed: unknown variable name "nosuch"\n'


def test_continuation_at_the_end() -> None:
    assert list(joined(["a\\\n"])) == ["a"]


def test_message_file() -> None:
    ctx = context(now=1e9)
    fill(ctx, "From: a@b\nTo: x@y, z@w\nBcc: q@r\n\nbody\n.\nafter\n", extract=True)
    assert compile_text("$recipients|$h_bcc:|$message_body|$message_linecount|$received_count")(ctx) == (
        "x@y, z@w, q@r||body |5|1"
    )
