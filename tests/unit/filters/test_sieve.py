"""Sieve scripts as delivery sees them; errors and keep are compared with Exim in tests/oracle."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eximia.base.template import Template
from eximia.context import Kind
from eximia.filters.service import Filters
from eximia.filters.sieve.matching import matches
from eximia.message.header import Header
from support_policy import clean, make_context


@pytest.fixture
def ctx():
    context = make_context(qualify_domain=clean("qual.ex"))
    message = context.message
    message.sender_address = "sender@far.ex"
    message.size = 1000
    texts = [
        "From: Joe <joe@far.ex>",
        "To: me@qual.ex",
        "Subject: =?utf-8?q?=C3=A9t=C3=A9?= Test",
        "X-Num: 12",
        "X-Nul: =?iso-8859-1?q?abc=00def?=",
    ]
    message.headers = [Header(text + "\n") for text in texts]
    context.address.local_part = clean("me")
    context.address.domain = clean("qual.ex")
    return context


def run(ctx, script, **options):
    templates = {name: Template(value) for name, value in options.items()}
    result = Filters().run(ctx, f"# Sieve filter\n{script}\n", "sieve", options=SimpleNamespace(**templates))
    assert result.verdict == "delivered"
    return [(each.kind, each.text) for each in result.deliveries]


INBOX = (Kind.FILE, "inbox")


@pytest.mark.parametrize(
    "script, deliveries",
    [
        ("", [INBOX]),
        ("keep; keep;", [INBOX]),
        ("discard;", []),
        ('redirect "a@b.ex";', [(Kind.ADDRESS, "a@b.ex")]),
        ('require "copy"; redirect :copy "a@b.ex";', [(Kind.ADDRESS, "a@b.ex"), INBOX]),
        ('require "fileinto"; fileinto "x/y";', [(Kind.FILE, "x/y")]),
        ('require "fileinto"; fileinto "INBOX";', [INBOX]),
        ('redirect "a@b.ex"; nonsense', [(Kind.ADDRESS, "a@b.ex"), INBOX]),
        ('if header :contains "subject" "\xc3\xa9t\xc3\xa9 te" { discard; }', []),
        ('if header :matches "subject" "*t?* T*" { discard; }', []),
        ('if header :contains "x-nul" "def" { discard; }', []),
        ('if header :matches "x-nul" "abc?def" { discard; }', []),
        ('require "envelope"; if envelope :domain "from" "FAR.ex" { discard; }', []),
        ('require ["envelope","subaddress"]; if envelope :detail "to" "det" { discard; }', []),
        ("if size :over 1K { discard; }", [INBOX]),
        ("if exists [] { discard; }", [INBOX]),
    ],
)
def test_scripts(ctx, script, deliveries):
    assert run(ctx, script, sieve_subaddress="det", sieve_useraddress="me") == deliveries


def test_inbox_option(ctx):
    assert run(ctx, "keep;", sieve_inbox="/var/mail/me") == [(Kind.FILE, "/var/mail/me")]


def test_errors_are_logged(ctx):
    ctx.message.id = "1abcde-1"
    run(ctx, "foo;")
    assert ctx.process.log.lines == ["Sieve error: syntax error in line 2"]


def test_vacation(ctx):
    script = 'require "vacation"; vacation :days 99 :subject "Away" :addresses ["other@x"] "Gone\\nfishing";'
    templates = SimpleNamespace(sieve_vacation_directory=Template("/v"))
    result = Filters().run(ctx, f"# Sieve filter\n{script}", "sieve", options=templates)
    reply = result.deliveries[0].reply
    assert (reply.to, reply.subject, reply.once_repeat) == ("sender@far.ex", "Away", 31 * 86400)
    assert reply.once_file.startswith("/v/")
    assert reply.headers.startswith("MIME-Version: 1.0\n")
    assert result.deliveries[1].text == "inbox"
    ctx.message.headers.append(Header("Precedence: bulk\n"))
    result = Filters().run(ctx, f"# Sieve filter\n{script}", "sieve", options=templates)
    assert [each.text for each in result.deliveries] == ["inbox"]


def test_notify(ctx):
    script = 'require "enotify"; notify :importance "1" :message "You have mail" "mailto:a@b.ex?x-foo=bar&body=hi";'
    templates = SimpleNamespace(sieve_enotify_mailto_owner=Template("me@qual.ex"))
    result = Filters().run(ctx, f"# Sieve filter\n{script}", "sieve", options=templates)
    reply = result.deliveries[0].reply
    assert (reply.to, reply.subject, reply.text, reply.from_) == ("a@b.ex", "You have mail", "hi\n", "me@qual.ex")
    assert "X-Foo: bar" in reply.headers


@pytest.mark.parametrize(
    "wanted, text, comparator, match_type, expected",
    [
        ("a*", "A*", "i;ascii-casemap", "is", True),
        ("a\\*b?", "a*bc", "i;octet", "matches", True),
        ("a\\*b?", "axbc", "i;octet", "matches", False),
        ("*", "", "i;octet", "matches", True),
        ("?", "", "i;octet", "matches", False),
        ("007", "7x", "i;ascii-numeric", "is", True),
        ("x", "y", "i;ascii-numeric", "is", True),
        ("1", "", "i;ascii-numeric", "is", False),
    ],
)
def test_comparators(wanted, text, comparator, match_type, expected):
    assert matches(wanted, text, comparator, match_type) is expected


CONTEXT = make_context()
WORDS = st.sampled_from(
    [
        "if",
        "true",
        "{",
        "}",
        ";",
        "keep",
        "allof",
        "(",
        ")",
        ",",
        "[",
        "]",
        '"a"',
        "header",
        ":is",
        ":over",
        "size",
        "1K",
        "not",
        "text:\nx\n.\n",
        "require",
        '"fileinto"',
        "fileinto",
        "/*",
        "*/",
        "#",
        "stop",
        '"',
        "redirect",
        '"a@b"',
        "else",
    ]
)


@given(st.lists(WORDS, max_size=25))
@settings(max_examples=300, deadline=None)
def test_nonsense_ends_in_a_result(words):
    result = Filters().run(CONTEXT, "# Sieve filter\n" + " ".join(words), "sieve", options=SimpleNamespace())
    assert result.verdict == "delivered"
