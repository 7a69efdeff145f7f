"""The catalogue of variables and what their files have are the same; every one can be read when nothing is set."""

from __future__ import annotations

from importlib import import_module

import pytest

from eximia.expand.variables.catalogue import OLD_NAMES, VARIABLES, find
from expand.world import context


def test_catalogue_lists_what_the_files_have() -> None:
    for group in set(VARIABLES.values()):
        here = {name for name, where in VARIABLES.items() if where == group and name not in OLD_NAMES}
        assert here == set(import_module(f"eximia.expand.variables.{group}").VARIABLES), group


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_variable_can_be_read_without_message(name: str) -> None:
    run = find(name)
    assert run is not None
    assert isinstance(run(context(now=1_000_000_000.0)), str)
