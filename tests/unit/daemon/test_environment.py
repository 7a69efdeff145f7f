"""`keep_environment` and `add_environment` (manual 14)."""

from __future__ import annotations

import pytest

from eximia.base.template import Template
from eximia.config.main import MainOptions
from eximia.daemon.environment import cleaned, must_warn

ENVIRON = {"a": "1", "ab": "2", "FOO": "3", "xFO": "4", "A": "5"}


@pytest.mark.parametrize(
    ("keep", "names"),
    [
        (None, ""),
        ("", ""),
        ("a : ^FO", "FOO a"),
        ("!a : *", "A FOO ab xFO"),
        ("*o", "FOO xFO"),
        ("!a", "A FOO ab xFO"),
    ],
)
def test_what_is_kept(keep: str | None, names: str) -> None:
    main = MainOptions(keep_environment=None if keep is None else Template(keep))
    assert sorted(cleaned(main, ENVIRON)) == names.split()
    assert must_warn(main, ENVIRON) == (keep is None)


def test_what_is_added() -> None:
    main = MainOptions(add_environment=Template("<; X=3 ; nonsense ; Y=a:b"))
    assert cleaned(main, {}) == {"X": "3", "Y": "a:b"}
    assert not must_warn(main, {})
