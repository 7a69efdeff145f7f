"""Rewriting rules on addresses and header lines; -brw. The expected texts are what an installed Exim printed."""

import pytest

from eximia.base.errors import ConfigError
from eximia.base.span import Span
from eximia.base.template import Template
from eximia.config.lines import Line
from eximia.message.header import Header
from eximia.rewrite import complete_headers, rewrite_envelope, rewrite_header_domain, rewrite_headers, rewrite_smtp
from eximia.rewrite.rules import bind_rules, parse_rule
from eximia.rewrite.testing import rewrite_report
from support_policy import clean, define, make_context


def context(*rules, **main):
    ctx = make_context(qualify_domain=clean("qual.ex"), qualify_recipient=clean("qrcpt.ex"))
    define(ctx, "domain", "d1", "a.b : *.c.d : !x.y")
    ctx.process.config.rewrite, errors = bind_rules(
        [Line(rule, Span("conf", number)) for number, rule in enumerate(rules)]
    )
    assert not errors
    return ctx


def report(ctx, text):
    """What -brw says, by place."""
    lines = list(rewrite_report(ctx, text))
    if lines[0].startswith("Syntax"):
        return lines
    return {name.strip(": "): value for name, _, value in (line.lstrip().partition(": ") for line in lines)}


ALL = ("sender", "from", "to", "cc", "bcc", "reply-to", "env-from", "env-to")


@pytest.mark.parametrize(
    "rules, text, header, envelope",
    [
        (["*@*.hitch.ex $1@hitch.ex"], "a@b.hitch.ex", "a@hitch.ex", "a@hitch.ex"),
        ([r"\N^(?:joe|ann)@a.b$\N x@y.ex"], "ann@a.b", "x@y.ex", "x@y.ex"),
        (['"joe@a.b : ann@a.b" x@y.ex'], "ann@a.b", "ann@a.b", "ann@a.b"),
        (["*@*.hitch.ex $1@hitch.ex"], "User Name <a@B.hitch.ex>", "User Name <a@hitch.ex>", "a@hitch.ex"),
        (["*@*.hitch.ex $1@hitch.ex"], "a", "a@qrcpt.ex", "a@qrcpt.ex"),
        (['*@a.ex "$1@b.ex" R', "*@b.ex $1@c.ex"], "x@a.ex", "x@c.ex", "x@c.ex"),
        (["*@a.ex $1 Q"], "x@a.ex", "x@qrcpt.ex", "x@qrcpt.ex"),
        (['*@a.ex "New <$1@z.ex>" w'], "Foo Bar <x@a.ex>", "New <x@z.ex>", "x@z.ex"),
        (['*@a.ex "New <$1@z.ex>"'], "x@a.ex", "x@z.ex", "x@z.ex"),
        (["*@a.ex *", "*@*.ex foo@bar.z"], "x@a.ex", "x@a.ex", "x@a.ex"),
        (["*@a.ex *", "*@*.ex foo@bar.z"], "x@b.ex", "foo@bar.z", "foo@bar.z"),
        (['*@a.ex "f@${if eq{a}{b}{x}fail}"', "*@a.ex z@z.z"], "x@a.ex", "z@z.z", "z@z.z"),
        (['*@a.ex "f@${if eq{a}{b}{x}fail}" q', "*@a.ex z@z.z"], "x@a.ex", "x@a.ex", "x@a.ex"),
        (["^(?i)foo@(.*) bar@$1"], "Foo@A.ex", "bar@a.ex", "bar@a.ex"),
        (["Foo@a.ex bar@b"], "Foo@A.EX", "bar@b", "bar@b"),
        (["Foo@a.ex bar@b"], "foo@a.ex", "foo@a.ex", "foo@a.ex"),
        (["*@+d1 h@h"], "q@q.c.d", "h@h", "h@h"),
        (["a.ex $local_part-$domain@h"], "Foo@A.ex", "Foo-A.ex@h", "Foo-A.ex@h"),
        (["*queen@*.fict.ex $2@${lc:$0}"], "hearts-queen@Wonder.fict.ex", None, None),
        (
            ["\\N^([^!]+)!(.*)@your.domain.example$\\N   $2@$1"],
            "host.name!user@your.domain.example",
            "user@host.name",
            "user@host.name",
        ),
        (["*@a.ex h@h h", "*@a.ex E@E E"], "Foo@a.ex", "h@h", "E@E"),
        (['*@a.ex "\\"\\303\\251 x\\" <$1@z.ex>" w'], "x@a.ex", "=?UTF-8?Q?=22=C3=A9_x=22?= <x@z.ex>", "x@z.ex"),
    ],
)
def test_rules(rules, text, header, envelope):
    found = report(context(*rules), text)
    if header is None:
        header = found["from"]
        envelope = found["env-to"]
    assert found == dict(zip(ALL, [header] * 6 + [envelope] * 2, strict=True))


def test_flags_select_places():
    found = report(context("ph10@* Philip@new.ex sfrF"), "ph10@x.y")
    assert [name for name in ALL if found[name] == "Philip@new.ex"] == ["sender", "from", "reply-to", "env-from"]
    found = report(context("*@a.ex h@h tT"), "Foo@a.ex")
    assert [name for name in ALL if found[name] == "h@h"] == ["to", "env-to"]


@pytest.mark.parametrize(
    "rule, text, line",
    [
        ("*@a.ex $1", "x@a.ex", 'Rewrite of x@a.ex yielded unqualified address "x"'),
        ("*@a.ex $nosuch", "x@a.ex", 'Expansion of $nosuch failed while rewriting: unknown variable name "nosuch"'),
        (
            "*@a.ex ,@foo",
            "F@a.ex",
            (
                "Rewrite of F@a.ex yielded unparseable address: missing or malformed local part "
                '(expected word or "<") in address ,@foo'
            ),
        ),
        ("*@a.ex x$1@a.ex R", "y@a.ex", "rewrite rule repeat ignored after 10 times"),
    ],
)
def test_failures_are_logged_and_end_the_rewriting(rule, text, line):
    ctx = context(rule, "*@a.ex z@z.z") if "R" not in rule.split()[-1:] else context(rule)
    result = rewrite_envelope(ctx, text, "T")
    assert ctx.process.log.lines == [f"PANIC {line}"]
    assert result == (text if "R" not in rule.split()[-1:] else "x" * 11 + text)


def test_smtp_time_rules():
    ctx = context("\\N^<?([^!<>]*)!([^<>]*)>?$\\N $2@$1 S", "*@a.ex $1@b.ex")
    assert rewrite_smtp(ctx, "<a.ex!foo>") == "foo@a.ex"
    assert rewrite_smtp(ctx, "<foo@a.ex>") == "<foo@a.ex>"
    assert rewrite_envelope(ctx, "foo@a.ex", "F") == "foo@b.ex"
    assert rewrite_envelope(ctx, "", "F") == ""
    assert report(ctx, "a.ex!foo")["SMTP"] == "foo@a.ex"
    bad = context("\\N^(.*)!(.*)$\\N $2@$1 S")
    assert rewrite_smtp(bad, "a!b@x") == "a!b@x"
    assert "may not follow" in bad.process.log.lines[0]


@pytest.mark.parametrize(
    "rule, message, transport",
    [
        ("*@a.ex", "missing rewrite replacement string", False),
        (
            "*@a.ex foo@b X",
            "unknown rewrite flag character 'X' (could be missing quotes round replacement item)",
            False,
        ),
        ("*@a.ex foo@b S", "rewrite rule has the S flag but is not a regular expression", False),
        ("*@a b@c E", "rewrite rule specifies a non-header rewrite - not allowed at transport time -", True),
    ],
)
def test_errors_in_rules(rule, message, transport):
    with pytest.raises(ConfigError) as caught:
        parse_rule(rule, Span("conf", 1), 1, transport=transport)
    assert caught.value.message == message


def test_message_headers():
    ctx = context("*@a.ex $1@b.ex h", '*@c.ex "\\N\\303\\251\\N Name <$1@d.ex>" hw')
    texts = [
        "From: joe (comment)\n",
        'To: bob, "Q uoted" <jane>, <x@a.ex> (tail),\n\t(pre) y@a.ex\n',
        "Cc: bad address here@a.ex, good@a.ex\n",
        'Reply-To: "a b"@a.ex, <@r1,@r2:u@a.ex>\n',
        "Sender: Name (c) <s@a.ex> (d)\n",
        "Bcc: Group: g1@a.ex, g2@other.ex;\n",
        "Subject: x@a.ex\n",
        "X-Other: x@a.ex\n",
    ]
    ctx.message.headers = [Header(text) for text in texts]
    complete_headers(ctx, ctx.process.config.rewrite, "qual.ex", "qrcpt.ex")
    assert [header.text for header in ctx.message.headers if header.type != "*"] == [
        "From: joe@qual.ex (comment)\n",
        'To: bob@qrcpt.ex, "Q uoted" <jane@qrcpt.ex>, \n\t<x@b.ex> (tail),\n\t(pre) y@b.ex\n',
        "Cc: bad address here@a.ex, good@b.ex\n",
        'Reply-To: "a b"@b.ex, <u@b.ex>\n',
        "Sender: Name (c) <s@b.ex> (d)\n",
        "Bcc: Group: g1@b.ex, g2@other.ex;\n",
        "Subject: x@a.ex\n",
        "X-Other: x@a.ex\n",
    ]
    assert [header.text for header in ctx.message.headers if header.type == "*"] == texts[:6]
    assert ctx.process.log.lines == ['rewrite: missing or malformed local part (expected word or "<")']


def test_headers_stay_unqualified_when_the_message_must_not_have_them():
    ctx = context("*@a.ex $1@b.ex h")
    ctx.message.headers = [Header("To: bob, x@a.ex\n")]
    rewrite_headers(ctx)
    assert ctx.message.headers[-1].text == "To: bob, x@b.ex\n"


def test_long_lines_are_broken():
    ctx = context("*@a.ex $1@a-much-longer-domain.example h")
    recipients = ", ".join(f"recipient{number}@a.ex" for number in range(4))
    ctx.message.headers = [Header(f"To: {recipients}\n")]
    rewrite_headers(ctx)
    new = ctx.message.headers[-1].text
    assert "\n\t" in new
    assert new.replace(" \n\t", " ") == f"To: {recipients}\n".replace("@a.ex", "@a-much-longer-domain.example")


def test_transport_rules():
    ctx = context()
    headers = [Header("To: x@a.ex\n"), Header("From: x@a.ex\n"), Header("Subject: x@a.ex\n")]
    rules = Template("*@a.ex $1@b.ex t : *@b.ex $1@c.ex")
    new = rewrite_headers(ctx, headers, rules)
    assert [header.text for header in new] == ["To: x@c.ex\n", "From: x@a.ex\n", "Subject: x@a.ex\n"]
    assert new[2] is headers[2]
    assert headers[0].text == "To: x@a.ex\n"


def test_widened_domains():
    ctx = context()
    ctx.message.headers = [Header("To: a@abc, b@abc.d, C <c@ABC>\n"), Header("Subject: abc\n")]
    rewrite_header_domain(ctx, "abc", "abc.example")
    assert [header.text for header in ctx.message.headers if header.type != "*"] == [
        "To: a@abc.example, b@abc.d, C <c@abc.example>\n",
        "Subject: abc\n",
    ]


def test_selector_address_rewrite():
    ctx = context("*@a.ex $1@b.ex")
    ctx.process.log.selectors = type(ctx.process.log.selectors)("+address_rewrite")
    rewrite_envelope(ctx, "x@a.ex", "F")
    assert ctx.process.log.lines == ['"x@a.ex" from env-from rewritten as "x@b.ex" by rule 1']


@pytest.mark.parametrize(
    "body, expected",
    [
        # the line is broken where more than forty characters, the white space behind the comma with them, are written
        (f"{'a' * 27}@o.ex, b@b.ex", f"{'a' * 27}@new.ex, b@b.ex"),
        (f"{'a' * 28}@o.ex, b@b.ex", f"{'a' * 28}@new.ex, \n\tb@b.ex"),
        (f"{'a' * 28}@o.ex,b@b.ex", f"{'a' * 28}@new.ex,b@b.ex"),
        (f"{'a' * 24}@o.ex (c) ,  b@b.ex", f"{'a' * 24}@new.ex (c) ,  \n\tb@b.ex"),
        # breaks that were there do not count, nor does what did not grow
        ("aaaaaaaaa@o.ex,\n\tbbbbbbbbbbb@o.ex, c@b.ex", "aaaaaaaaa@new.ex,\n\tbbbbbbbbbbb@new.ex, \n\tc@b.ex"),
        (f"{'a' * 60}@b.ex, b@o.ex, c@o.ex", f"{'a' * 60}@b.ex, b@new.ex, \n\tc@new.ex"),
        (f"{'a' * 60}@o.ex,\n b@b.ex", f"{'a' * 60}@new.ex,\n b@b.ex"),
        (f"{'a' * 60}@o.ex, ", f"{'a' * 60}@new.ex, "),
        (f"{'a' * 60}@o.ex", f"{'a' * 60}@new.ex"),
    ],
)
def test_lines_that_grow_are_broken(body, expected):
    ctx = context("*@o.ex $1@new.ex")
    (line,) = rewrite_headers(ctx, [Header(f"To: {body}\n", "T")])
    assert line.text == f"To: {expected}\n"
