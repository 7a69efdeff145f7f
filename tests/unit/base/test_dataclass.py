"""The quick dataclass behaves as the standard one wherever the program relies on it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from subprocess import run
from typing import Any, ClassVar

import pytest

from eximia.base import dataclass as quick


def _classes(module: Any) -> dict[str, Any]:
    """The same classes, made by the decorator of `module`."""

    @module.dataclass(slots=True)
    class Base:
        name: str
        kind: ClassVar[str] = "kind"
        words: list[str] = module.field(default_factory=list)
        size: int = module.field(default=0, compare=False)

        def double(self) -> str:
            return self.name * 2

    @module.dataclass(slots=True)
    class Derived(Base):
        size: int = 7
        more: str = "more"

    @module.dataclass(frozen=True, slots=True)
    class Value:
        left: str
        right: tuple[int, ...] = ()

    @module.dataclass
    class Open:
        name: str = "x"

    @module.dataclass(slots=True, eq=False)
    class Identity:
        name: str

    return {cls.__name__: cls for cls in (Base, Derived, Value, Open, Identity)}


QUICK, STANDARD = _classes(quick), _classes(dataclasses)


CASES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "positional": lambda cls: _shown(cls["Base"]("n", ["w"], 3)),
    "named": lambda cls: _shown(cls["Base"](size=3, name="n")),
    "fresh factory": lambda cls: cls["Base"]("a").words is cls["Base"]("a").words,
    "derived": lambda cls: _shown(cls["Derived"]("n")),
    "derived method": lambda cls: cls["Derived"]("n").double(),
    "class variable": lambda cls: cls["Derived"].kind,
    "equal": lambda cls: cls["Base"]("a", size=1) == cls["Base"]("a", size=2),
    "not equal": lambda cls: cls["Base"]("a") == cls["Base"]("b"),
    "other class": lambda cls: cls["Base"]("a") == cls["Derived"]("a"),
    "identity": lambda cls: cls["Identity"]("a") == cls["Identity"]("a"),
    "set of values": lambda cls: len({cls["Value"]("a"), cls["Value"]("a"), cls["Value"]("a", (1,))}),
    "hash of a mutable": lambda cls: hash(cls["Base"]("a")),
    "no such attribute": lambda cls: setattr(cls["Base"]("a"), "other", 1),
    "missing argument": lambda cls: cls["Base"](),
    "unknown argument": lambda cls: cls["Base"]("a", other=1),
    "open class": lambda cls: vars(cls["Open"]()),
    "match": lambda cls: cls["Value"].__match_args__,
}


def _shown(value: Any) -> str:
    return repr(value).rpartition(".")[2]


@pytest.mark.parametrize("name", CASES)
def test_as_the_standard_one(name: str) -> None:
    answers = []
    for classes in (STANDARD, QUICK):
        try:
            answers.append(CASES[name](classes))
        except (TypeError, AttributeError) as error:
            answers.append(type(error))
    assert answers[0] == answers[1]


def test_replace_and_fields() -> None:
    value = QUICK["Value"]("a", (1,))
    assert quick.replace(value, left="b") == QUICK["Value"]("b", (1,))
    assert [one.name for one in quick.fields(value)] == ["left", "right"]
    assert quick.is_dataclass(value)
    assert not quick.is_dataclass("a")


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, eximia.base.dataclass; sys.exit('inspect' in sys.modules or 'dataclasses' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0
