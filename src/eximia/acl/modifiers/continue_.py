"""`continue`: an expansion for its side effects (manual 44.21)."""

from __future__ import annotations

from eximia.acl.model import Handler
from eximia.acl.run import Run


def _obey(one: Run, text: str) -> bool:
    return True


CONTINUE = Handler("continue", _obey, modifier=True)
