"""The form of the command line (manual chapter 5)."""

import re
from pathlib import Path

import pytest

from eximia.daemon.invocation import Invocation, UsageError
from eximia.daemon.letters import read, read_time

UNKNOWN = "exim abandoned: unknown, malformed, or incomplete option "
INCOMPATIBLE = "exim: incompatible command-line options or arguments"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("-bZ", UNKNOWN + "-bZ"),
        ("-Mxyz", UNKNOWN + "-Mxyz"),
        ("-odz", UNKNOWN + "-odz"),
        ("-f", UNKNOWN + "-f"),
        ("-oMx y", UNKNOWN + "-oMx"),
        ("-bh", UNKNOWN + "-bh"),
        ("-bP -bt", INCOMPATIBLE),
        ("-bd -bt", INCOMPATIBLE),
        ("-q30m -bt x", INCOMPATIBLE),
        ("-bw -q1h", INCOMPATIBLE),
        ("-qz", "exim: bad time value -qz: abandoned"),
        ("-os xx", "exim: bad time value xx: abandoned"),
        ("-Mrm foo", "exim: malformed message id foo after -Mrm option"),
        ("-Mrm", "exim: no message ids given after -Mrm option"),
        ("-t -M a", "exim: malformed message id a after -M option"),
        ("-bfx", "exim: string expected after -bfx"),
        ("-R", "exim: string expected after -R"),
        ("-d+foo -bV", "exim: unknown debug_selector setting: +foo"),
        ("-d+all-foo -bV", "exim: unknown debug_selector setting: -foo"),
        ("-dfoo -bV", 'exim: malformed debug_selector setting: + or - expected but found "foo"'),
        ("-oMr", "exim: data expected after -oMr"),
        ("-oA", "exim: string expected after -oA"),
        ("-X", "exim: string expected after -X"),
        ("-os", "exim: bad time value -os: abandoned"),
        ("-Rff", "exim: string expected after -R"),
        ("-Sr", "exim: string expected after -S"),
        ("-", UNKNOWN + "-"),
        ("-bt -", UNKNOWN + "-"),
        ("-bi ok", INCOMPATIBLE),
        ("-bf /dev/null ok", INCOMPATIBLE),
        ("-qGx -bs", INCOMPATIBLE),
        ("-qGx -bt ok", INCOMPATIBLE),
        ("-qGx ok", "exim: bad time value ok: abandoned"),
        (f"-L{'x' * 33} -bV", f'exim: the -L syslog name is too long: "{"x" * 33}"'),
    ],
)
def test_what_cannot_be_used_is_said_as_exim_does(words: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read("exim", words.split())
    assert caught.value.text == text


@pytest.mark.parametrize(
    ("words", "action", "arguments"),
    [
        ("", "help", []),
        ("-bm", "help", []),
        ("a@b c@d", "bm", ["a@b", "c@d"]),
        ("-t", "bm", []),
        ("-bm -q", "q", []),
        ("-bt a b", "bt", ["a", "b"]),
        ("-M 1abcde-000000-00", "M", ["1abcde-000000-00"]),
        ("-Mar 1abcde-00000000001-0000 a@b", "Mar", ["1abcde-00000000001-0000", "a@b"]),
        ("-bpra", "bp", []),
        ("-bt -bp", "bp", []),
        ("-bp -be", "bp", []),
        ("-bh 1.2.3.4 -bpc", "bp", []),
        ("-qq -bp", "bp", []),
        ("-odd -zx -Eabc -bp", "bp", []),
        ("-q30m", "bd", []),
        ("-bd -q30m", "bd", []),
        ("-R x", "q", []),
        ("-qGname -bp", "bp", []),
        ("-bP transport x", "bP", ["transport", "x"]),
        ("-- -bt", "bm", ["-bt"]),
    ],
)
def test_actions(words: str, action: str, arguments: list[str]) -> None:
    call = read("exim", words.split())
    assert (call.action, call.arguments) == (action, arguments)


@pytest.mark.parametrize(
    ("name", "action"),
    [("mailq", "bp"), ("rsmtp", "bS"), ("runq", "q"), ("newaliases", "bi"), ("/usr/bin/mailq", "bp")],
)
def test_the_name_it_is_called_by(name: str, action: str) -> None:
    assert read(name, []).action == action


def test_rmail_reports_errors_by_mail_and_ignores_dots() -> None:
    call = read("rmail", ["a@b"])
    assert (call.error_handling, call.dot_ends) == ("e", False)


def test_queue_runs() -> None:
    call = read("exim", ["-bd", "-qGa/10m", "-qff20m"])
    first, second = call.runs
    assert (first.name, first.interval) == ("a", 600)
    assert (second.name, second.interval, second.force, second.force_frozen) == ("", 1200, True, True)


@pytest.mark.parametrize(("words", "queue"), [("-bp -qGname", "name"), ("-qGname -bpc", "name"), ("-bp -q", "")])
def test_the_queue_that_is_listed(words: str, queue: str) -> None:
    assert [run.name for run in read("exim", words.split()).runs] == ([queue] if queue else [])


@pytest.mark.parametrize("name", ["a/b", "..", "../x"])
def test_queue_names_that_leave_the_spool(name: str) -> None:
    with pytest.raises(UsageError, match="bad queue name"):
        read("exim", ["-MG", name, "1abcde-000000-00"])


def test_values_attached_and_apart() -> None:
    call = read("exim", ["-fa@b", "-F", "A B", "-DX=1", "-D Y = 2 ", "-oMr", "smtp", "-os5m", "-C/x", "c@d"])
    assert (call.sender, call.sender_name, call.protocol, call.smtp_timeout, call.config_files) == (
        *("a@b", "A B", "smtp", 300, "/x"),
    )
    assert call.macros == [("X", "1"), ("Y", "2 ")]


def test_debug_categories() -> None:
    assert "acl" in read("exim", ["-d", "-bV"]).debug
    assert "expand" not in read("exim", ["-d", "-bV"]).debug
    assert read("exim", ["-d-all+acl", "-bV"]).debug == {"acl"}


@pytest.mark.parametrize(
    ("text", "seconds"), [("5m", 300), ("1w2d3h4m5s", 788645), ("90", None), ("", None), ("5x", None), ("m", None)]
)
def test_times(text: str, seconds: int | None) -> None:
    assert read_time(text) == seconds


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("-D=3", "exim: macro name set by -D must start with an upper case letter"),
        ("-Dx=3", "exim: macro name set by -D must start with an upper case letter"),
        ("-D X=3", "exim: macro name set by -D must start with an upper case letter"),
        ("-DX=1 -DX=2", "exim: duplicated -D in command line"),
        ("-DX-=3", "exim abandoned: unknown, malformed, or incomplete option -DX-=3"),
    ],
)
def test_wrong_macros(words: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read("exim", words.split())
    assert caught.value.text == text


def test_the_name_for_syslog_may_not_be_empty() -> None:
    with pytest.raises(UsageError) as caught:
        read("exim", ["-L", "", "-bV"])
    assert caught.value.text == "exim: the -L syslog name is too short"


def test_a_listing_is_of_the_queue_that_is_named() -> None:
    call = read("exim", ["-qGsecond", "-bp"])
    assert (call.action, [run.name for run in call.runs]) == ("bp", ["second"])


def test_all_that_is_read_from_a_command_line_is_used() -> None:
    source = Path(__file__).parents[3] / "src" / "eximia"
    words: set[str] = set()
    for path in source.rglob("*.py"):
        if path.name not in ("letters.py", "invocation.py"):
            words |= set(re.findall(r"\.(\w+)", path.read_text()))
    assert set(Invocation.__slots__) <= words
