"""Regular expressions."""

import pytest

from eximia.base.errors import ExpansionError
from eximia.lists.regex import Regexes


def test_groups_and_positions_are_of_bytes():
    found = Regexes().search("(\xc3\xa9)(x)?(y)", "a\xc3\xa9y")
    assert (found.start(), found.end(), found.group(1), found.group(2), found.groups) == (1, 4, "\xc3\xa9", "", 3)
    assert found.start(2) == -1
    assert found.captures() == ("\xc3\xa9", "", "y")
    assert Regexes().search("^(a)(b)?$", "a").captures() == ("a",)


def test_case_and_start():
    regexes = Regexes()
    assert regexes.search("^ABC", "abc") is None
    assert regexes.search("^ABC", "abc", caseless=True)
    assert regexes.search("b", "abcb", start=2).start() == 3


def test_error_text():
    with pytest.raises(ExpansionError) as caught:
        Regexes().search("^(a", "a")
    assert caught.value.message == 'regular expression error in "^(a": missing closing parenthesis at offset 3'


def test_catastrophic_pattern_ends_in_a_failure():
    with pytest.raises(ExpansionError, match="could not be matched"):
        Regexes().search("^(a+)+[bc]$", "a" * 60)


def test_long_subject_needs_no_stack():
    assert Regexes().search("^((a)|b)+$", "ab" * 30000)
