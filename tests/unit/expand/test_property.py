"""No string makes the language raise anything but its own errors."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from eximia.base.errors import ExpansionError
from eximia.expand.conditions.catalogue import CONDITIONS
from eximia.expand.items.catalogue import ITEMS
from eximia.expand.operators.catalogue import OPERATORS
from eximia.expand.parser import parse
from eximia.expand.questions import printed, problems, variables
from expand.world import context

_QUIET = {"run", "readsocket", "dlfunc", "perl"}
_PIECES = st.one_of(
    st.sampled_from(["{", "}", "${", "$", "\\", ":", "$h_", "\\N", "_1", "fail", " ", "!", "${if ", "{<", "$item"]),
    st.sampled_from([f"${{{name}" for name in ITEMS if name not in _QUIET]),
    st.sampled_from([f"${{{name}:" for name in OPERATORS]),
    st.sampled_from([f"{name}{{" for name in CONDITIONS if name not in ("saslauthd", "pwcheck", "radius", "pam")]),
    st.text(st.characters(max_codepoint=255), max_size=6),
    st.integers(-(2**70), 2**70).map(str),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=14).map("".join))
def test_only_expansion_errors(text: str) -> None:
    node = parse(text)
    assert printed(node) == text
    problems(text)
    variables(text)
    with suppress(ExpansionError):
        assert isinstance(node.compile()(context(now=1e9)), str)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["${lc:", "${if eq{a}{", "${map{a}{", "${if and{{", "{", "${extract{a}{", "${eval:("]),
    st.integers(50, 3000),
)
def test_nesting_does_not_exhaust_the_stack(opening: str, depth: int) -> None:
    with suppress(ExpansionError):
        parse(opening * depth).compile()(context(now=1e9))
