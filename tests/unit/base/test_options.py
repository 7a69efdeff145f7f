"""Options are declared once; the declaration is found again from the class, with what it inherits."""

from __future__ import annotations

import pytest

from eximia.base.options import Declaration, Kind, OptionSet, declarations, option


class Common(OptionSet):
    driver: str | None = option(Kind.STRING, "The code to use.")


class Special(Common):
    port: int = option(Kind.INTEGER, "The port.", default=25, old_names=("service",))
    from_: str | None = option(Kind.EXPAND, "The sender.", name="from")
    limit: int | None = option(Kind.INTEGER, "A limit of ours.", own=True)


def test_declarations_come_with_the_inherited_ones() -> None:
    found: dict[str, Declaration] = dict(declarations(Special))
    assert list(found) == ["driver", "port", "from", "limit"]
    assert found["port"].kind is Kind.INTEGER
    assert found["from"].field == "from_"
    assert found["limit"].own
    assert Special.renamed == {"service": "port"}


def test_defaults_are_the_declared_ones() -> None:
    special = Special()
    assert special.port == 25
    assert special.driver is None
    assert special.replace(port=26).port == 26
    assert special == Special(port=25)


def test_instances_are_read_only_and_know_their_names() -> None:
    with pytest.raises(AttributeError):
        Special().port = 1
    with pytest.raises(TypeError):
        Special(prot=1)
