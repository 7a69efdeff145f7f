"""`srs` of the redirect router: settings, the database, what goes wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from eximia.base.template import Template
from eximia.context import Address
from eximia.routers.redirect.srs import Way, begin, settings
from eximia.routers.result import Mode, RouterDefer, RouterFail
from support_policy import make_context


def options(**given: Any) -> Any:
    names = ("srs", "srs_alias", "srs_condition", "srs_dbinsert", "srs_dbselect")
    made: dict[str, Any] = dict.fromkeys(names)
    made.update({name: text if name == "srs" else Template(text) for name, text in given.items()})
    return SimpleNamespace(**made)


def context(sender: str = "alice@pass.ex", **main: Any) -> Any:
    ctx = make_context()
    ctx.message.sender_address = sender
    for name, value in main.items():
        object.__setattr__(ctx.process.main, name, Template(value) if name == "srs_secrets" else value)
    return ctx


def address(text: str) -> Address:
    made = Address(text)
    made.local_part_original, _, made.domain = text.rpartition("@")
    return made


def test_settings() -> None:
    found = settings(context(srs_secrets="one : two", srs_maxage=5, srs_hashlength=8))
    assert (found.secrets, found.max_age, found.hash_length, found.hash_min) == (("one", "two"), 5, 8, 8)
    found = settings(context(srs_secrets="other", srs_config="sec:7:9:false:true", srs_hashmin=3))
    assert (found.secrets, found.max_age, found.hash_length, found.hash_min) == (("sec",), 7, 9, 3)
    assert (found.use_timestamp, found.use_hash) == (False, True)
    assert settings(context(srs_secrets="s")).hash_length == 6
    assert settings(context(srs_secrets="s")).max_age == 31


@pytest.mark.parametrize(
    ("main", "what"),
    [
        ({}, "No secret specified"),
        ({"srs_config": "s:366"}, "Invalid maximum timestamp age"),
        ({"srs_config": "s:x"}, "Invalid maximum timestamp age"),
        ({"srs_secrets": "s", "srs_hashlength": 21}, "Invalid hash length"),
        ({"srs_secrets": "s", "srs_hashlength": 0}, "Invalid hash length"),
    ],
)
def test_wrong_settings(main: dict[str, Any], what: str) -> None:
    with pytest.raises(RouterDefer) as error:
        settings(context(**main))
    assert error.value.message == f"SRS Configuration Error: {what}"


def test_wrong_options() -> None:
    with pytest.raises(RouterDefer):
        Way(context(srs_secrets="s"), options(srs="backward"))
    with pytest.raises(RouterDefer):
        Way(context(srs_secrets="s"), options(srs="reverseandforward", srs_dbinsert="x"))


def test_forward() -> None:
    ctx = context(srs_secrets="s")
    way = Way(ctx, options(srs="forward"))
    made = way.sender(address("u@here.ex"), Mode.DELIVER)
    assert made.startswith("SRS0=")
    assert made.endswith("=pass.ex=alice@here.ex")
    assert ctx.message.variables["srs_orig_sender"] == "alice@pass.ex"
    assert way.sender(address("u@here.ex"), Mode.VERIFY_RECIPIENT) == ""
    assert Way(ctx, options(srs="reverse")).sender(address("u@here.ex"), Mode.DELIVER) == ""
    assert (
        Way(context(sender="", srs_secrets="s"), options(srs="forward")).sender(address("u@h.ex"), Mode.DELIVER) == ""
    )
    alias = Way(ctx, options(srs="forward", srs_alias="${lc:SRS.ex}")).sender(address("u@here.ex"), Mode.DELIVER)
    assert alias.endswith("@srs.ex")
    quoted = Way(context(sender='"a b"@pass.ex', srs_secrets="s"), options(srs="forward"))
    assert quoted.sender(address("u@here.ex"), Mode.DELIVER).endswith('=pass.ex=a b"@here.ex')
    assert begin(ctx, options(srs="forward", srs_condition="no")) is None
    assert begin(ctx, options(srs="forward", srs_condition="yes")) is not None


def test_reverse() -> None:
    ctx = context(srs_secrets="s")
    made = Way(ctx, options(srs="forward")).sender(address("u@here.ex"), Mode.DELIVER)
    way = Way(ctx, options(srs="reverse"))
    assert way.back(address("user@here.ex")) is False
    assert way.back(address(made))
    assert ctx.session.notes["srs_recipient"] == "alice@pass.ex"
    assert (ctx.message.variables["srs_orig_recipient"], ctx.message.variables["srs_status"]) == (made, "OK")
    with pytest.raises(RouterFail) as error:
        way.back(address(made.replace("alice", "mallory")))
    assert error.value.user_message == "Invalid SRS recipient address"


def test_database() -> None:
    ctx = context(srs_secrets="s")
    given = options(
        srs="reverseandforward",
        srs_dbinsert="${if eq{$srs_db_address}{alice@pass.ex}{stored}fail}",
        srs_dbselect="${if match{$srs_db_key}{^[0-9a-f]\\{16\\}\\$}{alice@pass.ex}}",
    )
    way = Way(ctx, given)
    made = way.sender(address("u@here.ex"), Mode.DELIVER)
    key = ctx.message.variables["srs_db_key"]
    assert len(key) == 16
    assert made.endswith(f"={key}@here.ex")
    assert way.back(address(made))
    assert ctx.session.notes["srs_recipient"] == "alice@pass.ex"
    with pytest.raises(RouterFail):
        way.back(address(made.replace(key, "0" * 16)))
    empty = options(srs="reverse", srs_dbselect="${if eq{a}{b}{x}}")
    with pytest.raises(RouterFail):
        Way(ctx, empty).back(address(made))
