"""From files to logical lines: comments, macros, conditions, inclusions, continuations (manual 6.2 to 6.10)."""

from __future__ import annotations

import pytest

from .helpers import main_lines, parse


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a = 1 \n\n # comment\n  b  =  2", ["a = 1", "b  =  2"]),
        ("a = x\\\n   # comment\n   y \\ \n  z", ["a = xy z"]),
        ("a = x\\\n\nb = y", ["a = x", "b = y"]),
        ("FOO = 1\na = xFOOy", ["a = x1y"]),
        ("FOO = 1\nFOO == FOO and FOO\na = FOO", ["a = 1 and 1"]),
        ("AAA = BBB c\nBBB = x\na = AAA", ["a = x c"]),
        ("FOO = bar \\\n  baz\na = FOO", ["a = bar baz"]),
        ("FOO =\nFOO\na = x\\\nFOO\nb", ["a = x", "b"]),
        ("FOO = # x\nFOO a = 1\nb = 2", ["b = 2"]),
        ("a = _HAVE_TLS_OCSP", ["a = y"]),
        (".ifdef _HAVE_TLS\na\n.else\nb\n.endif", ["a"]),
        (".ifdef FOO\na\n.elifndef FOO\nb\n.ifdef FOO\nc\n.else\nd\n.endif\n.else\ne\n.endif x", ["b", "d"]),
        (".ifndef FOO\n.ifdef X\n.endif\na\n.elifdef FOO\nb\n.endif", ["a"]),
        ("a = x\\\n.ifdef FOO\ny\\\n.else\nz\n.endif", ["a = xz"]),
        (".include /one\nb", ["one", "b"]),
        ('.include "/one"', ["one"]),
        (".include rel\na = \\\n.include /part\nb", ["rel", "a = 1", "b"]),
        ("INC = .include\nINC /one", ["one"]),
        (".include_if_exists /none\na", ["a"]),
        (".include /macro\na = FOO", ["a = 7"]),
    ],
)
def test_logical_lines(text: str, lines: list[str]) -> None:
    files = {"/one": "one\n", "/etc/rel": "rel", "/part": "1\n", "/macro": "FOO = 7\n"}
    file = parse(text, files)
    assert main_lines(file) == lines
    assert not file.errors


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\n.else", 2, ".else without matching .ifdef"),
        (".endif", 1, ".endif without matching .ifdef"),
        ("a\n.ifdef X\nb", 3, "Unexpected end of configuration file: .endif missing"),
        (".include /none", 1, "failed to open included configuration file /none"),
        (".include_if_exists none", 1, '.include specifies a non-absolute path "none"'),
        (".include /etc/loop", 1, "failed to open included configuration file /etc/loop"),
        ("FOO = 1\nFOO = 2", 2, 'macro "FOO" is already defined (use "==" if you want to redefine it)'),
        ("FOO == 2", 1, 'can\'t redefine an undefined macro "FOO"'),
        (
            "FOO = 1\nMY_FOO = 2",
            2,
            '"MY_FOO" cannot be defined as a macro because previously defined macro "FOO" is a substring',
        ),
        ("Foo bar", 1, "malformed macro definition"),
        ("begin router", 1, '"router" is not a known configuration section name'),
        ("begin acl\nbegin acl", 2, '"acl" section is repeated in the configuration file'),
        ("begin routers\ndriver = accept", 2, "router name missing"),
        ("begin acl\naccept", 2, "missing or malformed ACL name"),
        ("domainlist a", 1, "missing '=' after \"a\""),
        ("domainlist a = b\ndomainlist a = c", 2, 'duplicate name "a" for a named domain list'),
        ("9x = 1", 1, "option setting expected: 9x = 1"),
    ],
)
def test_errors_name_the_line(text: str, line: int, message: str) -> None:
    file = parse(text, {"/etc/loop": ".include /etc/loop"})
    assert [(error.span.line, error.message) for error in file.errors] == [(line, message)]


def test_all_errors_are_collected() -> None:
    file = parse("Foo\n9\nbegin nosuch\nx\nbegin acl\naccept\nname:\n accept")
    assert [error.span.line for error in file.errors] == [1, 2, 3, 6]
    assert [block.name for block in file.acls] == ["name"]


def test_the_command_line_overrides_macros() -> None:
    file = parse("FOO = 1\nFOO == 2\na = FOO", macros={"FOO": "9"})
    assert main_lines(file) == ["a = 9"]


def test_spans_name_file_and_last_line() -> None:
    file = parse("a = \\\n  b\n.include /x\nc", {"/x": "\nd"})
    spans = [setting.line.span[:2] for setting in file.main]
    assert spans == [("/etc/exim.conf", 2), ("/x", 2), ("/etc/exim.conf", 4)]


def test_blocks_and_macros_between_them() -> None:
    file = parse("begin transports\nM = x\na:\n driver = M\nb :\n two\nbegin retry\n* * F,1h,M")
    assert [(block.name, [line.text for line in block.lines]) for block in file.transports] == [
        ("a", ["driver = x"]),
        ("b", ["two"]),
    ]
    assert [line.text for line in file.retry] == ["* * F,1h,x"]


def test_named_lists() -> None:
    text = 'hide domainlist a = x : y\nhostlist_cache a = "<; b"\nlocalpartlist p = "q\\tr"'
    lists = parse(text).lists
    domains, hosts = lists.get("domain", "a"), lists.get("host", "a")
    assert domains is not None
    assert domains.hide
    assert not domains.cache
    assert hosts is not None
    assert hosts.cache
    assert hosts.template.text == "<; b"
    assert [one.kind for one in lists.by_name("a")] == ["domain", "host"]
    part = lists.get("local_part", "p")
    assert part is not None
    assert part.template.text == "q\tr"


def test_builtin_macros_are_made_only_when_named() -> None:
    from eximia.config.macros import BuiltinMacros, Macros

    made: list[str] = []

    def family() -> dict[str, str]:
        made.append("x")
        return {"_OPT_MAIN_FOO": "y", "_OPT_MAIN_FOO_BAR": "y"}

    macros = Macros(BuiltinMacros({"_OPT_": family}))
    assert macros.substitute("a = MAIN_OPTS") == ("a = MAIN_OPTS", False)
    assert not made
    assert macros.substitute("x _OPT_MAIN_FOO_BAR _OPT_MAIN_FOO") == ("x y y", True)
    assert macros.get("_OPT_MAIN_FOO") == "y"
    assert macros.get("_OPT_MAIN") is None
    assert made == ["x"]
