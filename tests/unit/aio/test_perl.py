"""The embedded Perl interpreter: values, failures, and Perl calling back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from eximia.aio.bridge import Bridge
from eximia.aio.loop_ports import Gate
from eximia.aio.perl import Perl, PerlService
from eximia.base.errors import ExpansionError, ForcedFailure
from eximia.context import Context
from expand.world import context
from support_together import AT_ONCE, in_processes
from unit.aio.test_bridge import run

pytestmark = pytest.mark.skipif(shutil.which("perl") is None, reason="no perl")

STARTUP = r"""
sub foo { return "got @_" } sub undefined { return undef } sub bad { die "dead\n" }
sub back { return Exim::expand_string('${uc:$local_part}') }
sub forced { return defined(Exim::expand_string('${if eq{a}{b}{c}fail}')) ? "defined" : "undef" }
"""


@pytest.fixture(scope="module")
def perl() -> Iterator[Perl]:
    made = Perl(STARTUP)
    yield made
    made.close()


def test_value_and_arguments(perl: Perl) -> None:
    assert perl.call(context(), "foo", ["a", "b c", "\xe9%\n"]) == "got a b c \xe9%\n"


def test_undef_forces_failure(perl: Perl) -> None:
    with pytest.raises(ForcedFailure):
        perl.call(context(), "undefined", [])


@pytest.mark.parametrize(
    ("name", "message"),
    [("bad", "dead\n"), ("nosuch", "Undefined subroutine &main::nosuch called.\n")],
)
def test_failures_carry_perls_message(perl: Perl, name: str, message: str) -> None:
    with pytest.raises(ExpansionError) as failure:
        perl.call(context(), name, [])
    assert failure.value.message == message


def test_perl_expands_strings(perl: Perl) -> None:
    ctx = context()
    ctx.address.local_part = "user"
    assert perl.call(ctx, "back", []) == "USER"
    assert perl.call(ctx, "forced", []) == "undef"


@pytest.mark.parametrize(
    ("startup", "message"),
    [
        ("sub {{{ nonsense", "error in perl_startup code: Compilation error"),
        ("do '/nosuch'; eval 'die qq(within\n)'; die 'so'", "error in perl_startup code: within\n"),
        ("use Nosuch::Module;", "BEGIN failed--compilation aborted$"),
    ],
)
def test_startup_that_fails(startup: str, message: str) -> None:
    with pytest.raises(ExpansionError, match=message):
        Perl(startup)


def test_startup_that_only_dies_has_defined_its_subroutines() -> None:
    perl = Perl("sub foo { 'bar' } 0 or die 'the file says nothing'")
    assert perl.call(context(), "foo", []) == "bar"
    perl.close()


def test_taint_mode_does_not_distrust_what_we_say() -> None:
    perl = Perl("sub foo { open(my $file, '>>', $_[0]) or die 'not opened'; 'opened' }", taint=True)
    assert perl.call(context(), "foo", ["/dev/null"]) == "opened"
    perl.close()


def with_perl(startup: str, gate: Any = nullcontext()) -> Any:  # noqa: B008 - it has no state
    ctx = context(perl_startup=startup, perl_taintmode=False)
    ports: Any = ctx.process.ports
    ports.gate = lambda most: gate
    return ctx


def test_sessions_whose_strings_wait_get_each_their_own_answer() -> None:
    """What the first asked is answered while the second is in the middle of its call."""

    def policy(bridge: Bridge) -> list[str]:
        asked = {name: bridge.waiter() for name in ("first", "second")}
        answer = {name: bridge.waiter() for name in ("first", "second")}

        class Slow:
            def find(self, ctx: Context, search: str, key: str, source: str) -> str:
                asked[key].set()
                answer[key].wait()
                return f"found {key}"

            def is_query_style(self, search: str) -> bool:
                return False

        service = PerlService()

        def call(name: str) -> str:
            ctx = with_perl("sub ask { 'for ' . $_[0] . ' ' . Exim::expand_string($_[1]) }", Gate(bridge, 2))
            ctx.address.local_part = name
            ctx.process.services.lookups = Slow()
            return service.call(ctx, "ask", [name, "${lookup{$local_part}lsearch{/none}}"])

        tasks = [bridge.spawn(call, name) for name in asked]
        for each in (*asked.values(), *answer.values()):
            if each in answer.values():
                each.set()
            else:
                each.wait()
        return [task.join() for task in tasks]

    assert run(policy) == ["for first found first", "for second found second"]


def test_perl_that_has_ended_is_started_again() -> None:
    service = PerlService()
    ctx = with_perl("sub leave { exit 0 } sub here { 'here' }")
    assert service.call(ctx, "here", []) == "here"
    with pytest.raises(ExpansionError, match="has ended"):
        service.call(ctx, "leave", [])
    assert service.call(ctx, "here", []) == "here"


def test_a_copy_of_the_process_has_a_perl_of_its_own() -> None:
    service = PerlService()
    ctx = with_perl("my $calls; sub count { ++$calls }")
    assert service.call(ctx, "count", []) == "1"
    assert in_processes(lambda _: service.call(ctx, "count", [])) == ["1"] * AT_ONCE
    assert service.call(ctx, "count", []) == "2"
