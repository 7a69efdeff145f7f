"""What verbs do: against a naive reading of the manual, and the cases that it does not cover."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eximia.acl import phases
from eximia.acl.result import Outcome
from eximia.acl.service import AclService
from eximia.base.span import NOWHERE
from eximia.base.template import Template
from support_acl import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


VERBS = ("accept", "defer", "deny", "discard", "drop", "require", "warn")
statement = st.tuples(
    st.sampled_from(VERBS), st.lists(st.sampled_from(["yes", "no", "maybe", "!yes", "!no", "endpass"]), max_size=4)
)


def naive(statements: list[tuple[str, list[str]]]) -> Outcome:
    """Chapter 44.18, sentence by sentence."""
    for verb, items in statements:
        endpass = holds = False
        decided = False
        for item in items:
            if item == "endpass":
                if verb in ("accept", "discard"):
                    endpass = True
                continue
            if item == "maybe":
                if verb == "warn":
                    decided = True
                    break
                return Outcome.DEFER
            if item in ("no", "!yes"):
                decided = True
                break
        holds = not decided
        if verb == "accept" and holds:
            return Outcome.ACCEPT
        if verb == "discard" and holds:
            return Outcome.DISCARD
        if verb in ("accept", "discard") and endpass:
            return Outcome.DENY
        if verb == "require" and not holds:
            return Outcome.DENY
        if verb in ("deny", "defer", "drop") and holds:
            return Outcome[verb.upper()]
    return Outcome.DENY


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(statements=st.lists(statement, max_size=6))
def test_verbs_against_a_naive_reading(world: World, statements: list[tuple[str, list[str]]]) -> None:
    text = "a:\n"
    for verb, items in statements:
        text += f"{verb}\n"
        for item in items:
            if item == "endpass":
                text += "  endpass\n" if verb in ("accept", "discard") else ""
            else:
                text += f"  {'!' if item.startswith('!') else ''}condition = {item.lstrip('!')}\n"
    world.define(text)
    assert world.run().outcome is naive(statements)


def test_unset_acls(world: World) -> None:
    from eximia.acl.engine import run

    outcomes = {phase.option: run(world.context, phase, None).outcome for phase in phases.PHASES}
    refused = {option for option, outcome in outcomes.items() if outcome is Outcome.DENY}
    assert refused == {
        "acl_smtp_rcpt", "acl_smtp_vrfy", "acl_smtp_expn", "acl_smtp_etrn", "acl_smtp_atrn", "acl_smtp_wellknown",
    }  # fmt: skip


def test_acl_by_file_name_is_read_once(world: World, tmp_path: Path) -> None:
    file = tmp_path / "my.acl"
    file.write_text("deny message = first\\\n  line\n")
    assert world.run(source=str(file)).user_message == "firstline"
    file.write_text("accept\n")
    assert world.run(source=str(file)).outcome is Outcome.DENY


def test_inline_acl_and_its_error(world: World) -> None:
    assert world.run(source="deny message = no\\naccept").user_message == "no"
    result = world.run(source="accept foo = bar")
    assert result.outcome is Outcome.ERROR
    assert result.log_message == 'unknown ACL condition/modifier in "accept foo = bar"'


def test_tainted_acl_text_is_refused(world: World) -> None:
    result = world.run(source="$sender_address")
    assert result.outcome is Outcome.ERROR
    assert result.log_message == "internal configuration error"
    assert world.log.written[-1] == ("panic", 'attempt to use tainted ACL text "s@x.ex"')


def test_forced_failure_of_the_option_accepts(world: World) -> None:
    assert world.run(source="${if eq{1}{2}{x}fail}").outcome is Outcome.ACCEPT


@pytest.mark.parametrize(
    "phase, text, outcome, log",
    [
        (phases.CONNECT, "discard", Outcome.ERROR, '"discard" verb not allowed in connection ACL'),
        (phases.PREDATA, "discard", Outcome.ERROR, '"discard" verb not allowed in PREDATA ACL'),
        (phases.MAILAUTH, "drop message = MSG", Outcome.ERROR, '"drop" verb not allowed in MAILAUTH ACL'),
        (phases.MAIL, "discard", Outcome.DISCARD, ""),
    ],
)
def test_outcomes_that_make_no_sense(world: World, phase: phases.Phase, text: str, outcome: Outcome, log: str) -> None:
    assert world.run(phase, text).outcome is outcome
    assert [line for where, line in world.log.written if where == "panic"] == ([log] if log else [])


def test_quit_acl_may_not_fail(world: World) -> None:
    result = world.run(phases.QUIT, "drop message = MSG")
    assert result.outcome is Outcome.ERROR
    assert result.user_message == "MSG"
    assert result.log_message == "QUIT or not-QUIT toplevel ACL may not fail ('drop' verb used incorrectly)"
    assert world.run(phases.QUIT, "warn").outcome is Outcome.DENY


def test_warn_with_a_list_that_cannot_be_read_is_not_skipped(world: World) -> None:
    result = world.run(phases.CONNECT, "warn hosts = /no/such/file\n accept")
    assert result.outcome is Outcome.DEFER
    assert "failed to open /no/such/file" in result.log_message


def test_warn_message_where_there_is_no_message(world: World) -> None:
    world.run(phases.CONNECT, "warn message = X-A: b")
    where, text = world.log.written[-1]
    assert where == "panic"
    assert text == (
        'ACL "warn" with "message" setting found in a non-message (connection) ACL: cannot specify header lines here: '
        "message ignored"
    )
    assert world.message.added_headers == []


def test_variables_of_connection_and_message(world: World) -> None:
    world.define("a:\nwarn set acl_c_a = 1\n set acl_m9 = ${eval:$acl_c_a+1}\naccept message = $acl_m9\n")
    assert world.run().user_message == "2"
    assert world.session.acl_vars == {"_a": "1"}
    assert world.message.acl_vars == {"9": "2"}


def test_arguments_are_restored(world: World) -> None:
    world.define(
        "a:\n warn acl = b one two\n accept message = <$acl_narg>\nb:\n warn acl = c x\n"
        " warn logwrite = $acl_narg $acl_arg1 $acl_arg2\n accept\nc:\n accept\n"
    )
    assert world.run().user_message == "<0>"
    assert world.log.written == [("main", "2 one two")]


def test_acls_in_expansions_know_the_phase(world: World) -> None:
    from eximia.acl.service import AclService

    world.process.services.acl = AclService(world.process)
    world.define("a:\n accept message = ${acl{b}{hi}}\nb:\n accept local_parts = q\n   message = got $acl_arg1\n")
    assert world.run().user_message == "got hi"


def test_delay_flushes_and_waits(world: World) -> None:
    events: list[str] = []
    world.session.host_checking = False
    world.session.flush = lambda: events.append("flush")
    world.run(source="accept delay = 1m30s")
    assert events == ["flush"]
    assert world.clock.slept == [90]
    world.session.no_delay_flush = True
    world.run(source="accept delay = 1s")
    assert events == ["flush"]


def test_deferred_expansion_names_the_string(world: World) -> None:
    world.define("a:\naccept condition = ${lookup{x}lsearch{/nonexistent}}\n")
    result = world.run()
    assert result.outcome in (Outcome.ERROR, Outcome.DEFER)
    assert result.log_message.startswith('failed to expand ACL string "${lookup{x}lsearch{/nonexistent}}": ')


def test_run_does_not_raise_for_a_bad_option(world: World) -> None:
    from eximia.acl.engine import run

    result = run(world.context, phases.RCPT, Template("${if", NOWHERE))
    assert result.outcome is Outcome.ERROR
    assert result.log_message.startswith('failed to expand ACL string "${if": ')


@pytest.mark.parametrize("text", ["${acl{loop}}", "${if acl{{loop}}}"])
def test_an_acl_that_runs_itself_in_an_expansion(world: World, text: str) -> None:
    world.process.services.acl = AclService(world.process)
    world.define(f"loop:\naccept condition = {text}\nfine:\naccept\n")
    result = world.run(source="loop")
    assert result.outcome is Outcome.ERROR
    assert "ERROR from acl" in result.log_message
    # the count starts anew
    assert world.run(source="fine").outcome is Outcome.ACCEPT
