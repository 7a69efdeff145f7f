"""Exim filters as delivery sees them; what is printed by -bf is compared with Exim in tests/oracle."""

import pytest

from eximia.base.template import Template
from eximia.context import Kind
from eximia.filters.exim.interpreter import interpret
from eximia.filters.exim.run import Limits
from eximia.filters.service import Filters, system_limits
from eximia.message.header import Header
from support_policy import clean, make_context


@pytest.fixture
def ctx():
    context = make_context(qualify_domain=clean("qual.ex"))
    message = context.message
    message.sender_address = "sender@far.ex"
    message.headers = [Header("From: Joe <joe@far.ex>\n"), Header("To: me@qual.ex\n"), Header("Subject: Test\n")]
    context.address.local_part = clean("me")
    context.address.domain = clean("qual.ex")
    context.address.home = clean("/home/me")
    return context


def run(ctx, text, **limits):
    return interpret(ctx, f"# Exim filter\n{text}\n", Limits(qualify_domain="qual.ex", **limits))


def test_deliveries(ctx):
    result = run(
        ctx,
        'deliver a@b unseen save mail/x 640 noerror save /y/ pipe "/bin/cat $h_subject:" '
        "deliver c errors_to me@qual.ex",
    )
    assert result.verdict == "delivered"
    assert [(each.kind, each.text) for each in result.deliveries] == [
        (Kind.ADDRESS, "a@b"),
        (Kind.FILE, "/home/me/mail/x"),
        (Kind.DIRECTORY, "/y/"),
        (Kind.PIPE, "|/bin/cat $h_subject:"),
        (Kind.ADDRESS, "c@qual.ex"),
    ]
    assert [each.mode for each in result.deliveries][:3] == [-1, 0o640, -1]
    assert result.deliveries[2].ignore_error
    assert result.deliveries[4].errors_to == "me@qual.ex"


@pytest.mark.parametrize(
    "text, verdict",
    [
        ("unseen deliver a@b", "ok"),
        ("seen finish", "delivered"),
        ("finish deliver a@b", "ok"),
        ("mail text x", "ok"),
        ("seen mail text x", "delivered"),
        ("", "ok"),
        ("deliver", "error"),
        ("freeze", "error"),
    ],
)
def test_verdicts(ctx, text, verdict):
    assert run(ctx, text).verdict == verdict


def test_mail(ctx):
    result = run(
        ctx, 'mail subject "Re: $h_subject:" text "hi\\n" once /o once_repeat 1w2d expand file /f return message'
    )
    (delivery,) = result.deliveries
    reply = delivery.reply
    assert (delivery.kind, delivery.text) == (Kind.REPLY, "joe@far.ex")
    assert (reply.to, reply.subject, reply.text) == ("Joe <joe@far.ex>", "Re: Test", "hi\n")
    assert (reply.once_file, reply.once_repeat, reply.file, reply.file_expand) == ("/o", 777600, "/f", True)
    assert reply.return_message
    ctx.message.sender_address = ""
    assert run(ctx, "mail text x").deliveries == []


def test_what_routers_forbid(ctx):
    for name, text, words in [
        ("lookup", "testprint ${lookup{a}lsearch{/etc/passwd}}", "lookup expansions are not permitted"),
        ("existstest", 'testprint "${if exists{/a}{b}}"', "File existence tests are not permitted"),
        ("logwrite", "logfile /x logwrite y", "logwrite command forbidden"),
    ]:
        result = run(ctx, text, forbidden=frozenset({name}))
        assert result.verdict == "error"
        assert words in result.message
    result = run(ctx, "deliver a@b errors_to x@y")
    assert result.message == "errors_to must point to the caller's address"


def test_ends(ctx):
    result = run(ctx, 'unseen deliver a@b fail text "<<x>>y" deliver c@d', allow_fail=True)
    assert (result.verdict, result.message, result.log_message) == ("fail", "<<x>>y", "")
    assert len(result.deliveries) == 1
    result = interpret(ctx, '# Exim filter\nfail "<<log>>user"', system_limits(ctx))
    assert (result.verdict, result.message, result.log_message) == ("fail", "user", "log")


def test_system_filter_changes_headers_and_counts(ctx, tmp_path):
    path = tmp_path / "filter"
    path.write_text('# Exim filter\nheaders add "X-A: $h_subject:"\nheaders remove Subject\nadd 3 to n1\n')
    object.__setattr__(ctx.process.main, "system_filter", Template(str(path)))
    result = Filters().run_system(ctx)
    assert result.verdict == "ok"
    assert [header.text for header in ctx.message.headers if header.type != "*"][-1] == "X-A: Test\n"
    assert not any(header.name == "subject" and header.type != "*" for header in ctx.message.headers)
    assert result.numbers[1] == 3
    user = run(ctx, 'if $sn1 is 3 and $n1 is 0 then deliver "$h_x-a:@b" endif')
    assert [each.text for each in user.deliveries] == ["Test@b"]


def test_captures_of_matches_reach_pipes(ctx):
    result = run(ctx, 'if $h_subject: matches "(T)e" then pipe "/x $1" endif')
    assert result.deliveries[0].variables == ("Te", "T")
    assert ctx.scope.numeric == ()


def test_personal(ctx):
    assert run(ctx, "if personal then deliver a@b endif").deliveries
    ctx.message.headers.append(Header("List-Id: x\n"))
    assert not run(ctx, "if personal then deliver a@b endif").deliveries


def test_log_lines(ctx):
    result = run(ctx, "logfile $home/log logwrite a logfile /b 640 logwrite b")
    assert result.log_lines == [("/home/me/log", "a\n", 0o600), ("/b", "b\n", 0o640)]


def test_lines_are_written_by_the_job(tmp_path):
    from eximia.filters.log_job import run as job

    path = tmp_path / "log"
    answer = job({"lines": [(str(path), "a\n", 0o640), (str(path), "b\n", 0o640), (f"{tmp_path}/no/x", "c\n", 0o600)]})
    assert path.read_text() == "a\nb\n"
    assert "failed to open filter log file" in answer["error"]


@pytest.mark.parametrize(
    "text, kind",
    [
        ("# Exim filter\n", "exim"),
        ("\n  #exim FILTER <<== x\n", "exim"),
        ("#Sieve filter", "sieve"),
        ("# exim-filter\n", ""),
        ("a@b\n# Exim filter\n", ""),
        ("#   \n", ""),
        ("# Exim\nfilter", ""),
        ("", ""),
    ],
)
def test_recognition(text, kind):
    from eximia.filters.recognition import filter_kind

    assert filter_kind(text) == kind
