"""Declarations are found again, inherited ones included."""

from dataclasses import dataclass

from eximia.base.options import Kind, declarations, option


@dataclass(frozen=True, slots=True)
class Generic:
    driver: str = option(Kind.STRING, "which driver", default="")


@dataclass(frozen=True, slots=True)
class Special(Generic):
    batch_max: int = option(Kind.INTEGER, "how many", default=1, old_names=("max_batch",))


def test_declarations_come_with_the_inherited_ones() -> None:
    found = dict(declarations(Special))
    assert list(found) == ["driver", "batch_max"]
    assert found["batch_max"].default == Special().batch_max == 1
