"""Filters that run as their users: what crosses the process boundary, and what is forbidden without it."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from eximia.base.text import Untainted, is_tainted
from eximia.context import Address, FilterDelivery, FilterResult, Kind, Reply
from eximia.filters.log_job import run as write_log
from eximia.filters.service import Filters
from eximia.routers.redirect.filtering import packed, run_filter, unpacked


def test_result_survives_packing():
    result = FilterResult(
        "delivered",
        [
            FilterDelivery(Kind.FILE, Untainted("/a/b"), mode=0o640),
            FilterDelivery(Kind.PIPE, "|cmd", ignore_error=True, variables=("x", "y\xff")),
            FilterDelivery(Kind.REPLY, "a@b", reply=Reply(to="a@b", once_file=Untainted("/once"), once_repeat=60)),
        ],
        log_lines=[("/log", "line\n", 0o600)],
        numbers=[1, 2],
    )
    again = unpacked(packed(result))
    assert again == result
    assert [is_tainted(delivery.text) for delivery in again.deliveries] == [False, True, True]
    assert again.deliveries[2].reply is not None
    assert not is_tainted(again.deliveries[2].reply.once_file)


@pytest.mark.parametrize(
    ("uid", "answer", "confined"),
    [(os.geteuid(), None, [False]), (os.geteuid() + 1, None, [True]), (os.geteuid() + 1, "packed", [])],
)
def test_who_runs_it(uid: int, answer: str | None, confined: list[bool]):
    calls: list[bool] = []

    def run(ctx: Any, text: str, kind: str, **options: Any) -> FilterResult:
        calls.append(options["confined"])
        return FilterResult()

    def as_user(*_: Any, **__: Any) -> str | None:
        return None if answer is None else packed(FilterResult("delivered"))

    process = SimpleNamespace(
        main=SimpleNamespace(deliver_drop_privilege=False),
        services=SimpleNamespace(filters=SimpleNamespace(run=run)),
        ports=SimpleNamespace(as_user=as_user),
    )
    address = Address("joe@x.test")
    address.uid = address.gid = uid
    message = SimpleNamespace(acting=None)
    result = run_filter(
        SimpleNamespace(process=process, message=message), SimpleNamespace(), address, "", "exim", "x.test"
    )
    assert calls == confined
    assert result.verdict == ("ok" if confined else "delivered")


def test_confined_filter_opens_nothing_but_files(monkeypatch: pytest.MonkeyPatch):
    seen: list[Any] = []
    monkeypatch.setattr("eximia.filters.service.interpret", lambda ctx, text, limits: seen.append(limits))
    for confined in (False, True):
        Filters().run(SimpleNamespace(), "", "exim", options=SimpleNamespace(), confined=confined)
    assert not seen[0].forbidden
    assert seen[1].forbidden == {"run", "readsocket", "perl", "dlfunc"}


def test_log_lines(tmp_path):
    path = str(tmp_path / "log")
    assert write_log({"lines": [[path, "one\n", 0o600], [path, "two\n", 0o600]]}) == {}
    assert (tmp_path / "log").read_text() == "one\ntwo\n"
    answer = write_log({"lines": [[f"{path}/x", "one\n", 0o600]]})
    assert answer["error"].startswith(f'failed to open filter log file "{path}/x": ')
