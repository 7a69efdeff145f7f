"""Redirection lists beyond what the routing cases show: taint, nesting, forbidden things."""

import pytest

from eximia.base.text import Untainted
from eximia.context import Kind
from eximia.routers.redirect.lists import ListPolicy, RedirectDataError, Verdict, parse_list


def read(name: str) -> str:
    return {"/l/one": "a@x.test\n:include:/l/two\n", "/l/two": "# nothing\nb@x.test, \\\n"}.get(
        name, ":include:/l/loop"
    )


def test_included_lists_are_put_in_place() -> None:
    found = parse_list("first@x.test, :include:/l/one, last@x.test", ListPolicy(), read)
    assert [item.text for item in found.items][:3] == ["first@x.test", "a@x.test", "b@x.test"]
    assert found.items[-1].text == "last@x.test"


def test_a_list_that_includes_itself_ends() -> None:
    with pytest.raises(RedirectDataError, match="nested too deeply"):
        parse_list(":include:/l/loop", ListPolicy(), read)


def test_taint_goes_to_the_items() -> None:
    clean = parse_list(Untainted("/var/mail/x, |/bin/y"), ListPolicy(), read)
    assert all(type(item.text) is Untainted for item in clean.items)
    assert [item.kind for item in clean.items] == [Kind.FILE, Kind.PIPE]
    dirty = parse_list("/var/mail/x", ListPolicy(), read)
    assert type(dirty.items[0].text) is str


def test_items_that_say_nothing() -> None:
    found = parse_list("a@x.test, :unknown:, ; c@x.test, b@x.test", ListPolicy(), read)
    assert [item.text for item in found.items] == ["a@x.test", "b@x.test"]
    assert parse_list(":unknown:, ;", ListPolicy(), read).verdict is Verdict.NOTHING


def test_skipped_errors_are_kept_for_the_log() -> None:
    found = parse_list("bad@, ok@x.test", ListPolicy(skip_syntax_errors=True), read)
    assert [item.text for item in found.items] == ["ok@x.test"]
    assert found.errors == ['domain missing or malformed in "bad@"']


@pytest.mark.parametrize(
    "data, policy, message",
    [
        (":fail: no", ListPolicy(), '":fail: no" is not permitted'),
        (":defer:", ListPolicy(), '":defer:" is not permitted'),
        (":blackhole:", ListPolicy(forbid_blackhole=True), '":blackhole:" is not permitted'),
        (":include:/l/one", ListPolicy(forbid_include=True), "included files not permitted"),
        (
            ":include:/l/one",
            ListPolicy(include_directory="/m"),
            "included file /l/one is not in directory /m",
        ),
        (
            ":include:/mm/one",
            ListPolicy(include_directory="/m"),
            "included file /mm/one is not in directory /m",
        ),
    ],
)
def test_forbidden(data: str, policy: ListPolicy, message: str) -> None:
    with pytest.raises(RedirectDataError) as caught:
        parse_list(data, policy, read)
    assert caught.value.message == message
