"""Static questions, and the origin of taint in refusals."""

from __future__ import annotations

import pytest

from eximia.base.errors import TaintError
from eximia.expand import compile_text
from eximia.expand.parser import parse
from eximia.expand.questions import printed, problems, variables
from expand.world import context


def test_variables_in_reading_order() -> None:
    text = "${if eq{$domain}{x}{$local_part}{${lookup{$h_to:}lsearch{/etc/$domain}}}}$1"
    assert variables(text) == ["domain", "local_part", "h_to:", "1"]


def test_good_string_has_no_problems() -> None:
    assert problems("${if eq{a}{b}{c}fail} $primary_hostname \\N$x\\N") == []


@pytest.mark.parametrize(
    ("text", "message", "part"),
    [
        ("ab$nosuch cd", 'unknown variable name "nosuch"', "$nosuch cd"),
        ("${if eq{a}{b}{${foo:x}}{c}}", 'unknown expansion operator "foo"', "${foo:x}}{c}}"),
        ("x${lc:abc", "missing } at end of string", ""),
        ("${if eq{a}{b}{c}{d}{e}}", "curly-bracket problem", ""),
    ],
)
def test_problems(text: str, message: str, part: str) -> None:
    found = problems(text)
    assert found
    assert found[0].message.startswith(message)
    if part:
        assert found[0].text == part


@pytest.mark.parametrize(
    "text",
    ["", "abc", "a${lc:$domain}b\\n\\N$\\N", "${if eq{a}{b}{c}{d}}$h_x:y", "${nosuch", "a}b{", "${tr{a}{b}{c}}"],
)
def test_printing_gives_the_source_back(text: str) -> None:
    assert printed(parse(text)) == text


def test_refusal_names_the_variables() -> None:
    ctx = context()
    ctx.address.local_part = "motd"
    with pytest.raises(TaintError) as failure:
        compile_text("${readfile{/etc/$local_part$domain}}")(ctx)
    assert failure.value.message == "Tainted filename '/etc/motd' (tainted by $local_part)"
