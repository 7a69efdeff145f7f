"""The embedded Perl interpreter: values, failures, and Perl calling back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from eximia.aio.perl import Perl
from eximia.base.errors import ExpansionError, ForcedFailure
from expand.world import context

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
