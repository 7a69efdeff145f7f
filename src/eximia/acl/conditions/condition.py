"""`condition`: any test that an expansion can make (manual 44.26)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.run import Run
from eximia.base.errors import Defer

_FALSE = frozenset({"", "no", "false"})
_TRUE = frozenset({"yes", "true"})


def _check(one: Run, text: str) -> bool:
    """Empty, zero, no, false: false. A number, yes, true: true. Anything else cannot be decided."""
    text = text.strip()
    number = text[1:] if text[:1] == "-" else text
    if number.isascii() and number.isdigit():
        return int(number) != 0
    lower = text.lower()
    if lower in _FALSE:
        return False
    if lower in _TRUE:
        return True
    raise Defer(f'invalid "condition" value "{text}"')


CONDITION = Handler("condition", _check)
